/** Real load balancers before real replicas: nginx and HAProxy from the PATH, each with a configuration of the test's. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { freePort, RedisServer } from '../engines/redis-server.ts'
import { fixture, type Running, startFairlead } from './support.ts'

export const SECRET = 'a secret that the replicas share here'

const ending: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const end of ending.splice(0).reverse()) await end()
})

/** A Redis server that ends with the test file. */
export async function redis(): Promise<RedisServer> {
  const server = await RedisServer.start()
  ending.push(() => server.remove())
  return server
}

export interface ReplicaOptions {
  readonly engine?: string
  readonly secret?: string
}

/** One replica: `fairlead run`, as users start it. */
export async function replica({ engine, secret }: ReplicaOptions): Promise<Running & { port: number }> {
  const env = {
    PORT: '0',
    ...(engine !== undefined && { FAIRLEAD_ENGINE: engine }),
    ...(secret !== undefined && { FAIRLEAD_SECRET: secret }),
  }
  const running = startFairlead(['run', fixture('harbour.mjs')], { env })
  const [url] = await running.saw(/http:\/\/\S+/)
  return { ...running, port: Number(new URL(url).port) }
}

export function replicas(count: number, options: ReplicaOptions): Promise<(Running & { port: number })[]> {
  return Promise.all(Array.from({ length: count }, () => replica(options)))
}

/** Starts nginx before these ports. `location` are lines of the location of the endpoint. */
export async function nginx(ports: readonly number[], location: readonly string[] = []): Promise<string> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-nginx-'))
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  const lines = [
    'daemon off;',
    'worker_processes 1;',
    `pid ${folder}/pid;`,
    'events { worker_connections 256; }',
    'http {',
    '  access_log off;',
    ...temporary.map((name) => `  ${name}_temp_path ${folder}/${name};`),
    '  upstream replicas {',
    ...ports.map((one) => `    server 127.0.0.1:${one} max_fails=0;`),
    '  }',
    '  server {',
    `    listen 127.0.0.1:${port};`,
    '    location / {',
    '      proxy_pass http://replicas;',
    '      proxy_set_header Host $host;',
    ...location.map((line) => `      ${line}`),
    '    }',
    '  }',
    '}',
  ]
  return run('nginx', folder, lines, port, (file) => ['-e', `${folder}/error.log`, '-p', folder, '-c', file])
}

/** Starts HAProxy before these ports, in turn. `proxy` are lines of the one section that listens. */
export async function haproxy(ports: readonly number[], proxy: readonly string[] = []): Promise<string> {
  const port = await freePort()
  const folder = mkdtempSync(join(tmpdir(), 'fairlead-haproxy-'))
  const lines = [
    'defaults',
    '  mode http',
    '  timeout connect 5s',
    '  timeout client 1h',
    '  timeout server 1h',
    'listen replicas',
    `  bind 127.0.0.1:${port}`,
    '  balance roundrobin',
    ...proxy.map((line) => `  ${line}`),
    ...ports.map((one, at) => `  server r${at} 127.0.0.1:${one}`),
  ]
  return run('haproxy', folder, lines, port, (file) => ['-db', '-f', file])
}

async function run(
  program: string,
  folder: string,
  lines: readonly string[],
  port: number,
  args: (file: string) => string[],
): Promise<string> {
  const file = join(folder, `${program}.conf`)
  writeFileSync(file, `${lines.join('\n')}\n`)
  const child = spawn(program, args(file), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk))
  ending.push(async () => {
    await end(child)
    rmSync(folder, { recursive: true, force: true })
  })
  const limit = Date.now() + 20_000
  while (!(await listens(port))) {
    if (child.exitCode !== null || Date.now() > limit) throw new Error(`${program} did not start.\n${output}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return `http://127.0.0.1:${port}/mcp`
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  await exit
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => resolve(true))
    socket.on('error', () => resolve(false))
    socket.on('connect', () => socket.destroy())
  })
}
