/**
 * Runs every example as its first line says. An example with a `check.mjs` checks itself; one with a server and a client
 * is served on a free port and its client must succeed. Ends with the line `N passed, N failed`.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { ROOT, run } from './run.mjs'

let passed = 0
let failed = 0
const folders = (await readdir(`${ROOT}examples`, { withFileTypes: true })).filter((entry) => entry.isDirectory())
for (const { name } of folders) {
  const folder = `examples/${name}`
  console.log(`${folder}`)
  const ok = existsSync(`${ROOT}${folder}/check.mjs`) ? await succeeds(`${folder}/check.mjs`) : await pair(folder)
  console.log(ok ? `ok    ${folder}` : `FAIL  ${folder}`)
  if (ok) passed++
  else failed++
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

async function succeeds(file, ...args) {
  return (await run(process.execPath, [file, ...args])).code === 0
}

/** The server has to print its URL, and to end with 0 when it is told to. */
async function pair(folder) {
  const server = spawn(process.execPath, [`${folder}/server.mjs`], {
    cwd: ROOT,
    env: { ...process.env, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = once(server, 'exit')
  const url = await new Promise((resolve) => {
    let text = ''
    server.stdout.on('data', (chunk) => {
      text += chunk
      const found = /https?:\/\/\S+/.exec(text)
      if (found && text.includes('\n')) resolve(found[0])
    })
    ended.then(() => resolve(undefined))
  })
  if (url === undefined) return false
  const answered = await succeeds(`${folder}/client.mjs`, url)
  server.kill('SIGTERM')
  const [code] = await ended
  return answered && code === 0
}
