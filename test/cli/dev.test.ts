import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createClient } from '../../src/testing/client/index.ts'
import { project, startFairlead } from './support.ts'

const SERVER = `
import { createServer } from 'fairlead'
import { word } from './lib/word.mjs'
const server = createServer({ name: 'mine', version: '1.0.0' })
server.tool('word', {}, () => word)
export default server
`

function makeProject(): { cwd: string; write: (word: string) => void } {
  const cwd = project()
  mkdirSync(join(cwd, 'lib'))
  writeFileSync(join(cwd, 'package.json'), '{}')
  writeFileSync(join(cwd, 'server.mjs'), SERVER)
  const write = (word: string): void => writeFileSync(join(cwd, 'lib/word.mjs'), `export const word = ${word}\n`)
  write("'one'")
  return { cwd, write }
}

test('dev serves the new code after a change, in the same session, and outlives code that does not load', async () => {
  const { cwd, write } = makeProject()
  const dev = startFairlead(['dev', 'server.mjs', '--port', '0'], { cwd })
  const [url] = await dev.saw(/http:\/\/\S+/)
  const client = createClient(url)
  await client.connect()
  const word = async (): Promise<unknown> => {
    const { content } = await client.request('tools/call', { name: 'word' })
    return (content as { text: string }[])[0]?.text
  }
  expect(await word()).toBe('one')

  write("'two'")
  await dev.saw(/Serving/, 2)
  expect(await word()).toBe('two')

  write('oops(')
  await dev.saw(/lib\/word\.mjs:\d\n/)
  await dev.saw(/The server stopped\. Waiting for a change\./)

  write("'three'")
  await dev.saw(/Serving/, 3)
  expect(await word()).toBe('three')
  await client.close()

  dev.child.kill('SIGINT')
  expect((await dev.finished).code).toBe(0)
  // The server itself is gone as well.
  await expect(fetch(url)).rejects.toThrow()
})

test('dev keeps its secret in a file that only its owner can read', async () => {
  const { cwd } = makeProject()
  const start = async (): Promise<string> => {
    const dev = startFairlead(['dev', 'server.mjs', '--port', '0'], { cwd })
    await dev.saw(/Serving/)
    dev.child.kill('SIGTERM')
    await dev.finished
    return readFileSync(join(cwd, '.fairlead/dev-secret'), 'utf8')
  }
  const first = await start()
  expect(first).toMatch(/^[\w-]{43}\n$/)
  expect(statSync(join(cwd, '.fairlead/dev-secret')).mode & 0o777).toBe(0o600)
  expect(await start()).toBe(first)
})

test('dev restarts for source files only: not for data, not for node_modules', async () => {
  const { cwd, write } = makeProject()
  mkdirSync(join(cwd, 'coverage'))
  const dev = startFairlead(['dev', 'server.mjs', '--port', '0'], { cwd })
  await dev.saw(/Serving/)
  writeFileSync(join(cwd, 'data.sqlite'), 'x')
  writeFileSync(join(cwd, '.hidden.mjs'), 'x')
  writeFileSync(join(cwd, 'coverage/x.js'), 'x')
  await new Promise((resolve) => setTimeout(resolve, 600))
  expect(dev.text()).not.toContain('changed')
  write("'two'")
  await dev.saw(/lib\/word\.mjs changed: starting again/)
})
