// The processes of the demo. Each is ended by its id, whatever happens.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const PATIENCE_MS = 15_000

/** Where the processes keep their files. */
export const folder = mkdtempSync(join(tmpdir(), 'fairlead-demo-'))

const children = new Set()

/**
 * Starts a program; what it says is kept for the case that it fails.
 *
 * @param end the signal that ends it with all that it has started
 */
export function start(command, args, { env = {}, end = 'SIGKILL' } = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] })
  const running = {
    child,
    command,
    end,
    output: '',
    ended: once(child, 'close').then(([code, signal]) => code ?? signal),
  }
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (running.output += text))
  children.add(running)
  running.ended.then(() => children.delete(running))
  return running
}

/** Waits until a program that was started takes connections. */
export async function listening(running, port) {
  for (const limit = Date.now() + PATIENCE_MS; !(await takesConnections(port)); await sleep(30)) {
    if (running.child.exitCode === null && Date.now() < limit) continue
    throw new Error(`${running.command} did not start.\n${running.output}`)
  }
}

/** Ends everything that is left, and takes its files away. */
export async function endAll() {
  const left = [...children]
  for (const { child, end } of left) child.kill(end)
  await Promise.all(left.map(({ ended }) => ended))
  rmSync(folder, { recursive: true, force: true })
}

export function isInstalled(command) {
  return spawnSync(command, ['-v'], { stdio: 'ignore' }).error === undefined
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

function takesConnections(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('error', () => resolve(false))
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
