/** What happens to the engine when something happens to Redis or to the way to it. */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { redis } from '../../src/adapters/redis.ts'
import { type Engine, EngineError, type Position, type Store } from '../../src/engine/engine.ts'
import { clientKinds } from './clients.ts'
import { Deployment } from './deployment.ts'

const TTL_MS = 3_600_000
const TIMEOUT_MS = 500

/** An operation that has to wait for its deadline settles at most so much later. */
const LATE_MS = 400

let deployment: Deployment
const opened: Engine[] = []

beforeAll(async () => {
  deployment = await Deployment.start('single')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((engine) => engine.close()))
})
afterAll(() => deployment?.stop())

interface Opened {
  readonly store: Store
  readonly losses: () => number
}

async function open(client = clientKinds[2]!, prefix = randomBytes(6).toString('hex')): Promise<Opened> {
  const engine = redis(client.create(deployment), { prefix, timeoutMs: TIMEOUT_MS })
  opened.push(engine)
  let losses = 0
  const store = await engine.open(() => losses++)
  return { store, losses: () => losses }
}

let ids = 0

async function append(store: Store, record: string, id = `id-${++ids}`): Promise<Position> {
  const outcome = await store.append('log', record, { ttlMs: TTL_MS, id })
  if (typeof outcome === 'string') throw new Error(outcome)
  return outcome.position
}

/** Appends as a replica does: again with the same id until it knows the outcome. */
async function appendSurely(store: Store, record: string): Promise<void> {
  const id = `id-${++ids}`
  for (;;) {
    try {
      await append(store, record, id)
      return
    } catch (thrown) {
      if (codeOf(thrown) !== 'unavailable') throw thrown
    }
  }
}

async function records(store: Store): Promise<string[]> {
  const result = await store.read('log', 'birth', 100_000)
  if (result.gap) throw new Error('gap')
  return result.entries.map(({ record }) => record)
}

/** Follows the log from its end until so many records have come. A gap counts as a record. */
async function follow(store: Store, count: number): Promise<{ readonly followed: Promise<string[]> }> {
  // What is appended from here on comes, however long it takes to begin.
  const end = await store.end('log')
  const collect = async (): Promise<string[]> => {
    const found: string[] = []
    for await (const batch of store.tail('log', end, new AbortController().signal)) {
      found.push(...(batch.gap ? ['gap'] : batch.entries.map(({ record }) => record)))
      if (found.length >= count) break
    }
    return found
  }
  return { followed: collect() }
}

function codeOf(thrown: unknown): string {
  return thrown instanceof EngineError ? thrown.code : String(thrown)
}

async function outcomeOf(operation: Promise<unknown>): Promise<string> {
  return operation.then(() => 'done', codeOf)
}

const numbered = (count: number): string[] => Array.from({ length: count }, (_, at) => `record ${at}`)

for (const client of clientKinds) {
  describe(client.name, () => {
    test('connections killed under load: every append is in the log once, and the tail brings each in order', async () => {
      const { store } = await open(client)
      const wanted = numbered(300)
      const { followed } = await follow(store, wanted.length)
      let kills = 0
      let over = false
      const killing = (async () => {
        while (!over) {
          await deployment.servers[0]!.cli('CLIENT', 'KILL', 'TYPE', 'normal')
          kills++
          await sleep(50 + Math.random() * 100)
        }
      })()
      for (const record of wanted) {
        await appendSurely(store, record)
        await sleep(2)
      }
      over = true
      await killing
      expect(kills).toBeGreaterThan(4)
      expect(await records(store)).toEqual(wanted)
      expect(await followed).toEqual(wanted)
    })

    test('a restart with data: nothing acknowledged is lost, the epoch stays, the tail goes on', async () => {
      const { store, losses } = await open(client)
      const wanted = numbered(60)
      const { followed } = await follow(store, wanted.length)
      for (const [at, record] of wanted.entries()) {
        await appendSurely(store, record)
        if (at === 30) void deployment.servers[0]!.restart('kept')
      }
      expect(await records(store)).toEqual(wanted)
      expect(await followed).toEqual(wanted)
      expect(losses()).toBe(0)
    })

    test('case 47: a pause of the server: every operation settles in time, and what was under way is done at most once', async () => {
      const { store } = await open(client)
      await append(store, 'before')
      deployment.servers[0]!.pause()
      const began = Date.now()
      const outcomes = await Promise.all([
        outcomeOf(append(store, 'during', 'during')),
        outcomeOf(store.get('key')),
        outcomeOf(store.put('key', 'value', { ttlMs: TTL_MS })),
        outcomeOf(store.read('log', 'birth', 1)),
      ])
      const took = Date.now() - began
      expect(outcomes).toEqual(['unavailable', 'unavailable', 'unavailable', 'unavailable'])
      expect(took).toBeLessThan(TIMEOUT_MS + LATE_MS)
      await sleep(1_000)
      deployment.servers[0]!.resume()
      await appendSurely(store, 'after')
      await append(store, 'during', 'during')
      expect((await records(store)).filter((record) => record === 'during')).toEqual(['during'])
    })

    test('a connection that went dead without a word is given up, and operations and tails go on over another', async () => {
      const { store } = await open(client)
      const [proxy] = deployment.proxies
      const { followed } = await follow(store, 1)
      await sleep(50)
      proxy!.blackhole()
      expect(await outcomeOf(append(store, 'during'))).toBe('unavailable')
      await proxy!.mend()
      await append(store, 'after')
      expect(await followed).toEqual(['after'])
    })

    test('data that was flushed: who follows a log hears of it, and so does who does nothing', async () => {
      const prefix = randomBytes(6).toString('hex')
      const busy = await open(client, prefix)
      const idle = await open(client, prefix)
      expect(idle.store.epoch).toBe(busy.store.epoch)
      const { followed } = await follow(busy.store, 1)
      await append(idle.store, 'before')
      expect(await followed).toEqual(['before'])
      const again = (await follow(busy.store, 1)).followed.catch(codeOf)
      await sleep(50)
      await deployment.servers[0]!.cli('FLUSHALL')
      expect(await again).toBe('epoch_changed')
      await expect.poll(() => idle.losses(), { timeout: 5_000 }).toBe(1)
      expect(busy.losses()).toBe(1)
      expect(await outcomeOf(idle.store.get('key'))).toBe('epoch_changed')
    })
  })
}

test('two engines that come back to empty data at once agree on its epoch', async () => {
  const prefix = randomBytes(6).toString('hex')
  const engines = clientKinds.map((client) => redis(client.create(deployment), { prefix, timeoutMs: TIMEOUT_MS }))
  opened.push(...engines)
  const before = await Promise.all(engines.map((engine) => engine.open(() => {})))
  expect(new Set(before.map(({ epoch }) => epoch)).size).toBe(1)
  await deployment.servers[0]!.cli('FLUSHALL')
  const after = await Promise.all(engines.map((engine) => engine.open(() => {})))
  expect(new Set(after.map(({ epoch }) => epoch)).size).toBe(1)
  expect(after[0]!.epoch).not.toBe(before[0]!.epoch)
  expect(await outcomeOf(before[0]!.get('key'))).toBe('epoch_changed')
})

test('what one client writes another one reads and follows', async () => {
  const prefix = randomBytes(6).toString('hex')
  const stores = await Promise.all(clientKinds.map(async (client) => (await open(client, prefix)).store))
  const readers = await Promise.all(stores.map((store) => follow(store, clientKinds.length)))
  for (const [at, store] of stores.entries()) {
    await append(store, `from ${at}`)
    await store.put(`key ${at}`, `value ${at}`, { ttlMs: TTL_MS })
  }
  const wanted = stores.map((_, at) => `from ${at}`)
  expect(await Promise.all(readers.map(({ followed }) => followed))).toEqual(stores.map(() => wanted))
  for (const store of stores) {
    expect(await records(store)).toEqual(wanted)
    expect(await Promise.all(stores.map(async (_, at) => (await store.get(`key ${at}`))?.value))).toEqual(
      stores.map((_, at) => `value ${at}`),
    )
  }
})
