/**
 * Three processes of the everything server on one Redis, behind a forwarder that sends every request to another one than
 * the request before.
 *
 * @module
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEverything } from '../everything/start.mjs'
import { roundRobin } from '../round-robin.mjs'

const REPLICAS = 3
const START_LIMIT_MS = 10_000

/** @returns {Promise<{ url: string, close(): Promise<void> }>} */
export async function startReplicas() {
  const redis = await startRedis()
  const env = { FAIRLEAD_ENGINE: redis.url, FAIRLEAD_SECRET: 'one secret for all three of the replicas' }
  const servers = await Promise.all(Array.from({ length: REPLICAS }, () => startEverything('node', env)))
  const forwarder = await roundRobin(() => servers.map(({ url }) => new URL(url).port))
  return {
    url: forwarder.url,
    async close() {
      forwarder.close()
      // A replica that is told to leave waits until a balancer would have noticed; here nobody has to.
      await Promise.all(servers.map((server) => server.kill('SIGKILL')))
      await redis.close()
    },
  }
}

async function startRedis() {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-conformance-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no']
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('redis-server did not start in time.')), START_LIMIT_MS)
    const fail = (why) => reject(new Error(`The replicas need redis-server on the PATH (Debian: redis-server). ${why}`))
    child.once('error', (error) => fail(error.message))
    child.once('exit', (code) => fail(`It ended with ${code}.`))
    child.stdout.on('data', (chunk) => {
      if (!String(chunk).includes('Ready to accept connections')) return
      clearTimeout(timer)
      resolve()
    })
  })
  return {
    url: `redis://127.0.0.1:${port}`,
    async close() {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function freePort() {
  const server = createTcpServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}
