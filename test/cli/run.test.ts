import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createClient } from '../../src/testing/client/index.ts'
import { fairlead, project, startFairlead } from './support.ts'

const SERVER = `
import { createServer } from 'fairlead'
const server = createServer({ name: 'mine', version: '1.0.0' })
server.tool('hello', {}, () => 'hello')
export default server
`

/** A folder with these files in it. */
function projectWith(files: Readonly<Record<string, string>>): string {
  const folder = project()
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  return folder
}

async function nameServedAt(url: string): Promise<string> {
  const client = createClient(url)
  const { server } = await client.connect()
  await client.close()
  return server.name
}

describe('run', () => {
  test('serves the default export, on PORT and HOST, until SIGTERM; then the exit code is 0', async () => {
    const cwd = projectWith({ 'server.mjs': SERVER })
    const running = startFairlead(['run', 'server.mjs'], { cwd, env: { PORT: '0', HOST: 'localhost' } })
    const [, url = ''] = await running.saw(/^Serving server\.mjs on (\S+)$/m)
    expect(await nameServedAt(url)).toBe('mine')
    running.child.kill('SIGTERM')
    expect((await running.finished).code).toBe(0)
  })

  test('lets everybody in on an address that others can reach only when it is told to', async () => {
    const cwd = projectWith({ 'server.mjs': SERVER })
    const env = { PORT: '0', HOST: '0.0.0.0' }
    const { code, err } = await startFairlead(['run', 'server.mjs'], { cwd, env }).finished
    expect([code, err]).toEqual([2, expect.stringContaining('--open')])
    const running = startFairlead(['run', 'server.mjs', '--open'], { cwd, env })
    const [, url = ''] = await running.saw(/^Serving server\.mjs on (\S+)$/m)
    expect(await nameServedAt(url)).toBe('mine')
  })

  test('takes flags before the environment', async () => {
    const cwd = projectWith({ 'server.mjs': SERVER })
    const running = startFairlead(['run', 'server.mjs', '--port', '0', '--path', '/here'], { cwd, env: { PORT: 'x' } })
    const [url] = await running.saw(/http:\/\/\S+/)
    expect(new URL(url).pathname).toBe('/here')
    expect(await nameServedAt(url)).toBe('mine')
  })

  test('with FAIRLEAD_SECRET sessions survive a restart', async () => {
    const cwd = projectWith({ 'server.mjs': SERVER })
    const env = { PORT: '0', FAIRLEAD_SECRET: `${'n'.repeat(32)},${'o'.repeat(32)}` }
    const first = startFairlead(['run', 'server.mjs'], { cwd, env })
    const [url] = await first.saw(/http:\/\/\S+/)
    const client = createClient(url)
    await client.connect()
    first.child.kill('SIGTERM')
    await first.finished
    const second = startFairlead(['run', 'server.mjs', '--port', new URL(url).port], { cwd, env })
    await second.saw(/Serving/)
    expect(await client.request('tools/call', { name: 'hello' })).toMatchObject({ content: [{ text: 'hello' }] })
    await client.close()
  })

  test('runs a CommonJS file', async () => {
    const text = SERVER.replace(
      "import { createServer } from 'fairlead'",
      "const { createServer } = require('fairlead')",
    )
    const cwd = projectWith({ 'server.cjs': text.replace('export default server', 'module.exports = server') })
    const running = startFairlead(['run', 'server.cjs', '--port', '0'], { cwd })
    const [url] = await running.saw(/http:\/\/\S+/)
    expect(await nameServedAt(url)).toBe('mine')
  })

  test('runs TypeScript where Node does, and says what to install where it does not', async () => {
    const cwd = projectWith({
      'package.json': '{ "type": "module" }',
      'server.ts': SERVER.replace('const server =', 'const server: object ='),
    })
    const running = startFairlead(['run', 'server.ts', '--port', '0'], { cwd })
    if (Reflect.get(process.features, 'typescript')) {
      const [url] = await running.saw(/http:\/\/\S+/)
      expect(await nameServedAt(url)).toBe('mine')
    } else {
      const { code, err } = await running.finished
      expect(code).toBe(1)
      expect(err).toContain('Install tsx (npm install --save-dev tsx), or use Node 22.18 or newer.')
    }
  })

  test.each([
    [
      'export const server = 1',
      2,
      /server\.mjs does not export a server by default\. End it with "export default server"/,
    ],
    ['export default { tool: 1 }', 2, /does not export a server by default/],
    ["import 'nowhere'", 1, /could not be loaded\. Error: Cannot find package 'nowhere'/],
    ['function f() {\n  throw new TypeError("boom")\n}\nf()', 1, /TypeError: boom\n {4}at server\.mjs:2:9\n/],
    ['const x = ;', 1, /server\.mjs:1\nconst x = ;\n {10}\^\n\n\[?SyntaxError: Unexpected token/],
    ['setInterval(() => {}, 1000)', 2, /does not export a server by default/],
  ])('%j fails with a sentence and the place', async (text, exitCode, sentence) => {
    const cwd = projectWith({ 'server.mjs': text })
    const { code, err } = await fairlead(['run', 'server.mjs', '--port', '0'], { cwd })
    expect(code).toBe(exitCode)
    expect(err).toMatch(sentence)
    expect(err).not.toMatch(/at .*node:internal/)
  })

  test('a port that is taken, a bad port and a short secret are sentences', async () => {
    const cwd = projectWith({ 'server.mjs': SERVER })
    const running = startFairlead(['run', 'server.mjs', '--port', '0'], { cwd })
    const [url] = await running.saw(/http:\/\/\S+/)
    const taken = await fairlead(['run', 'server.mjs', '--port', new URL(url).port], { cwd })
    expect(taken).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^fairlead: Port \d+ on 127\.0\.0\.1 is in use/),
    })
    const bad = await fairlead(['run', 'server.mjs', '--port', '99999'], { cwd })
    expect(bad).toMatchObject({ code: 2, err: 'fairlead: A port is a number from 0 to 65535, not "99999".\n' })
    const short = await fairlead(['run', 'server.mjs', '--port', '0'], { cwd, env: { FAIRLEAD_SECRET: 'short' } })
    expect(short).toMatchObject({ code: 1, err: expect.stringMatching(/^fairlead: .*at least 32 random ones/) })
  })
})
