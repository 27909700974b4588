import { expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { twistStore } from '../../test/unit/memory-harness.ts'
import { testReplica } from '../../test/unit/replica.ts'
import { EngineError, type Store } from '../engine/engine.ts'
import { memoryEngine } from '../engine/memory.ts'
import { SharedStore } from './shared-store.ts'

/** A store whose writes go through, and whose first answers are lost. */
async function forgetful(
  lost: number,
): Promise<{ shared: SharedStore; inner: Store; settled: <T>(p: Promise<T>) => Promise<T> }> {
  const platform = manualPlatform()
  const inner = await memoryEngine(platform).open(() => {})
  let left = lost
  const lose = async <T>(write: Promise<T>): Promise<T> => {
    const answer = await write
    if (left-- > 0) throw new EngineError('unavailable', 'The answer was lost.')
    return answer
  }
  const store = twistStore(inner, {
    put: (key, value, options) => lose(inner.put(key, value, options)),
    append: (log, record, options) => lose(inner.append(log, record, options)),
  })
  const { replica } = await testReplica({ platform })
  const shared = await SharedStore.open(
    { open: async () => store, close: async () => {} },
    { platform, wheel: replica.wheel, tags: replica.tags, onReplaced: () => {}, onError: () => {} },
  )
  const settled = async <T>(promise: Promise<T>): Promise<T> => {
    let over = false
    promise
      .catch(() => {})
      .finally(() => {
        over = true
      })
    while (!over) await platform.pass(50)
    return promise
  }
  return { shared, inner, settled }
}

test('a record whose acknowledgement was lost is in its log once, at the place that is said', async () => {
  const { shared, inner, settled } = await forgetful(3)
  const outcome = await settled(shared.append('log', 'record', { ttlMs: 60_000, id: 'id' }))
  const read = await inner.read('log', 'oldest', 10)
  const entries = read.gap ? [] : read.entries
  expect(entries.map(({ record }) => record)).toEqual(['record'])
  expect(outcome).toEqual({ position: entries[0]!.position })
})

test('a value whose acknowledgement was lost is no conflict with itself', async () => {
  const { shared, settled } = await forgetful(2)
  const outcome = await settled(shared.put('key', 'value', { ttlMs: 60_000, expect: 'absent' }))
  expect(outcome).not.toBe('conflict')
  expect(await shared.get('key')).toEqual({ value: 'value', ...(outcome as { version: string }) })
})

test('an engine that stays away is given up after 5 s', async () => {
  const { shared, settled } = await forgetful(1_000)
  await expect(settled(shared.append('log', 'record', { ttlMs: 60_000, id: 'id' }))).rejects.toMatchObject({
    code: 'unavailable',
  })
})
