/** A Redis of the benchmark's own, on a free port, that keeps nothing on disk. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { pinnedCommand } from './pinning.mjs'

const START_LIMIT_MS = 10_000

/** @returns { url, size(), commands(), memory(), stop() } */
export async function startRedis() {
  const port = await freePort()
  const [command, args] = pinnedCommand('redis-server', ['--port', String(port), '--save', '', '--appendonly', 'no'])
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  const kill = () => child.kill('SIGKILL')
  process.on('exit', kill)
  await ready(child)
  // Not before the peers are installed.
  const { createClient } = await import('redis')
  const client = await createClient({ url: `redis://127.0.0.1:${port}` }).connect()
  const info = async (section, name) => Number(new RegExp(`^${name}:(\\d+)`, 'm').exec(await client.info(section))[1])
  return {
    url: `redis://127.0.0.1:${port}`,
    /** How many keys there are. */
    size: () => client.dbSize(),
    /** How many commands were handled so far, scripts and what they call included. */
    commands: () => info('stats', 'total_commands_processed'),
    /** Bytes of data. */
    memory: () => info('memory', 'used_memory'),
    async stop() {
      client.destroy()
      kill()
      process.off('exit', kill)
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    },
  }
}

function ready(child) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('redis-server did not start in time')), START_LIMIT_MS)
    child.stdout.on('data', (chunk) => {
      if (!String(chunk).includes('Ready to accept connections')) return
      clearTimeout(timer)
      resolve()
    })
    child.once('error', () =>
      reject(new Error('redis-server is missing: install it (Debian: apt install redis-server)')),
    )
    child.once('exit', (code) => reject(new Error(`redis-server ended with ${code}`)))
  })
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
