/** How the engine begins and ends: what it refuses, what it leaves to the user, what it leaves behind. */
import { Redis } from 'ioredis-6'
import { createClient } from 'redis-6'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RedisUserClient, redis } from '../../src/adapters/redis.ts'
import { EngineError } from '../../src/engine/engine.ts'
import { PARTITIONS } from '../../src/engines/redis/keys.ts'
import { clientKinds } from './clients.ts'
import { freePort, RedisServer } from './redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await RedisServer.start()
})
afterAll(() => server?.remove())

const single = (url: string) => ({ kind: 'single', urls: [url] }) as const

async function refusal(client: RedisUserClient | string): Promise<EngineError> {
  const engine = redis(client)
  try {
    await engine.open(() => {})
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown
    throw thrown
  } finally {
    await engine.close()
  }
  throw new Error('It was opened.')
}

/** How many connections the server has, besides the one that asks. */
async function connections(of: RedisServer): Promise<number> {
  return (await of.cli('CLIENT', 'LIST')).split('\n').length - 1
}

for (const client of clientKinds) {
  describe(client.name, () => {
    test('case 49: a server that may evict keys is refused, with what to change', async () => {
      const evicting = await RedisServer.start({ settings: { maxmemory: '50mb', 'maxmemory-policy': 'allkeys-lru' } })
      try {
        const { code, message } = await refusal(client.create(single(evicting.url)))
        expect(code).toBe('unsuitable')
        expect(message).toContain('maxmemory-policy allkeys-lru')
        expect(message).toContain('Set "maxmemory-policy noeviction"')
        await evicting.cli('CONFIG', 'SET', 'maxmemory', '0')
        const engine = redis(client.create(single(evicting.url)))
        await engine.open(() => {})
        await engine.close()
      } finally {
        await evicting.remove()
      }
    })

    test('a wrong password is said at once, and no message has it', async () => {
      const locked = await RedisServer.start()
      try {
        await locked.cli('CONFIG', 'SET', 'requirepass', 'right')
        const began = Date.now()
        const url = locked.url.replace('//', '//:wrong-secret@')
        const { code, message } = await refusal(client.create(single(url)))
        expect(code).toBe('unavailable')
        expect(message).toMatch(/WRONGPASS|NOAUTH/)
        expect(message).not.toContain('wrong-secret')
        expect(Date.now() - began).toBeLessThan(3_000)
      } finally {
        await locked.remove()
      }
    })

    test('it has one connection and one for each tail, and closes them all; the client of the user stays as it is', async () => {
      const before = await connections(server)
      const user = client.create(single(server.url))
      const engine = redis(user)
      const store = await engine.open(() => {})
      expect(await connections(server)).toBe(before + 1)
      const stop = new AbortController()
      const followed = (async () => {
        for await (const _ of store.tail('log', await store.end('log'), stop.signal)) break
      })()
      await expect.poll(() => connections(server)).toBe(before + 2)
      stop.abort()
      await followed
      await expect.poll(() => connections(server)).toBe(before + 1)
      await engine.close()
      await expect.poll(() => connections(server)).toBe(before)
      expect(Reflect.get(user, 'isOpen') === true || Reflect.get(user, 'status') === 'ready').toBe(false)
    })
  })
}

test('every key has the prefix, and all but the epochs expire', async () => {
  const own = await RedisServer.start()
  const engine = redis(own.url, { prefix: 'mine' })
  try {
    const store = await engine.open(() => {})
    await store.put('key', 'value', { ttlMs: 60_000 })
    await store.delete('key')
    await store.put('key', 'value', { ttlMs: 60_000 })
    await store.append('log', 'record', { ttlMs: 60_000, id: 'id' })
    await store.read('never', 'birth', 1)
    await store.end('never either')
    const keys = (await own.cli('KEYS', '*')).split('\n')
    expect(keys.filter((key) => !key.startsWith('{mine:'))).toEqual([])
    const epochs = keys.filter((key) => key.endsWith(':epoch'))
    expect(epochs.length).toBe(PARTITIONS)
    expect(keys.length).toBeGreaterThan(PARTITIONS + 5)
    for (const key of keys) {
      const left = Number(await own.cli('PTTL', key))
      if (epochs.includes(key)) expect(left).toBe(-1)
      else expect(left).toBeGreaterThan(0)
    }
  } finally {
    await engine.close()
    await own.remove()
  }
})

test('settings of the user that change replies, queues and times do no harm', async () => {
  const clients: RedisUserClient[] = [
    createClient({
      url: server.url,
      RESP: 3,
      commandOptions: { timeout: 100, typeMapping: { 36: Buffer } },
      socket: { reconnectStrategy: false, socketTimeout: 300 },
    }),
    createClient({ url: server.url, RESP: 2, commandsQueueMaxLength: 1_000 }),
    new Redis(server.url, {
      lazyConnect: true,
      keyPrefix: 'theirs:',
      stringNumbers: true,
      enableAutoPipelining: true,
      commandTimeout: 100,
      socketTimeout: 300,
      maxRetriesPerRequest: null,
    }),
  ]
  for (const client of clients) {
    const engine = redis(client)
    const store = await engine.open(() => {})
    await store.put('key', 'value ä', { ttlMs: 60_000, version: 'one' })
    expect(await store.get('key')).toEqual({ value: 'value ä', version: 'one' })
    const start = await store.end('log')
    const next = store.tail('log', start, new AbortController().signal)[Symbol.asyncIterator]().next()
    // Longer than their time-outs: a blocking read outlasts them.
    await new Promise((resolve) => setTimeout(resolve, 700))
    await store.append('log', 'record', { ttlMs: 60_000, id: String(Math.random()) })
    const { value } = await next
    expect(value.entries.map(({ record }: { record: string }) => record)).toEqual(['record'])
    await engine.close()
    await store.get('key').catch(() => {})
  }
})

test('what is no client, no URL or no option is refused at once', () => {
  expect(() => redis({} as RedisUserClient)).toThrow(TypeError)
  expect(() => redis(null as unknown as RedisUserClient)).toThrow('This is no client that is known here')
  expect(() => redis('http://127.0.0.1')).toThrow('redis:// or rediss://')
  expect(() => redis(clientKinds[0]!.create(single(server.url)), { prefix: 'a{b}' })).toThrow('brace')
  expect(() => redis(clientKinds[0]!.create(single(server.url)), { timeoutMs: 0 })).toThrow('timeoutMs')
})

describe.concurrent.each(clientKinds)('$name', (client) => {
  test('a server that is not there is waited for, ten seconds and no longer', async ({ expect }) => {
    const began = Date.now()
    const { code } = await refusal(client.create(single(`redis://127.0.0.1:${await freePort()}`)))
    expect(code).toBe('unavailable')
    expect(Date.now() - began).toBeGreaterThan(9_000)
    expect(Date.now() - began).toBeLessThan(12_000)
  })
})
