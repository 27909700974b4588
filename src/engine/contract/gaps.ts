/**
 * What the port promises where something is missing: a reader gets `gap`, never a hole.
 *
 * @module
 */
import type { Position, Store } from '../engine.ts'
import {
  AFTER_SHORT_MS,
  append,
  appendAll,
  check,
  expectGap,
  freshId,
  LONG_MS,
  readAll,
  recordsOf,
  SHORT_MS,
  same,
} from './check.ts'
import { type ContractCase, storeCase } from './harness.ts'

const RECORDS = ['a', 'b', 'c', 'd', 'e']

async function expectRecords(
  store: Store,
  log: string,
  after: Position | 'birth' | 'oldest',
  records: readonly string[],
  what: string,
): Promise<void> {
  same(recordsOf(await readAll(store, log, after, what)), records, what)
}

export const gapCases: readonly ContractCase[] = [
  storeCase('gap: after a trim every position whose successor is gone is a gap, and no other', async (store) => {
    const positions = await appendAll(store, 'log', RECORDS)
    await store.trim('log', positions[2]!)
    for (const at of [0, 1]) {
      const oldest = await expectGap(store, 'log', positions[at]!, `read after entry ${at}, the next being trimmed`)
      await expectRecords(store, 'log', oldest, ['d', 'e'], 'read from the oldest place that the gap names')
    }
    await expectGap(store, 'log', 'birth', 'read from birth after a trim')
    await expectRecords(store, 'log', positions[2]!, ['d', 'e'], 'read after the last trimmed entry')
    await expectRecords(store, 'log', positions[3]!, ['e'], 'read after an entry that is left')
    await expectRecords(store, 'log', 'oldest', ['d', 'e'], 'read from the oldest')
  }),

  storeCase('gap: a log that was trimmed to its end goes on from there', async (store) => {
    const positions = await appendAll(store, 'log', RECORDS)
    await store.trim('log', positions[4]!)
    same(await store.end('log'), positions[4], 'end')
    await expectRecords(store, 'log', positions[4]!, [], 'read from the end')
    await expectGap(store, 'log', positions[3]!, 'read before the last trimmed entry')
    await expectGap(store, 'log', 'birth', 'read from birth')
    await append(store, 'log', 'f')
    await expectRecords(store, 'log', positions[4]!, ['f'], 'read from the end before the append')
    await expectGap(store, 'log', positions[3]!, 'read before the last trimmed entry, after an append')
  }),

  storeCase(
    'gap: trimming again, or through a position that is not of this log, removes nothing more',
    async (store) => {
      const positions = await appendAll(store, 'log', RECORDS)
      const foreign = (await appendAll(store, 'other', RECORDS))[4]!
      await store.trim('log', positions[1]!)
      for (const through of [positions[1]!, positions[0]!, foreign, await store.end('never')]) {
        await store.trim('log', through)
        await expectRecords(store, 'log', 'oldest', ['c', 'd', 'e'], `what is left after a trim through ${through}`)
      }
      await store.trim('never', positions[4]!)
      await expectRecords(store, 'never', 'birth', [], 'a log that never was')
    },
  ),

  storeCase('gap: a reader that a cap has overtaken gets a gap', async (store) => {
    const positions: Position[] = []
    for (const record of RECORDS) {
      const outcome = await store.append('log', record, { ttlMs: LONG_MS, id: freshId(), cap: 2 })
      check(typeof outcome === 'object', 'append at the cap did not go through.')
      positions.push(outcome.position)
    }
    await expectGap(store, 'log', 'birth', 'read from birth')
    const oldest = await expectGap(store, 'log', positions[1]!, 'read after an entry whose successor was dropped')
    await expectRecords(store, 'log', oldest, ['d', 'e'], 'read from the oldest')
    await expectRecords(store, 'log', positions[2]!, ['d', 'e'], 'read after the last dropped entry')
  }),

  storeCase(
    'gap: positions of a log that has expired are gaps, before and after it is created anew',
    async (store, harness) => {
      const positions: Position[] = []
      for (const record of RECORDS) positions.push(await append(store, 'log', record, SHORT_MS))
      await harness.pass(AFTER_SHORT_MS)
      await expectRecords(store, 'log', 'oldest', [], 'read of the expired log')
      for (const position of positions)
        await expectGap(store, 'log', position, 'read after an entry of the expired log')
      const fresh = await appendAll(store, 'log', RECORDS)
      for (const position of positions) {
        check(!fresh.includes(position), `The position ${position} was given again after the log had expired.`)
        const oldest = await expectGap(store, 'log', position, 'read after an entry of the log before')
        await expectRecords(store, 'log', oldest, RECORDS, 'read from the oldest place that the gap names')
      }
      await expectRecords(store, 'log', 'birth', RECORDS, 'read from the birth of the log that is there now')
    },
  ),

  storeCase('gap: the fence does not take a position of a log that has expired', async (store, harness) => {
    const old = await append(store, 'log', 'old', SHORT_MS)
    await harness.pass(AFTER_SHORT_MS)
    const options = { ttlMs: LONG_MS, expect: old }
    same(await store.append('log', 'late', { ...options, id: freshId() }), 'conflict', 'append to the expired log')
    await append(store, 'log', 'new')
    same(await store.append('log', 'late', { ...options, id: freshId() }), 'conflict', 'append to the log made anew')
    await expectRecords(store, 'log', 'birth', ['new'], 'read')
  }),

  storeCase('gap: a trim through a position of a log that has expired removes nothing', async (store, harness) => {
    const old: Position[] = []
    for (const record of RECORDS) old.push(await append(store, 'log', record, SHORT_MS))
    await harness.pass(AFTER_SHORT_MS)
    await appendAll(store, 'log', RECORDS)
    await store.trim('log', old[4]!)
    await expectRecords(store, 'log', 'birth', RECORDS, 'read')
  }),

  storeCase('gap: the place before the first entry belongs to one life of the log', async (store, harness) => {
    const before = await store.end('log')
    await append(store, 'log', 'missed', SHORT_MS)
    await harness.pass(AFTER_SHORT_MS)
    await append(store, 'log', 'second life')
    await expectGap(store, 'log', before, 'read from before the birth of a log that has expired since')
    const outcome = await store.append('log', 'late', { ttlMs: LONG_MS, id: freshId(), expect: before })
    same(outcome, 'conflict', 'append with that place as expect')
  }),

  storeCase('gap: a position of another log is a gap, though it has as many entries', async (store) => {
    const here = await appendAll(store, 'log', RECORDS)
    const there = await appendAll(store, 'other', RECORDS)
    for (const position of there) await expectGap(store, 'log', position, 'read with a position of another log')
    for (const position of here) await expectGap(store, 'other', position, 'read with a position of another log')
    await expectGap(store, 'never', here[0]!, 'read of a log that never was, with a position of another log')
  }),

  {
    name: 'gap: a position of another store is a gap, and the two have different epochs',
    async run(harness) {
      const one = await harness.open()
      const two = await harness.open()
      try {
        const { epoch } = one.store
        check(/^[!-~]+$/.test(epoch), `The epoch ${JSON.stringify(epoch)} is not visible ASCII.`)
        check(epoch !== two.store.epoch, `Two stores have the epoch ${epoch}.`)
        const here = await appendAll(one.store, 'log', RECORDS)
        const there = await appendAll(two.store, 'log', RECORDS)
        for (const position of there)
          await expectGap(one.store, 'log', position, 'read with a position of another epoch')
        for (const position of here)
          await expectGap(two.store, 'log', position, 'read with a position of another epoch')
        const fenced = { ttlMs: LONG_MS, id: freshId(), expect: there[4]! }
        same(await one.store.append('log', 'late', fenced), 'conflict', 'append with an expectation of another epoch')
        await one.store.trim('log', there[4]!)
        await expectRecords(one.store, 'log', 'birth', RECORDS, 'read after a trim with a position of another epoch')
      } finally {
        await one.engine.close()
        await two.engine.close()
      }
    },
  },
]
