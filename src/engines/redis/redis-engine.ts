/**
 * The engine on Redis or Valkey: a single server, Sentinel, or a cluster.
 *
 * @module
 */
import type { Engine, Store } from '../../engine/engine.ts'
import type { Platform } from '../../engine/platform.ts'
import type { RedisClient, Reply } from './client.ts'
import { Commands } from './commands.ts'
import { Keys, PARTITIONS } from './keys.ts'
import { Link } from './link.ts'
import { RandomText } from './random-text.ts'
import { RedisStore } from './redis-store.ts'
import { APPEND, DELETE, END, GET, OPEN, PUT, READ, TRIM } from './scripts.ts'
import { checkServer } from './server-check.ts'
import { Waiter } from './waiter.ts'

/** What the engine needs of the edge. */
export type RedisPlatform = Pick<Platform, 'now' | 'setTimer' | 'randomBytes' | 'base64url' | 'crypto'>

export interface RedisEngineOptions {
  /** What all keys begin with, so that several servers can share a Redis. Default `fairlead`. */
  readonly prefix?: string
  /**
   * Milliseconds within which an operation settles. Default 2,000: a healthy server needs one, and a failover that takes
   * longer is better heard of than waited for.
   */
  readonly timeoutMs?: number
}

/** How long a process that starts waits for Redis: it may be starting as well. */
const OPEN_MS = 10_000

/** How often all partitions are looked at. Operations notice a change of their own partition at once. */
const PULSE_MS = 2_000

const SCRIPTS = [OPEN, GET, PUT, DELETE, APPEND, READ, END, TRIM]

export class RedisEngine implements Engine {
  readonly #platform: RedisPlatform
  readonly #keys: Keys
  readonly #random: RandomText
  readonly #commands: Commands
  readonly #waiter: Waiter

  /** @throws {TypeError} for options that can't be */
  constructor(client: RedisClient, platform: RedisPlatform, options: RedisEngineOptions = {}) {
    const { prefix = 'fairlead', timeoutMs = 2_000 } = options
    if (!(timeoutMs > 0)) throw new TypeError(`timeoutMs must be a positive number; got ${String(timeoutMs)}.`)
    this.#platform = platform
    this.#keys = new Keys(prefix)
    this.#random = new RandomText(platform)
    this.#commands = new Commands(new Link(client, platform, timeoutMs), platform, timeoutMs)
    this.#waiter = new Waiter(client, this.#commands, platform)
  }

  async open(onLost: (why: 'epoch') => void): Promise<Store> {
    const first = this.#keys.epoch(0)
    await this.#commands.learn(SCRIPTS, first, OPEN_MS)
    const epochs = await this.#openPartitions()
    const store = new RedisStore(await this.#digest([...epochs.values()]), {
      commands: this.#commands,
      keys: this.#keys,
      random: this.#random,
      waiter: this.#waiter,
      epochs,
      onLost: () => onLost('epoch'),
    })
    this.#watch(store, epochs)
    return store
  }

  async close(): Promise<void> {
    this.#commands.close()
  }

  /** Marks what has no epoch yet, and learns the others. */
  async #openPartitions(): Promise<ReadonlyMap<string, string>> {
    const fresh = this.#random.next()
    const names = Array.from({ length: PARTITIONS }, (_, partition) => this.#keys.epoch(partition))
    const opened = await Promise.all(
      names.map(async (name) => {
        const [epoch, ...info] = (await this.#commands.run(OPEN, [name], [fresh], OPEN_MS)) as readonly Reply[]
        checkServer(info.join('\n'))
        return [name, String(epoch)] as const
      }),
    )
    return new Map(opened)
  }

  /** The epoch of the whole: another one as soon as one partition has another one. */
  async #digest(epochs: readonly string[]): Promise<string> {
    const hash = await this.#platform.crypto.sha256(new TextEncoder().encode(epochs.join()))
    return this.#platform.base64url(hash.slice(0, 12))
  }

  /** Looks for partitions that came back empty and that no operation happens to touch. */
  #watch(store: RedisStore, epochs: ReadonlyMap<string, string>): void {
    const { closing } = this.#commands
    const look = async (): Promise<void> => {
      if (store.lost.aborted || closing.aborted) return
      const checks = [...epochs].map(async ([name, epoch]) => {
        if ((await this.#commands.command(['GET', name], name)) !== epoch) store.lose()
      })
      // Without an answer there is nothing to say; the next look may have one.
      await Promise.allSettled(checks)
      if (!store.lost.aborted && !closing.aborted) this.#platform.setTimer(PULSE_MS, () => void look())
    }
    this.#platform.setTimer(PULSE_MS, () => void look())
  }
}
