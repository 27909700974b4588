/**
 * What the port promises about appending to a log and reading it where nothing is missing.
 *
 * @module
 */
import { EMPTY, type LogEntry, type Position, type Store } from '../engine.ts'
import { comparePositions } from '../position.ts'
import {
  AFTER_SHORT_MS,
  append,
  appendAll,
  check,
  freshId,
  LONG_MS,
  readAll,
  recordsOf,
  SHORT_MS,
  same,
} from './check.ts'
import { type ContractCase, storeCase } from './harness.ts'

const numbered = (count: number, name = 'record'): string[] => Array.from({ length: count }, (_, at) => `${name} ${at}`)

/** The longest position in bytes: it travels inside session ids and event ids. */
const MAX_POSITION_BYTES = 32

function checkPosition(position: Position): void {
  check(
    /^[!-~]+$/.test(position) && !position.includes('.') && position.length <= MAX_POSITION_BYTES,
    `The position ${JSON.stringify(position)} is not 1 to ${MAX_POSITION_BYTES} visible ASCII characters without a dot.`,
  )
}

function checkAscending(entries: readonly LogEntry[]): void {
  for (let at = 1; at < entries.length; at++) {
    const order = comparePositions(entries[at - 1]!.position, entries[at]!.position)
    check(order !== undefined && order < 0, `Position ${entries[at]!.position} does not come after the one before it.`)
  }
}

export const logCases: readonly ContractCase[] = [
  storeCase('log: entries come back in the order of the appends, with id, record and position', async (store) => {
    const expected: LogEntry[] = []
    for (const record of numbered(50)) {
      const id = freshId()
      const outcome = await store.append('log', record, { ttlMs: LONG_MS, id })
      check(typeof outcome === 'object', `append answered ${String(outcome)}.`)
      expected.push({ position: outcome.position, id, record })
    }
    const entries = await readAll(store, 'log', 'birth', 'read from birth')
    same(
      entries.map(({ position, id, record }) => ({ position, id, record })),
      expected,
      'the entries',
    )
  }),

  storeCase('log: appends at once all go in, in one order that every read shows', async (store) => {
    const positions = await Promise.all(numbered(100).map((record) => append(store, 'log', record)))
    const entries = await readAll(store, 'log', 'birth', 'read from birth')
    same(recordsOf(entries).sort(), numbered(100).sort(), 'the records')
    checkAscending(entries)
    const byPosition = new Map(entries.map((entry) => [entry.position, entry.record]))
    for (const [at, position] of positions.entries()) {
      same(byPosition.get(position), `record ${at}`, 'the record at its position')
    }
    same(await readAll(store, 'log', 'oldest', 'read again'), entries, 'a second read')
  }),

  storeCase(
    'log: positions are short visible ASCII, never given twice, and ordered as engine/position.ts says',
    async (store) => {
      const seen = new Set<Position>()
      for (const log of ['log', 'other', 'a/third']) {
        checkPosition(await store.end(log))
        await appendAll(store, log, numbered(300))
        const entries = await readAll(store, log, 'birth', 'read from birth')
        checkAscending(entries)
        for (const { position } of entries) {
          checkPosition(position)
          check(!seen.has(position), `The position ${position} was given twice.`)
          seen.add(position)
        }
      }
    },
  ),

  storeCase(
    'log: positions of different logs and of a log that was lost in between have no order',
    async (store, harness) => {
      const here = await append(store, 'log', 'record', SHORT_MS)
      const there = await append(store, 'other', 'record')
      same(comparePositions(here, there), undefined, 'the order of positions of two logs')
      await harness.pass(AFTER_SHORT_MS)
      same(comparePositions(here, await append(store, 'log', 'record')), undefined, 'the order over a loss of the log')
    },
  ),

  storeCase('log: a log that holds nothing is read without a gap', async (store) => {
    for (const after of ['birth', 'oldest'] as const) {
      same(await readAll(store, 'log', after, `read from ${after}`), [], 'the entries')
    }
    const end = await store.end('log')
    same(await readAll(store, 'log', end, 'read from its end'), [], 'the entries')
    await append(store, 'log', 'first')
    same(recordsOf(await readAll(store, 'log', end, 'read from the end before birth')), ['first'], 'the entries')
    same(recordsOf(await readAll(store, 'log', 'birth', 'read from birth')), ['first'], 'the entries')
  }),

  storeCase('log: the end that a read of an empty log gives is a place to read on from', async (store) => {
    const result = await store.read('log', 'birth', 10)
    check(!result.gap, 'read from birth of an empty log answered gap.')
    await append(store, 'log', 'first')
    same(recordsOf(await readAll(store, 'log', result.end, 'read from that end')), ['first'], 'the entries')
  }),

  storeCase('log: end is the position of the last entry, and read says it whatever its limit', async (store) => {
    const positions = await appendAll(store, 'log', numbered(5))
    same(await store.end('log'), positions.at(-1), 'end')
    for (const limit of [1, 5, 100]) {
      const result = await store.read('log', 'birth', limit)
      same(result.gap === false && result.end, positions.at(-1), `the end of a read with limit ${limit}`)
    }
  }),

  storeCase('log: a read takes what directly follows a position, at most limit entries', async (store) => {
    const records = numbered(25)
    const positions = await appendAll(store, 'log', records)
    for (const [at, position] of positions.entries()) {
      const entries = await readAll(store, 'log', position, `read after entry ${at}`, 4)
      same(recordsOf(entries), records.slice(at + 1, at + 5), `the entries after entry ${at}`)
    }
    const collected: string[] = []
    let after: Position | 'birth' = 'birth'
    for (;;) {
      const entries: readonly LogEntry[] = await readAll(store, 'log', after, 'read on', 7)
      if (entries.length === 0) break
      collected.push(...recordsOf(entries))
      after = entries.at(-1)!.position
    }
    same(collected, records, 'what reads of seven entries collect')
  }),

  storeCase('log: records come back as they were appended, whatever text they are', async (store) => {
    const records = ['', ' ', '0', '"\\\n\r\t', 'ä€😀\u2028\ufeff', 'x'.repeat(100_000)]
    await appendAll(store, 'log', records)
    same(recordsOf(await readAll(store, 'log', 'birth', 'read')), records, 'the records')
  }),

  storeCase('log: logs are independent, and apart from the table', async (store) => {
    const names = ['a', 'a/b', 'a/', 'A', 'a b', '{a}', 'a*', '__proto__']
    for (const name of names) await append(store, name, `record of ${name}`)
    await store.put('a', 'value', { ttlMs: LONG_MS })
    await store.trim('a/', await store.end('a/'))
    for (const name of names.filter((other) => other !== 'a/')) {
      const entries = await readAll(store, name, 'birth', `read of ${name}`)
      same(recordsOf(entries), [`record of ${name}`], `the records of ${name}`)
    }
    same((await store.get('a'))?.value, 'value', 'the table entry of the same name')
  }),

  storeCase('log: a cap drops the oldest entries, and does so by default', async (store) => {
    for (const whenFull of [undefined, 'drop-oldest'] as const) {
      const log = `capped ${whenFull}`
      for (const record of numbered(12)) {
        const options = { ttlMs: LONG_MS, id: freshId(), cap: 5, ...(whenFull && { whenFull }) }
        check(typeof (await store.append(log, record, options)) === 'object', 'append at the cap did not go through.')
      }
      const entries = await readAll(store, log, 'oldest', 'read of what is left')
      same(recordsOf(entries), numbered(12).slice(-5), 'what is left')
    }
  }),

  storeCase('log: a log that refuses at its cap answers full and stays as it is', async (store) => {
    const options = { ttlMs: LONG_MS, cap: 3, whenFull: 'refuse' } as const
    const positions = await appendAll(store, 'log', numbered(3))
    for (let attempt = 0; attempt < 3; attempt++) {
      same(await store.append('log', 'too many', { ...options, id: freshId() }), 'full', 'append at the cap')
    }
    same(recordsOf(await readAll(store, 'log', 'birth', 'read')), numbered(3), 'the entries')
    same(await store.end('log'), positions[2], 'end')
    await store.trim('log', positions[0]!)
    const outcome = await store.append('log', 'now it fits', { ...options, id: freshId() })
    check(typeof outcome === 'object', `append below the cap answered ${String(outcome)}.`)
    same(
      recordsOf(await readAll(store, 'log', 'oldest', 'read')),
      ['record 1', 'record 2', 'now it fits'],
      'the entries',
    )
  }),

  storeCase('log: append with expect goes in only at that end, and a conflict changes nothing', async (store) => {
    const [first, second] = await appendAll(store, 'log', ['first', 'second'])
    const foreign = await append(store, 'other', 'record')
    for (const [expect, what] of [
      [first, 'an older position'],
      [foreign, 'a position of another log'],
      [EMPTY, 'empty'],
    ] as const) {
      const outcome = await store.append('log', 'fenced', { ttlMs: LONG_MS, id: freshId(), expect: expect! })
      same(outcome, 'conflict', `append with ${what} as expect`)
    }
    same(await store.end('log'), second, 'end after the conflicts')
    const outcome = await store.append('log', 'third', { ttlMs: LONG_MS, id: freshId(), expect: second! })
    check(typeof outcome === 'object', `append with the end as expect answered ${String(outcome)}.`)
    same(recordsOf(await readAll(store, 'log', 'birth', 'read')), ['first', 'second', 'third'], 'the entries')
  }),

  storeCase('log: append with expect empty goes in only where nothing is held', async (store, harness) => {
    const fenced = async (log: string): Promise<unknown> => {
      const outcome = await store.append(log, 'fenced', { ttlMs: LONG_MS, id: freshId(), expect: EMPTY })
      return typeof outcome === 'object' ? 'done' : outcome
    }
    same(await fenced('new'), 'done', 'on a log that never was')
    same(await fenced('new'), 'conflict', 'on a log with an entry')
    await store.trim('trimmed', await append(store, 'trimmed', 'gone'))
    same(await fenced('trimmed'), 'done', 'on a log whose entries were all trimmed')
    await append(store, 'expired', 'gone', SHORT_MS)
    await harness.pass(AFTER_SHORT_MS)
    same(await fenced('expired'), 'done', 'on a log that has expired')
  }),

  storeCase('log: the end of an empty log is an expectation too', async (store) => {
    const expect = await store.end('log')
    const outcome = await store.append('log', 'first', { ttlMs: LONG_MS, id: freshId(), expect })
    check(typeof outcome === 'object', `append with the end of a log that never was answered ${String(outcome)}.`)
    const again = await store.append('log', 'second', { ttlMs: LONG_MS, id: freshId(), expect })
    same(again, 'conflict', 'append with the same expectation, when the log has an entry')
    await store.trim('log', outcome.position)
    const emptied = { ttlMs: LONG_MS, id: freshId(), expect: await store.end('log') }
    check(
      typeof (await store.append('log', 'third', emptied)) === 'object',
      'append at the end of a trimmed log failed.',
    )
  }),

  storeCase('log: a refused append leaves nothing behind, not even an empty log', async (store) => {
    const before = await store.end('log')
    const nowhere = await append(store, 'other', 'record')
    same(await store.append('log', 'x', { ttlMs: LONG_MS, id: freshId(), expect: nowhere }), 'conflict', 'append')
    same(await readAll(store, 'log', 'birth', 'read'), [], 'the entries')
    const outcome = await store.append('log', 'first', { ttlMs: LONG_MS, id: freshId(), expect: before })
    check(typeof outcome === 'object', `append at the end from before answered ${String(outcome)}.`)
  }),

  storeCase('log: of many appends at once with one expectation exactly one goes in', async (store) => {
    let expect: Position = EMPTY
    for (let round = 0; round < 10; round++) {
      const writers = numbered(16, `round ${round}, writer`)
      const outcomes = await Promise.all(
        writers.map((record) => store.append('log', record, { ttlMs: LONG_MS, id: freshId(), expect })),
      )
      const winners = outcomes.flatMap((outcome, at) => (typeof outcome === 'object' ? [{ at, ...outcome }] : []))
      same(winners.length, 1, 'the number of winners')
      const entries = await readAll(store, 'log', 'birth', 'read')
      same(recordsOf(entries).at(-1), writers[winners[0]!.at], 'the last record')
      same(entries.length, round + 1, 'the number of entries')
      expect = winners[0]!.position
    }
  }),

  storeCase('log: an append again with the same id is answered like the first, and nothing is added', async (store) => {
    const options = { ttlMs: LONG_MS, id: 'retried' }
    const first = await store.append('log', 'record', options)
    await append(store, 'log', 'another')
    same(await store.append('log', 'record', options), first, 'the second attempt')
    same(recordsOf(await readAll(store, 'log', 'birth', 'read')), ['record', 'another'], 'the entries')
    const elsewhere = await store.append('other', 'record', options)
    check(typeof elsewhere === 'object', 'append with that id to another log did not go through.')
    same(recordsOf(await readAll(store, 'other', 'birth', 'read')), ['record'], 'the entries of another log')
  }),

  storeCase('log: an append again is recognised whatever has become of expect, cap and entry', async (store) => {
    const fenced = { ttlMs: LONG_MS, id: 'fenced', expect: EMPTY }
    const first = await store.append('log', 'record', fenced)
    same(await store.append('log', 'record', fenced), first, 'a second attempt whose own first one has moved the end')
    const capped = { ttlMs: LONG_MS, id: 'capped', cap: 2, whenFull: 'refuse' } as const
    const second = await store.append('log', 'last that fits', capped)
    same(await store.append('log', 'last that fits', capped), second, 'a second attempt on a log that is full by now')
    check(typeof second === 'object', 'append below the cap did not go through.')
    await store.trim('log', second.position)
    same(await store.append('log', 'record', fenced), first, 'a second attempt for an entry that was trimmed')
    same(await readAll(store, 'log', 'oldest', 'read'), [], 'the entries')
  }),

  storeCase('log: an append again is recognised for 60 seconds', async (store, harness) => {
    const options = { ttlMs: LONG_MS, id: 'retried' }
    const first = await store.append('log', 'record', options)
    await append(store, 'log', 'another')
    await harness.pass(59_000)
    same(await store.append('log', 'record', options), first, 'the second attempt after 59 s')
    same(recordsOf(await readAll(store, 'log', 'birth', 'read')), ['record', 'another'], 'the entries')
  }),

  storeCase('log: an append that was refused may succeed with the same id', async (store) => {
    const position = await append(store, 'log', 'first')
    const options = { ttlMs: LONG_MS, id: 'refused', cap: 1, whenFull: 'refuse' } as const
    same(await store.append('log', 'second', options), 'full', 'append at the cap')
    await store.trim('log', position)
    check(typeof (await store.append('log', 'second', options)) === 'object', 'append with room did not go through.')
    same(recordsOf(await readAll(store, 'log', 'oldest', 'read')), ['second'], 'the entries')
  }),

  storeCase('log: time counts from the last append, and reading does not renew it', async (store, harness) => {
    await append(store, 'renewed', '1', 2 * SHORT_MS)
    await append(store, 'read', '1', 2 * SHORT_MS)
    await harness.pass(AFTER_SHORT_MS)
    await append(store, 'renewed', '2', 2 * SHORT_MS)
    await expectRecords(store, 'read', ['1'])
    await harness.pass(AFTER_SHORT_MS)
    await expectRecords(store, 'renewed', ['1', '2'])
    await expectRecords(store, 'read', [])
    await append(store, 'shortened', '1', LONG_MS)
    await append(store, 'shortened', '2', SHORT_MS)
    await harness.pass(AFTER_SHORT_MS)
    await expectRecords(store, 'shortened', [])
  }),
]

async function expectRecords(store: Store, log: string, records: readonly string[]): Promise<void> {
  same(recordsOf(await readAll(store, log, 'oldest', `read of ${log}`)), records, `the records of ${log}`)
}
