/**
 * Real load balancers in front of replicas, with the configuration that docs/deployment.md shows: only names and ports are
 * put in.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../engines/redis-server.ts'

const DEPLOY = new URL('../../deploy/', import.meta.url)
const START_LIMIT_MS = 10_000

export type BalancerKind = 'nginx' | 'haproxy'
export const BALANCERS: readonly BalancerKind[] = ['nginx', 'haproxy']

const FILES: Readonly<Record<BalancerKind, string>> = { nginx: 'nginx.conf', haproxy: 'haproxy.cfg' }

export interface Balancer {
  readonly origin: string
  readonly url: string
  close(): Promise<void>
}

/**
 * @param replicas the URLs of three replicas.
 * @param change another configuration, made of the one that is shown.
 */
export async function startBalancer(
  kind: BalancerKind,
  replicas: readonly string[],
  change: (configuration: string) => string = (same) => same,
): Promise<Balancer> {
  const folder = await mkdtemp(join(tmpdir(), `fairlead-${kind}-`))
  // nginx gives up its rights, and its workers have to get in.
  await chmod(folder, 0o777)
  const port = await freePort()
  const shown = await readFile(new URL(FILES[kind], DEPLOY), 'utf8')
  const file = join(folder, FILES[kind])
  await writeFile(file, placed(kind, change(shown), replicas, port, folder))
  const child = spawn(...command(kind, file, folder), { stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout!, child.stderr!]) stream.on('data', (chunk) => (output += chunk))
  const until = Date.now() + START_LIMIT_MS
  const origin = `http://127.0.0.1:${port}`
  while (
    !(await fetch(`${origin}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (child.exitCode !== null || Date.now() > until) throw new Error(`${kind} did not start:\n${output}`)
    await sleep(50)
  }
  return {
    origin,
    url: `${origin}/mcp`,
    async close() {
      await end(child)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

function placed(kind: BalancerKind, shown: string, replicas: readonly string[], port: number, folder: string): string {
  const own = replicas.reduce(
    (text, url, at) => text.replaceAll(`replica-${at + 1}:8000`, new URL(url).host.replace('localhost', '127.0.0.1')),
    shown,
  )
  if (kind === 'haproxy') return own.replace('bind :80', `bind 127.0.0.1:${port}`)
  const folders = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${folder}/${name};`,
  )
  return own
    .replace('listen 80;', `listen 127.0.0.1:${port};`)
    .replace('http {', `http {\n${folders.join('\n')}\naccess_log off;`)
}

function command(kind: BalancerKind, file: string, folder: string): [string, string[]] {
  if (kind === 'haproxy') return ['haproxy', ['-db', '-f', file]]
  return ['nginx', ['-e', 'stderr', '-p', folder, '-c', file, '-g', `daemon off; pid ${folder}/pid;`]]
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 2_000)
  await exit
  clearTimeout(timer)
}
