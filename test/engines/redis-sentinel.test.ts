/** A failover by Sentinel that loses what the old primary had acknowledged last. */
import { Redis as Redis5 } from 'ioredis-5'
import { Redis as Redis6 } from 'ioredis-6'
import { createSentinel as createSentinel5 } from 'redis-5'
import { createSentinel as createSentinel6 } from 'redis-6'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { redis } from '../../src/adapters/redis.ts'
import type { Position, Store } from '../../src/engine/engine.ts'
import { SENTINEL_NAME, WatchedPair } from './sentinel.ts'

const TTL_MS = 3_600_000

const clients: readonly (readonly [name: string, make: (port: number) => Parameters<typeof redis>[0]])[] = [
  [
    'redis 5',
    (port) => () => createSentinel5({ name: SENTINEL_NAME, sentinelRootNodes: [{ host: '127.0.0.1', port }] }),
  ],
  ['redis 6', (port) => createSentinel6({ name: SENTINEL_NAME, sentinelRootNodes: [{ host: '127.0.0.1', port }] })],
  [
    'ioredis 5',
    (port) => new Redis5({ name: SENTINEL_NAME, sentinels: [{ host: '127.0.0.1', port }], lazyConnect: true }),
  ],
  [
    'ioredis 6',
    (port) => new Redis6({ name: SENTINEL_NAME, sentinels: [{ host: '127.0.0.1', port }], lazyConnect: true }),
  ],
]

let pair: WatchedPair
beforeEach(async () => {
  pair = await WatchedPair.start()
})
afterEach(() => pair?.stop())

async function append(store: Store, record: string): Promise<Position> {
  const outcome = await store.append('log', record, { ttlMs: TTL_MS, id: record })
  if (typeof outcome === 'string') throw new Error(outcome)
  return outcome.position
}

test.each(clients)(
  'case 48: %s: what a failover has lost is a gap and a conflict, never a hole; the rest goes on',
  async (_, make) => {
    let losses = 0
    const engine = redis(make(pair.sentinel.port))
    const minority = redis(pair.primary.url)
    try {
      const store = await engine.open(() => losses++)
      await append(store, 'a')
      const last = await append(store, 'b')
      await pair.copied()
      // Whoever still reaches the old primary gets acknowledgements that the others will never see.
      await pair.proxy.cut()
      const beyond = await minority.open(() => {})
      expect(beyond.epoch).toBe(store.epoch)
      const lost = await append(beyond, 'lost')
      await beyond.put('key', 'lost', { ttlMs: TTL_MS })
      await pair.failedOver()

      const next = append(store, 'c')
      const fresh = await next.catch(() => append(store, 'c'))
      expect(fresh).not.toBe(lost)
      expect(await store.append('log', 'fenced', { ttlMs: TTL_MS, id: 'fenced', expect: lost })).toBe('conflict')
      expect((await store.read('log', lost, 10)).gap).toBe(true)
      const rest = await store.read('log', last, 10)
      expect(rest.gap ? 'gap' : rest.entries.map(({ record }) => record)).toEqual(['c'])
      // Said in docs/engines.md: a failover takes the last writes of the table with it.
      expect(await store.get('key')).toBe(undefined)
      expect(losses).toBe(0)
    } finally {
      await engine.close()
      await minority.close()
    }
  },
)
