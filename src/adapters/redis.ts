/**
 * The engine for several replicas, on Redis 7 or Valkey: a single server, Sentinel, or a cluster.
 *
 * It keeps what replicas share in keys that expire, under one prefix. What it promises and what Redis may lose is a table
 * in `docs/engines.md`.
 *
 * @module
 */
import { type Engine, EngineError } from '../engine/engine.ts'
import { type MakeClient, recogniseClient, type UserClient } from '../engines/redis/clients/recognise.ts'
import { RedisEngine, type RedisEngineOptions } from '../engines/redis/redis-engine.ts'
import { nodePlatform } from './node-platform.ts'

export type {
  MakeClient as RedisMakeClient,
  UserClient as RedisUserClient,
} from '../engines/redis/clients/recognise.ts'
export type { RedisEngineOptions } from '../engines/redis/redis-engine.ts'

/**
 * Makes an engine on Redis.
 *
 * Given a client of the package `redis` (4 to 6) or `ioredis` (5 and 6), for one server, sentinels or a cluster, the
 * engine opens connections of its own like it: one for commands and one per log that it follows, usually three. The
 * client itself is not used, need not be connected, and stays the caller's to close. Where a client can't be duplicated
 * (sentinels in `redis` 5), give a function that makes one. Given a URL (`redis://` or
 * `rediss://`), it loads the package `redis`, which must be installed.
 *
 * `open` fails with an `EngineError`: `unavailable` when Redis can't be reached for 10 s, `unsuitable` when it is too old or
 * may evict keys. The message says what to change.
 *
 * @throws {TypeError} for a client that is not known, or options that can't be
 * @example
 * ```ts
 * import { createClient } from 'redis'
 * import { createServer } from 'fairlead'
 * import { serve } from 'fairlead/node'
 * import { redis } from 'fairlead/redis'
 *
 * const engine = redis(createClient({ url: 'redis://127.0.0.1:6379' }))
 * await serve(createServer({ name: 'weather', version: '1.0.0' }), { engine })
 * ```
 */
export function redis(clientOrUrl: UserClient | MakeClient | string | URL, options: RedisEngineOptions = {}): Engine {
  if (typeof clientOrUrl === 'string' || clientOrUrl instanceof URL) return new UrlEngine(String(clientOrUrl), options)
  return new RedisEngine(recogniseClient(clientOrUrl), nodePlatform, options)
}

/** Loads its client when it is opened. */
class UrlEngine implements Engine {
  readonly #url: string
  readonly #options: RedisEngineOptions
  #engine: RedisEngine | undefined

  constructor(url: string, options: RedisEngineOptions) {
    // The text may hold a password, so that no message repeats it.
    if (!/^rediss?:\/\//.test(url)) throw new TypeError('The URL of a Redis begins with redis:// or rediss://.')
    this.#url = url
    this.#options = options
  }

  async open(onLost: (why: 'epoch') => void): ReturnType<Engine['open']> {
    const createClient = await loadCreateClient()
    this.#engine ??= new RedisEngine(recogniseClient(createClient({ url: this.#url })), nodePlatform, this.#options)
    return this.#engine.open(onLost)
  }

  async close(): Promise<void> {
    await this.#engine?.close()
  }
}

async function loadCreateClient(): Promise<(options: { readonly url: string }) => UserClient> {
  try {
    const { createClient } = await import('redis')
    return createClient
  } catch (cause) {
    throw new EngineError('unsuitable', 'An engine by URL needs the package redis: npm install redis.', { cause })
  }
}
