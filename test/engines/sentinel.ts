/**
 * A primary, a copy of it and a sentinel that watches them. Everybody reaches the primary over a proxy, so that it can be
 * cut off while it goes on running.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { FaultProxy } from './fault-proxy.ts'
import { RedisServer } from './redis-server.ts'

export const SENTINEL_NAME = 'watched'

export class WatchedPair {
  readonly primary: RedisServer
  readonly copy: RedisServer
  readonly sentinel: RedisServer
  /** The way to the primary that everybody knows. */
  readonly proxy: FaultProxy

  private constructor(primary: RedisServer, copy: RedisServer, sentinel: RedisServer, proxy: FaultProxy) {
    this.primary = primary
    this.copy = copy
    this.sentinel = sentinel
    this.proxy = proxy
  }

  static async start(): Promise<WatchedPair> {
    const primary = await RedisServer.start()
    const proxy = await FaultProxy.start(primary.port)
    const copy = await RedisServer.start({ settings: { replicaof: `127.0.0.1 ${proxy.port}` } })
    const sentinel = await RedisServer.start({
      sentinel: [
        `sentinel monitor ${SENTINEL_NAME} 127.0.0.1 ${proxy.port} 1`,
        `sentinel down-after-milliseconds ${SENTINEL_NAME} 500`,
        `sentinel failover-timeout ${SENTINEL_NAME} 2000`,
      ],
    })
    const pair = new WatchedPair(primary, copy, sentinel, proxy)
    await pair.#until(async () => (await copy.cli('INFO', 'replication')).includes('master_link_status:up'))
    await pair.#until(async () => (await sentinel.cli('SENTINEL', 'REPLICAS', SENTINEL_NAME)).includes(`${copy.port}`))
    return pair
  }

  /** Waits until the copy has all that the primary has. */
  async copied(): Promise<void> {
    const offset = async (server: RedisServer, field: string): Promise<string | undefined> =>
      new RegExp(`^${field}:(\\d+)`, 'm').exec(await server.cli('INFO', 'replication'))?.[1]
    await this.#until(
      async () => (await offset(this.primary, 'master_repl_offset')) === (await offset(this.copy, 'slave_repl_offset')),
    )
  }

  /** Waits until the sentinel has made the copy the primary. */
  async failedOver(): Promise<void> {
    // A server that changes its role hangs up on everybody.
    const role = (): Promise<string> => this.copy.cli('ROLE').catch(() => '')
    await this.#until(async () => (await role()).startsWith('master'))
  }

  async stop(): Promise<void> {
    await this.proxy.close()
    await Promise.all([this.primary, this.copy, this.sentinel].map((server) => server.remove()))
  }

  async #until(holds: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt++) {
      if (await holds()) return
      await sleep(50)
    }
    throw new Error('The sentinel and its servers do not come to what the test waits for.')
  }
}
