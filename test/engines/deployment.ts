/**
 * What an engine is pointed at: one server or a cluster of three, each behind a proxy that can break its connections.
 *
 * @module
 */
import { execFile } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { FaultProxy } from './fault-proxy.ts'
import { freePort, RedisServer } from './redis-server.ts'

const run = promisify(execFile)

export type DeploymentKind = 'single' | 'cluster'

export class Deployment {
  readonly kind: DeploymentKind
  readonly servers: readonly RedisServer[]
  readonly proxies: readonly FaultProxy[]

  private constructor(kind: DeploymentKind, servers: readonly RedisServer[], proxies: readonly FaultProxy[]) {
    this.kind = kind
    this.servers = servers
    this.proxies = proxies
  }

  /** @param copies of each master of a cluster. */
  static async start(kind: DeploymentKind, copies = 0): Promise<Deployment> {
    return kind === 'single' ? Deployment.#single() : Deployment.#cluster(copies)
  }

  static async #single(): Promise<Deployment> {
    const server = await RedisServer.start()
    return new Deployment('single', [server], [await FaultProxy.start(server.port)])
  }

  static async #cluster(copies: number): Promise<Deployment> {
    const servers: RedisServer[] = []
    const proxies: FaultProxy[] = []
    for (let at = 0; at < 3 * (1 + copies); at++) {
      const port = await freePort()
      const proxy = await FaultProxy.start(port)
      const settings = {
        'cluster-enabled': 'yes',
        'cluster-node-timeout': '2000',
        // Clients are sent to the proxies; the nodes talk to each other directly.
        'cluster-announce-ip': '127.0.0.1',
        'cluster-announce-port': String(proxy.port),
        'cluster-announce-bus-port': String(port + 10_000),
      }
      servers.push(await RedisServer.start({ port, settings }))
      proxies.push(proxy)
    }
    const addresses = servers.map(({ port }) => `127.0.0.1:${port}`)
    const settings = ['--cluster-replicas', String(copies), '--cluster-yes']
    await run('redis-cli', ['--cluster', 'create', ...addresses, ...settings], { timeout: 60_000 })
    const deployment = new Deployment('cluster', servers, proxies)
    await deployment.whole()
    return deployment
  }

  /** Where clients connect. */
  get urls(): readonly string[] {
    return this.proxies.map(({ url }) => url)
  }

  /** The server that holds a key. */
  async serverOf(key: string): Promise<RedisServer> {
    for (const server of this.servers) {
      const answer = await server.cli('EXISTS', key)
      if (/^[01]$/.test(answer)) return server
    }
    throw new Error(`No server holds ${key}.`)
  }

  /** Waits until every node of a cluster serves. */
  async whole(): Promise<void> {
    if (this.kind === 'single') return
    for (let attempt = 0; attempt < 600; attempt++) {
      const states = await Promise.all(this.servers.map((server) => server.cli('CLUSTER', 'INFO').catch(() => '')))
      if (states.every((state) => state.includes('cluster_state:ok'))) return
      await sleep(50)
    }
    throw new Error('The cluster did not become whole.')
  }

  /** Moves slots between the masters of a cluster while it serves. */
  async reshard(slots: number): Promise<void> {
    const ids = await Promise.all(this.servers.map((server) => server.cli('CLUSTER', 'MYID')))
    const plan = ['--cluster-from', ids[0]!, '--cluster-to', ids[1]!, '--cluster-slots', String(slots), '--cluster-yes']
    const address = `127.0.0.1:${this.servers[0]!.port}`
    await run('redis-cli', ['--cluster', 'reshard', address, ...plan], {
      timeout: 100_000,
      maxBuffer: 64 * 1024 * 1024,
    })
  }

  async stop(): Promise<void> {
    await Promise.all(this.proxies.map((proxy) => proxy.close()))
    await Promise.all(this.servers.map((server) => server.remove()))
  }
}
