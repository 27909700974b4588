/**
 * What the port promises about the table.
 *
 * @module
 */
import { ABSENT, type Store } from '../engine.ts'
import { AFTER_SHORT_MS, check, LONG_MS, SHORT_MS, same } from './check.ts'
import { type ContractCase, storeCase } from './harness.ts'

const life = { ttlMs: LONG_MS }

/** Puts what must go through and returns its version. */
async function put(store: Store, key: string, value: string, options: object = {}): Promise<string> {
  const outcome = await store.put(key, value, { ...life, ...options })
  check(typeof outcome === 'object', `put of ${key} answered ${String(outcome)}.`)
  return outcome.version
}

async function expectValue(store: Store, key: string, value: string | undefined, what: string): Promise<void> {
  same((await store.get(key))?.value, value, what)
}

export const tableCases: readonly ContractCase[] = [
  storeCase('table: get sees every acknowledged put, with the version that put returned', async (store) => {
    await expectValue(store, 'key', undefined, 'get of a key that was never put')
    for (let round = 0; round < 20; round++) {
      const version = await put(store, 'key', `value ${round}`)
      same(await store.get('key'), { value: `value ${round}`, version }, 'get after put')
    }
  }),

  storeCase('table: keys are independent, whatever characters they have', async (store) => {
    const keys = ['a', 'a/b', 'a/', 'A', 'a b', 'a:b', '{a}', 'a*', 'ä', '__proto__', 'constructor']
    for (const key of keys) await put(store, key, `value of ${key}`)
    for (const key of keys) await expectValue(store, key, `value of ${key}`, `get of ${JSON.stringify(key)}`)
    await store.delete('a/b')
    await expectValue(store, 'a/b', undefined, 'get of the deleted key')
    for (const key of keys.filter((other) => other !== 'a/b')) {
      await expectValue(store, key, `value of ${key}`, `get of ${JSON.stringify(key)} after another was deleted`)
    }
  }),

  storeCase('table: values come back as they were put, whatever text they are', async (store) => {
    for (const value of ['', ' ', '0', 'null', '"\\\n\r\t', 'ä€😀\u2028\ufeff', 'x'.repeat(100_000)]) {
      await put(store, 'key', value)
      await expectValue(store, 'key', value, 'get')
    }
  }),

  storeCase(
    'table: versions made by the engine are never used twice, over deletion and expiry too',
    async (store, harness) => {
      const seen = new Set<string>()
      const note = (version: string): void => {
        check(!seen.has(version), `The version ${version} was given to two values.`)
        seen.add(version)
      }
      for (let round = 0; round < 50; round++) {
        note(await put(store, 'key', 'same value'))
        note(await put(store, `other ${round}`, 'same value'))
        await store.delete('key')
      }
      note(await put(store, 'key', 'same value', { ttlMs: SHORT_MS }))
      await harness.pass(AFTER_SHORT_MS)
      note(await put(store, 'key', 'same value'))
    },
  ),

  storeCase('table: put keeps the version that the caller made', async (store) => {
    same(await put(store, 'key', 'value', { version: 'mine' }), 'mine', 'the version that put returned')
    same(await store.get('key'), { value: 'value', version: 'mine' }, 'get')
  }),

  storeCase('table: put with expect succeeds only on that version, and a conflict changes nothing', async (store) => {
    same(await store.put('key', 'early', { ...life, expect: 'never given' }), 'conflict', 'expect on an absent key')
    await expectValue(store, 'key', undefined, 'get after the conflict')
    const first = await put(store, 'key', 'first')
    const second = await put(store, 'key', 'second', { expect: first })
    same(await store.put('key', 'third', { ...life, expect: first }), 'conflict', 'expect of an older version')
    same(await store.get('key'), { value: 'second', version: second }, 'get after the conflict')
    await store.delete('key')
    same(await store.put('key', 'third', { ...life, expect: second }), 'conflict', 'expect after a deletion')
  }),

  storeCase('table: put with expect absent succeeds only where there is nothing', async (store, harness) => {
    const first = await put(store, 'key', 'first', { expect: ABSENT })
    same(await store.put('key', 'second', { ...life, expect: ABSENT }), 'conflict', 'expect absent on a present key')
    same(await store.get('key'), { value: 'first', version: first }, 'get after the conflict')
    await store.delete('key')
    await put(store, 'key', 'after deletion', { expect: ABSENT, ttlMs: SHORT_MS })
    await harness.pass(AFTER_SHORT_MS)
    await put(store, 'key', 'after expiry', { expect: ABSENT })
    await expectValue(store, 'key', 'after expiry', 'get')
  }),

  storeCase('table: of many puts at once with one expectation exactly one succeeds', async (store) => {
    let version: string = ABSENT
    for (let round = 0; round < 10; round++) {
      const writers = Array.from({ length: 16 }, (_, writer) =>
        store.put('key', `writer ${writer}`, { ...life, expect: version }),
      )
      const outcomes = await Promise.all(writers)
      const winners = outcomes.flatMap((outcome, writer) => (typeof outcome === 'object' ? [writer] : []))
      same(winners.length, 1, 'the number of winners')
      await expectValue(store, 'key', `writer ${winners[0]}`, 'get after the race')
      version = (await store.get('key'))!.version
    }
  }),

  storeCase(
    'table: a put again with the same version is answered like the first, expectation or not',
    async (store) => {
      const options = { expect: ABSENT, version: 'tag' }
      await put(store, 'key', 'value', options)
      same(await put(store, 'key', 'value', options), 'tag', 'the version of the second attempt')
      same(await store.get('key'), { value: 'value', version: 'tag' }, 'get')
    },
  ),

  storeCase('table: a late second attempt of a put does not come back over a newer value', async (store) => {
    await put(store, 'key', 'old', { version: 'old tag' })
    await put(store, 'key', 'new', { version: 'new tag', expect: 'old tag' })
    same(await put(store, 'key', 'old', { version: 'old tag' }), 'old tag', 'the answer of the second attempt')
    same(await store.get('key'), { value: 'new', version: 'new tag' }, 'get after it')
    await store.delete('key')
    await put(store, 'key', 'new', { version: 'new tag', expect: 'old tag' })
    await expectValue(store, 'key', undefined, 'get after a deletion and a second attempt')
  }),

  storeCase('table: delete says whether it removed something', async (store) => {
    same(await store.delete('key'), false, 'delete of nothing')
    await put(store, 'key', 'value')
    same(await store.delete('key'), true, 'delete')
    same(await store.delete('key'), false, 'delete again')
    await expectValue(store, 'key', undefined, 'get after delete')
  }),

  storeCase('table: delete with expect removes only that version', async (store) => {
    const first = await put(store, 'key', 'first')
    const second = await put(store, 'key', 'second')
    same(await store.delete('key', { expect: first }), false, 'delete of an older version')
    await expectValue(store, 'key', 'second', 'get after it')
    same(await store.delete('key', { expect: second }), true, 'delete of the right version')
    await expectValue(store, 'key', undefined, 'get after it')
  }),

  storeCase('table: an entry is gone when its time is over, and only then', async (store, harness) => {
    await put(store, 'short', 'value', { ttlMs: SHORT_MS })
    const version = await put(store, 'long', 'value', { ttlMs: LONG_MS })
    await expectValue(store, 'short', 'value', 'get before the time is over')
    await harness.pass(AFTER_SHORT_MS)
    await expectValue(store, 'short', undefined, 'get after the time is over')
    same(await store.delete('short'), false, 'delete of an expired entry')
    same(await store.put('short', 'x', { ...life, expect: version }), 'conflict', 'expect on an expired entry')
    same(await store.get('long'), { value: 'value', version }, 'get of an entry that lives longer')
  }),

  storeCase('table: time counts from the last put, and reading does not renew it', async (store, harness) => {
    await put(store, 'renewed', '1', { ttlMs: 2 * SHORT_MS })
    await put(store, 'read', '1', { ttlMs: 2 * SHORT_MS })
    await harness.pass(AFTER_SHORT_MS)
    await put(store, 'renewed', '2', { ttlMs: 2 * SHORT_MS })
    await store.get('read')
    await harness.pass(AFTER_SHORT_MS)
    await expectValue(store, 'renewed', '2', 'get of the entry that was put again')
    await expectValue(store, 'read', undefined, 'get of the entry that was only read')
    await put(store, 'shortened', '1', { ttlMs: LONG_MS })
    await put(store, 'shortened', '2', { ttlMs: SHORT_MS })
    await harness.pass(AFTER_SHORT_MS)
    await expectValue(store, 'shortened', undefined, 'get of an entry whose last put gave it less time')
  }),
]
