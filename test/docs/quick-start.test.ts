import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { blocksOf, ROOT } from './blocks.ts'

const folder = mkdtempSync(join(tmpdir(), 'fairlead-quick-start-'))
const started: ChildProcess[] = []
afterEach(() => {
  for (const { pid } of started) {
    try {
      // A shell, npm and the server: all of the group.
      process.kill(-pid!, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
  rmSync(folder, { recursive: true, force: true })
})

interface Terminal {
  readonly output: () => string
  readonly exit: Promise<number | null>
  readonly signal: (signal: NodeJS.Signals) => void
}

function terminal(command: string, cwd: string, env: Record<string, string> = {}): Terminal {
  // Whatever npm set for the tests themselves is not there in a user's terminal.
  const inherited = Object.entries(process.env).filter(([name]) => !/^(npm_|VITEST|NODE_)/.test(name))
  const child = spawn('sh', ['-c', command], {
    cwd,
    env: { ...Object.fromEntries(inherited), npm_config_prefer_offline: 'true', ...env },
    detached: true,
  })
  started.push(child)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk
    })
  }
  return {
    output: () => output,
    exit: once(child, 'exit').then(([code]) => code as number | null),
    signal: (signal) => void process.kill(-child.pid!, signal),
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise((resolve) => server.close(resolve))
  return port
}

test('the two commands of the README work word for word in a fresh clone', { timeout: 300_000 }, async () => {
  const [first, second] = blocksOf('README.md').filter(({ language }) => language === 'sh')
  expect(first!.code).toBe('npm ci && npm start')
  expect(second!.code).toBe('npx fairlead walk http://localhost:8000/mcp')
  const clone = terminal(`git clone --quiet --depth 1 "file://${ROOT}" clone`, folder)
  expect([await clone.exit, clone.output()]).toEqual([0, ''])

  // All but the port: 8000 may be taken where the tests run.
  const port = await freePort()
  const cwd = join(folder, 'clone')
  const server = terminal(first!.code, cwd, { PORT: String(port) })
  const ended = server.exit.then((code) => `ended with ${code}`)
  const listening = expect.poll(server.output, { timeout: 240_000 }).toMatch(/listens on http:\/\/localhost:\d+\/mcp/)
  expect([await Promise.race([listening.then(() => 'listens'), ended]), server.output()]).toEqual([
    'listens',
    server.output(),
  ])

  const walk = terminal(second!.code.replace('8000', String(port)), cwd, { NO_COLOR: '1' })
  expect([await walk.exit, walk.output()]).toEqual([0, walk.output()])
  for (const phase of ['1  Initialization', '2  Operation', '3  Shutdown', 'The whole lifecycle was walked']) {
    expect(walk.output()).toContain(phase)
  }
  expect(walk.output()).toContain('get_forecast')

  server.signal('SIGINT')
  await server.exit
})
