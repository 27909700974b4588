/**
 * What the port promises about following a log.
 *
 * @module
 */
import { EngineError, type Position, type Store, type TailBatch } from '../engine.ts'
import { AFTER_SHORT_MS, append, appendAll, check, recordsOf, SHORT_MS, same, within } from './check.ts'
import { type ContractCase, type EngineHarness, storeCase } from './harness.ts'

/** Follows a log by hand, batch after batch. */
class Follower {
  readonly #iterator: AsyncIterator<TailBatch>
  readonly #stop = new AbortController()
  readonly #harness: EngineHarness
  /** What came in the last batch and was not asked for yet. */
  #rest: string[] = []

  constructor(harness: EngineHarness, store: Store, log: string, after: Position) {
    this.#harness = harness
    this.#iterator = store.tail(log, after, this.#stop.signal)[Symbol.asyncIterator]()
  }

  /** The next batch, whenever it comes. */
  ask(): Promise<IteratorResult<TailBatch>> {
    return this.#iterator.next()
  }

  async batch(what: string): Promise<TailBatch> {
    const result = await within(this.#harness, this.ask(), what)
    check(result.done !== true, `${what}: the tail ended.`)
    return result.value
  }

  /** Takes batches until `count` records have come. None of them may be a gap, and none may be empty. */
  async records(count: number, what: string): Promise<string[]> {
    while (this.#rest.length < count) {
      const batch = await this.batch(what)
      check(!batch.gap, `${what}: the tail reported a gap.`)
      check(batch.entries.length > 0, `${what}: the tail yielded a batch without entries.`)
      this.#rest.push(...recordsOf(batch.entries))
    }
    return this.#rest.splice(0, count)
  }

  async gap(what: string): Promise<Position> {
    const batch = await this.batch(what)
    check(batch.gap, `${what}: expected a gap, got entries.`)
    return batch.oldest
  }

  abort(): void {
    this.#stop.abort()
  }
}

/** Runs with a tail that is ended whatever happens. */
function tailCase(
  name: string,
  run: (store: Store, follow: (log: string, after: Position) => Follower, harness: EngineHarness) => Promise<void>,
): ContractCase {
  return storeCase(`tail: ${name}`, async (store, harness) => {
    const followers: Follower[] = []
    const follow = (log: string, after: Position): Follower => {
      const follower = new Follower(harness, store, log, after)
      followers.push(follower)
      return follower
    }
    try {
      await run(store, follow, harness)
    } finally {
      for (const follower of followers) follower.abort()
    }
  })
}

/** Lets this many promises settle before it goes on. */
async function promises(count: number): Promise<void> {
  for (let at = 0; at < count; at++) await undefined
}

export const tailCases: readonly ContractCase[] = [
  tailCase('it brings what stands after its position, then what is appended, in order', async (store, follow) => {
    const held = await appendAll(store, 'log', ['a', 'b', 'c'])
    const follower = follow('log', held[0]!)
    same(await follower.records(2, 'what stands in the log'), ['b', 'c'], 'what stands in the log')
    for (const record of ['d', 'e', 'f']) {
      const next = follower.records(1, `the append of ${record}`)
      await append(store, 'log', record)
      same(await next, [record], 'what was appended')
    }
  }),

  tailCase('it brings five hundred appends at once, each once and in the order of a read', async (store, follow) => {
    const follower = follow('log', await store.end('log'))
    const records = Array.from({ length: 500 }, (_, at) => `record ${at}`)
    const followed = follower.records(500, 'the tail')
    await Promise.all(records.map((record) => append(store, 'log', record)))
    const read = await store.read('log', 'birth', 1_000)
    same(await followed, read.gap ? [] : recordsOf(read.entries), 'what the tail brought')
  }),

  tailCase('it misses no append that falls into the moment in which it begins to wait', async (store, follow) => {
    for (let delay = 0; delay < 12; delay++) {
      const log = `log ${delay}`
      const follower = follow(log, await append(store, log, 'before'))
      for (const record of ['first', 'second']) {
        const next = follower.records(1, `an append ${delay} promises after the tail was asked`)
        if (delay > 0) await promises(delay - 1)
        void append(store, log, record).catch(() => {})
        same(await next, [record], 'what was appended')
      }
    }
  }),

  tailCase('it waits for a log that does not exist yet', async (store, follow) => {
    const follower = follow('log', await store.end('log'))
    const next = follower.records(1, 'the first append')
    await promises(20)
    await append(store, 'log', 'first')
    same(await next, ['first'], 'what was appended')
  }),

  tailCase('every tail of a log brings everything', async (store, follow) => {
    const start = await append(store, 'log', 'before')
    const followers = [follow('log', start), follow('log', start), follow('log', start)]
    const followed = Promise.all(followers.map((follower) => follower.records(3, 'a tail')))
    await appendAll(store, 'log', ['a', 'b', 'c'])
    for (const records of await followed) same(records, ['a', 'b', 'c'], 'what a tail brought')
  }),

  tailCase('it is not disturbed by appends to other logs', async (store, follow) => {
    const follower = follow('log', await append(store, 'log', 'before'))
    const next = follower.records(1, 'the append to its own log')
    await appendAll(store, 'other', ['x', 'y'])
    await promises(50)
    await append(store, 'log', 'mine')
    same(await next, ['mine'], 'what the tail brought')
  }),

  tailCase('it reports a gap first where its position is no longer followed, then goes on', async (store, follow) => {
    const positions = await appendAll(store, 'log', ['a', 'b', 'c', 'd'])
    await store.trim('log', positions[2]!)
    const follower = follow('log', positions[0]!)
    same(await follower.gap('a tail from a trimmed place'), positions[2], 'the oldest place that the gap names')
    same(await follower.records(1, 'what is left'), ['d'], 'what is left')
    await append(store, 'log', 'e')
    same(await follower.records(1, 'what was appended'), ['e'], 'what was appended')
  }),

  tailCase('a slow reader that a trim overtakes gets a gap, never a hole', async (store, follow) => {
    const follower = follow('log', await append(store, 'log', 'a'))
    await append(store, 'log', 'b')
    same(await follower.records(1, 'the first batch'), ['b'], 'the first batch')
    const positions = await appendAll(store, 'log', ['c', 'd', 'e'])
    await store.trim('log', positions[1]!)
    await follower.gap('the batch after the trim')
    same(await follower.records(1, 'what is left'), ['e'], 'what is left')
  }),

  tailCase(
    'a log expires while it is followed, and its next life begins with a gap',
    async (store, follow, harness) => {
      const follower = follow('log', await append(store, 'log', 'a', SHORT_MS))
      const next = follower.ask()
      await promises(20)
      await harness.pass(AFTER_SHORT_MS)
      const read = await store.read('log', 'oldest', 10)
      same(read.gap ? 'gap' : recordsOf(read.entries), [], 'a read of the log whose time is over')
      await append(store, 'log', 'b')
      const result = await within(harness, next, 'the next batch')
      check(result.done !== true && result.value.gap, 'The tail went on over the end of a log without a gap.')
      same(await follower.records(1, 'the next life'), ['b'], 'what the next life begins with')
    },
  ),

  tailCase('it ends when its signal aborts, waiting or not', async (store, follow, harness) => {
    const start = await append(store, 'log', 'before')
    const waiting = follow('log', start)
    const next = waiting.ask()
    await promises(20)
    waiting.abort()
    same((await within(harness, next, 'the end of a waiting tail')).done, true, 'whether a waiting tail ended')
    const late = follow('log', start)
    late.abort()
    same((await within(harness, late.ask(), 'the end of a tail')).done, true, 'whether an aborted tail ended')
    const busy = follow('log', start)
    await append(store, 'log', 'a')
    same(await busy.records(1, 'the first batch'), ['a'], 'the first batch')
    busy.abort()
    await append(store, 'log', 'b')
    same((await within(harness, busy.ask(), 'the end of a busy tail')).done, true, 'whether a busy tail ended')
    same((await store.read('log', start, 10)).gap, false, 'whether a read after it is a gap')
  }),

  storeCase('tail: it does not hang when the engine is closed', async (store, harness, opened) => {
    const follower = new Follower(harness, store, 'log', await append(store, 'log', 'before'))
    const next = follower.ask().then(
      (result) => (result.done === true ? 'ended' : 'went on'),
      (thrown: unknown) => (thrown instanceof EngineError ? thrown.code : String(thrown)),
    )
    await promises(20)
    await opened.engine.close()
    const outcome = await within(harness, next, 'the tail of a closed engine')
    check(outcome === 'ended' || outcome === 'closed', `The tail of a closed engine ${outcome}.`)
  }),
]
