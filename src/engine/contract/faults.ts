/**
 * What the port promises when something breaks. Each case needs a disturbance that the harness can cause.
 *
 * @module
 */
import { ABSENT, EMPTY } from '../engine.ts'
import {
  append,
  appendAll,
  check,
  everyOperation,
  expectGap,
  freshId,
  LONG_MS,
  pause,
  readAll,
  recordsOf,
  rejects,
  same,
  within,
} from './check.ts'
import { type ContractCase, type EngineHarness, need, type OpenedEngine, withEngine } from './harness.ts'

const life = { ttlMs: LONG_MS }

/** In real time: long enough for a tail to notice that its connection is gone. */
const NOTICE_MS = 50

function faultCase(
  needs: NonNullable<ContractCase['needs']>,
  name: string,
  run: (opened: OpenedEngine, harness: EngineHarness) => Promise<void>,
): ContractCase {
  return {
    name: `fault: ${name}`,
    needs,
    async run(harness) {
      need(harness, needs)
      await withEngine(harness, (_, opened) => run(opened, harness))
    },
  }
}

export const faultCases: readonly ContractCase[] = [
  faultCase('loseAnswer', 'a put whose answer was lost is done once by the second attempt', async (opened, harness) => {
    const { store } = opened
    const first = { ...life, expect: ABSENT, version: 'first' }
    need(harness, 'loseAnswer')(opened)
    await rejects(store.put('key', 'value', first), 'unavailable', 'the first attempt')
    same(await store.put('key', 'value', first), { version: 'first' }, 'the second attempt')
    same(await store.get('key'), { value: 'value', version: 'first' }, 'get')
    const second = { ...life, expect: 'first', version: 'second' }
    need(harness, 'loseAnswer')(opened)
    await rejects(store.put('key', 'other', second), 'unavailable', 'the first attempt')
    same(await store.put('key', 'other', second), { version: 'second' }, 'the second attempt')
  }),

  faultCase(
    'loseAnswer',
    'an append whose answer was lost is in the log once, fence or not',
    async (opened, harness) => {
      const { store } = opened
      for (const [at, options] of [
        { ...life, id: 'one', expect: EMPTY },
        { ...life, id: 'two' },
        { ...life, id: 'three', cap: 3, whenFull: 'refuse' as const },
      ].entries()) {
        need(harness, 'loseAnswer')(opened)
        await rejects(store.append('log', options.id, options), 'unavailable', 'the first attempt')
        const outcome = await store.append('log', options.id, options)
        check(typeof outcome === 'object', `The second attempt answered ${String(outcome)}.`)
        const entries = await readAll(store, 'log', 'birth', 'read')
        same(recordsOf(entries), ['one', 'two', 'three'].slice(0, at + 1), 'the entries')
        same(entries.at(-1)?.position, outcome.position, 'the position of the second attempt')
      }
    },
  ),

  faultCase(
    'replaceData',
    'after a change of the data every operation says so, before it returns any of it',
    async (opened, harness) => {
      const { store } = opened
      await store.put('key', 'value', life)
      await append(store, 'log', 'record')
      await need(harness, 'replaceData')(opened)
      for (const [name, run] of everyOperation(store)) {
        await within(harness, rejects(run(), 'epoch_changed', name), name)
      }
      same(opened.losses(), 1, 'how often onLost was called')
    },
  ),

  faultCase('replaceData', 'a tail does not hang over a change of the data', async (opened, harness) => {
    const { store } = opened
    const start = await append(store, 'log', 'record')
    const tail = store.tail('log', start, new AbortController().signal)[Symbol.asyncIterator]()
    const next = tail.next()
    const rejected = rejects(next, 'epoch_changed', 'the next batch')
    await need(harness, 'replaceData')(opened)
    await within(harness, rejected, 'the tail')
  }),

  faultCase('replaceData', 'the store after a change has another epoch and is empty', async (opened, harness) => {
    const before = opened.store
    const versions = new Set<string>()
    for (let round = 0; round < 20; round++) {
      const outcome = await before.put('key', 'value', life)
      if (typeof outcome === 'object') versions.add(outcome.version)
    }
    const positions = await appendAll(before, 'log', ['a', 'b', 'c'])
    await need(harness, 'replaceData')(opened)
    const after = await opened.reopen()
    check(after.epoch !== before.epoch, `The epoch is still ${after.epoch}.`)
    same(await after.get('key'), undefined, 'get')
    same(await readAll(after, 'log', 'birth', 'read'), [], 'the entries')
    await appendAll(after, 'log', ['d', 'e', 'f', 'g'])
    for (const position of positions) await expectGap(after, 'log', position, 'read with a position of before')
    for (let round = 0; round < 40; round++) {
      const outcome = await after.put('key', 'other value', life)
      check(typeof outcome === 'object', 'put did not go through.')
      check(!versions.has(outcome.version), `The version ${outcome.version} was given again after a loss of data.`)
    }
    same(await after.put('key', 'x', { ...life, expect: [...versions][19]! }), 'conflict', 'expect of before')
  }),

  faultCase(
    'emptyPartition',
    'a part of the data that comes back empty is not read as if it were the same',
    async (opened, harness) => {
      const { store } = opened
      const position = await append(store, 'log', 'record')
      await need(harness, 'emptyPartition')(opened, 'log')
      await rejects(store.read('log', position, 10), 'epoch_changed', 'read')
      const fenced = { ...life, id: freshId(), expect: position }
      await rejects(store.append('log', 'late', fenced), 'epoch_changed', 'append')
      await rejects(store.end('log'), 'epoch_changed', 'end')
      same(opened.losses(), 1, 'how often onLost was called')
      const after = await opened.reopen()
      await append(after, 'log', 'anew')
      await expectGap(after, 'log', position, 'read with a position of before')
    },
  ),

  faultCase(
    'dropTail',
    'a reader of entries that a failover has lost gets a gap, others go on',
    async (opened, harness) => {
      const { store } = opened
      const positions = await appendAll(store, 'log', ['a', 'b', 'c', 'd'])
      await need(harness, 'dropTail')(opened, 'log', 2)
      const after = opened.losses() > 0 ? await opened.reopen() : store
      const late = { ...life, id: freshId(), expect: positions[3]! }
      same(await after.append('log', 'late', late), 'conflict', 'append after a lost entry')
      const fresh = await appendAll(after, 'log', ['e', 'f'])
      for (const at of [2, 3]) {
        check(!fresh.includes(positions[at]!), `The position ${positions[at]} of a lost entry was given again.`)
        await expectGap(after, 'log', positions[at]!, 'read after a lost entry')
      }
      same(
        recordsOf(await readAll(after, 'log', positions[1]!, 'read')),
        ['e', 'f'],
        'what follows the last entry left',
      )
    },
  ),

  faultCase(
    'cutOff',
    'without a connection every operation settles as unavailable, and works afterwards',
    async (opened, harness) => {
      const { store } = opened
      const position = await append(store, 'log', 'before')
      const reconnect = await need(harness, 'cutOff')(opened)
      for (const [name, run] of everyOperation(store).filter(([name]) => name !== 'tail')) {
        await within(harness, rejects(run(), 'unavailable', name), name)
      }
      await reconnect()
      await append(store, 'log', 'after')
      const records = recordsOf(await readAll(store, 'log', position, 'read'))
      same(records.at(-1), 'after', 'the last record')
    },
  ),

  faultCase('cutOff', 'a tail survives a lost connection by its position', async (opened, harness) => {
    const { store } = opened
    const stop = new AbortController()
    const tail = store.tail('log', await append(store, 'log', 'before'), stop.signal)[Symbol.asyncIterator]()
    const next = tail.next()
    next.catch(() => {})
    const reconnect = await need(harness, 'cutOff')(opened)
    await pause(NOTICE_MS)
    await reconnect()
    await append(store, 'log', 'after')
    const result = await within(harness, next, 'the batch after the connection came back')
    check(result.done !== true && !result.value.gap, 'The tail ended or reported a gap.')
    same(recordsOf(result.value.entries), ['after'], 'what the tail brought')
    stop.abort()
  }),
]
