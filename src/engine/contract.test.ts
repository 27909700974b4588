/**
 * The suite itself: it passes on an engine that can be broken in every way, and each of its cases fails on some engine
 * that does not keep what the case is about.
 */
import { describe, expect, test } from 'vitest'
import { brittleHarness, type Weakness } from '../../test/unit/brittle-engine.ts'
import { memoryHarness, type Twist } from '../../test/unit/memory-harness.ts'
import { AbilityMissing, ContractViolation, type EngineHarness, engineContract, runModel } from './contract.ts'
import { ABSENT, EMPTY, EngineError, type LogEntry, type Position, type Store, type TableEntry } from './engine.ts'

/** Which cases failed at least once. */
const caught = new Set<string>()

async function failures(harness: () => EngineHarness, names: RegExp): Promise<string[]> {
  const failed: string[] = []
  for (const { name, run } of engineContract) {
    if (!names.test(name)) continue
    const thrown = await run(harness()).then(
      () => undefined,
      (reason: unknown) => reason,
    )
    if (thrown === undefined || thrown instanceof AbilityMissing) continue
    failed.push(name)
    caught.add(name)
  }
  return failed
}

describe('cases 17 and 53: on an engine that can be broken', () => {
  for (const { name, needs, run } of engineContract) {
    if (needs !== undefined && needs !== 'loseAnswer') test(name, () => run(brittleHarness()))
  }

  test('whatever needs no disturbance holds as well', async () => {
    expect(await failures(brittleHarness, /^(table|log|gap|closed)/)).toEqual([])
  })

  test('a case without its disturbance says so', async () => {
    const lacking = engineContract.filter(({ needs }) => needs === 'dropTail')
    expect(lacking.length).toBeGreaterThan(0)
    for (const { run } of lacking) await expect(run(memoryHarness())).rejects.toBeInstanceOf(AbilityMissing)
  })
})

/** Answers of one log or key, kept to be given again. */
const kept = (): Map<string, TableEntry | undefined> => new Map()

const twists: readonly (readonly [name: string, cases: RegExp, twist: Twist])[] = [
  [
    'reads from a copy that lags behind',
    /^table/,
    (store) => {
      const copy = kept()
      return {
        async get(key) {
          const before = copy.get(key)
          copy.set(key, await store.get(key))
          return before
        },
      }
    },
  ],
  [
    'folds the case of keys and trims them',
    /^(table|log)/,
    (store) => {
      const fold = (text: string): string => text.toLowerCase().replace(/[/ ].*/, '')
      return {
        get: (key) => store.get(fold(key)),
        put: (key, value, options) => store.put(fold(key), value, options),
        append: (log, record, options) => store.append(fold(log), record, options),
        read: (log, after, limit) => store.read(fold(log), after, limit),
        trim: (log, through) => store.trim(fold(log), through),
      }
    },
  ],
  [
    'keeps no empty values and no characters beyond the basic plane',
    /^(table|log)/,
    (store) => {
      const narrow = (text: string): string => (text === '' ? ' ' : text.replace(/[\u{10000}-\u{10ffff}]/gu, '?'))
      return {
        put: (key, value, options) => store.put(key, narrow(value), options),
        append: (log, record, options) => store.append(log, narrow(record), options),
      }
    },
  ],
  [
    'counts versions per key',
    /^table/,
    (store) => {
      const counts = new Map<string, number>()
      return {
        async put(key, value, options) {
          const count = (counts.get(key) ?? 0) + 1
          counts.set(key, (await store.get(key)) === undefined ? 1 : count)
          return store.put(key, value, { ...options, version: options.version ?? `v${counts.get(key)}` })
        },
      }
    },
  ],
  [
    'makes versions of its own',
    /^(table|fault)/,
    (store) => ({ put: (key, value, { version: _, ...options }) => store.put(key, value, options) }),
  ],
  [
    'puts without looking at the expectation',
    /^table/,
    (store) => ({ put: (key, value, { expect: _, ...options }) => store.put(key, value, options) }),
  ],
  [
    'puts although it says conflict',
    /^table/,
    (store) => ({
      async put(key, value, options) {
        const outcome = await store.put(key, value, options)
        if (outcome === 'conflict') await store.put(key, value, { ttlMs: options.ttlMs })
        return outcome
      },
    }),
  ],
  [
    'looks at the expectation before it writes, not while',
    /^table/,
    (store) => ({
      async put(key, value, { expect, ...options }) {
        const version = (await store.get(key))?.version ?? ABSENT
        if (expect !== undefined && expect !== version && options.version !== version) return 'conflict'
        return store.put(key, value, options)
      },
    }),
  ],
  [
    'recognises a second attempt only while the value is in place',
    /^table/,
    (store) => ({
      async put(key, value, { version, ...options }) {
        const row = await store.get(key)
        if (version !== undefined && row?.version === version) return { version }
        const outcome = await store.put(key, value, options)
        return outcome === 'conflict' || version === undefined ? outcome : { version }
      },
    }),
  ],
  [
    'says of every delete that it removed something',
    /^table/,
    (store) => ({ delete: (key) => store.delete(key).then(() => true) }),
  ],
  ['deletes without looking at the expectation', /^table/, (store) => ({ delete: (key) => store.delete(key) })],
  ['deletes nothing', /^table/, () => ({ delete: async () => true })],
  [
    'keeps entries for ever',
    /^table/,
    (store) => ({ put: (key, value, options) => store.put(key, value, { ...options, ttlMs: 1e12 }) }),
  ],
  [
    'renews an entry when it is read',
    /^table/,
    (store) => ({
      async get(key) {
        const row = await store.get(key)
        if (row !== undefined) await store.put(key, row.value, { ttlMs: 2_000 })
        return row
      },
    }),
  ],
  [
    'reads in the wrong order',
    /^(log|tail)/,
    (store) => ({ read: mapEntries(store, (entries) => [...entries].reverse()) }),
  ],
  [
    'forgets ids',
    /^log/,
    (store) => ({ read: mapEntries(store, (entries) => entries.map((entry) => ({ ...entry, id: '' }))) }),
  ],
  [
    'skips an entry now and then',
    /^log/,
    (store) => ({ read: mapEntries(store, (entries) => entries.filter((_, at) => at !== 20)) }),
  ],
  [
    'reads the entry at the position too',
    /^(log|gap)/,
    (store) => ({
      async read(log, after, limit) {
        const all = await store.read(log, 'oldest', 10_000)
        if (all.gap) return all
        const at = all.entries.findIndex(({ position }) => position === after)
        return at === -1 ? store.read(log, after, limit) : { ...all, entries: all.entries.slice(at, at + limit) }
      },
    }),
  ],
  ['takes no notice of the limit', /^log/, (store) => ({ read: (log, after) => store.read(log, after, 10_000) })],
  [
    'says the end of the batch, not of the log',
    /^log/,
    (store) => ({
      async read(log, after, limit) {
        const result = await store.read(log, after, limit)
        return result.gap ? result : { ...result, end: result.entries.at(-1)?.position ?? result.end }
      },
    }),
  ],
  [
    'gives long positions',
    /^log/,
    (store) =>
      positions(
        store,
        (position) => `${position}${'.'.repeat(20)}`,
        (position) => position.replace(/\.+$/, ''),
      ),
  ],
  [
    'numbers the entries of every log alike',
    /^(log|gap)/,
    (store) => {
      const own = async (log: string, position: string): Promise<string> =>
        position.includes('-')
          ? `${(await store.end(log)).replace(/[^-]+$/, '')}${position.split('-').at(-1)}`
          : position
      return {
        async append(log, record, options) {
          const expect = options.expect && (await own(log, options.expect))
          const outcome = await store.append(log, record, { ...options, ...(expect && { expect }) })
          return typeof outcome === 'object' ? { position: alike(outcome.position) } : outcome
        },
        async read(log, after, limit) {
          const result = await store.read(log, await own(log, after), limit)
          if (result.gap) return { gap: true, oldest: alike(result.oldest) }
          const entries = result.entries.map((entry) => ({ ...entry, position: alike(entry.position) }))
          return { gap: false, entries, end: alike(result.end) }
        },
        end: async (log) => alike(await store.end(log)),
        trim: async (log, through) => store.trim(log, await own(log, through)),
      }
    },
  ],
  [
    'never answers gap',
    /^(gap|tail)/,
    (store) => ({
      async read(log, after, limit) {
        const result = await store.read(log, after, limit)
        return result.gap ? store.read(log, 'oldest', limit) : result
      },
    }),
  ],
  [
    'answers gap where nothing is there',
    /^(log|gap)/,
    (store) => ({
      async read(log, after, limit) {
        const result = await store.read(log, after, limit)
        return result.gap || result.entries.length > 0 ? result : { gap: true, oldest: result.end }
      },
    }),
  ],
  ['trims nothing', /^(gap|log)/, () => ({ trim: async () => {} })],
  [
    'trims everything whatever the position',
    /^(gap|log)/,
    (store) => ({ trim: async (log) => store.trim(log, await store.end(log)) }),
  ],
  [
    'begins anew when everything was trimmed',
    /^(gap|log)/,
    (store) => {
      const lives = new Map<string, number>()
      const life = (log: string): string => `${log} ${lives.get(log) ?? 0}`
      return {
        append: (log, record, options) => store.append(life(log), record, options),
        read: (log, after, limit) => store.read(life(log), after, limit),
        end: (log) => store.end(life(log)),
        async trim(log, through) {
          await store.trim(life(log), through)
          const rest = await store.read(life(log), 'oldest', 1)
          if (!rest.gap && rest.entries.length === 0) lives.set(log, (lives.get(log) ?? 0) + 1)
        },
      }
    },
  ],
  [
    'appends without looking at the expectation',
    /^(log|gap)/,
    (store) => ({ append: (log, record, { expect: _, ...options }) => store.append(log, record, options) }),
  ],
  [
    'looks at the end before it appends, not while',
    /^log/,
    (store) => ({
      async append(log, record, { expect, ...options }) {
        const end = await store.end(log)
        const held = await store.read(log, 'oldest', 1)
        const empty = !held.gap && held.entries.length === 0
        if (expect !== undefined && !(expect === EMPTY ? empty : expect === end)) return 'conflict'
        return store.append(log, record, options)
      },
    }),
  ],
  [
    'takes empty for a log that never was',
    /^log/,
    (store) => ({
      append: async (log, record, options) =>
        options.expect === EMPTY && (await store.read(log, 'birth', 1)).gap
          ? 'conflict'
          : store.append(log, record, options),
    }),
  ],
  [
    'takes only the position of an entry as the expectation',
    /^log/,
    (store) => ({
      async append(log, record, options) {
        const held = await store.read(log, 'oldest', 1)
        const empty = !held.gap && held.entries.length === 0
        if (empty && options.expect !== undefined && options.expect !== EMPTY) return 'conflict'
        return store.append(log, record, options)
      },
    }),
  ],
  [
    'knows no id again',
    /^(log|fault)/,
    (store) => {
      let ids = 0
      return {
        append: (log, record, options) => store.append(log, record, { ...options, id: `${options.id} ${ids++}` }),
      }
    },
  ],
  [
    'knows ids over all logs',
    /^log/,
    (store) => {
      const seen = new Map<string, { position: Position }>()
      return {
        async append(log, record, options) {
          const outcome = seen.get(options.id) ?? (await store.append(log, record, options))
          if (typeof outcome === 'object') seen.set(options.id, outcome)
          return outcome
        },
      }
    },
  ],
  [
    'knows ids for ten seconds',
    /^log/,
    (store, platform) => ({
      append: (log, record, options) =>
        store.append(log, record, { ...options, id: `${options.id} ${Math.floor(platform.now() / 10_000)}` }),
    }),
  ],
  [
    'remembers refusals',
    /^log/,
    (store) => {
      const refused = new Set<string>()
      return {
        async append(log, record, options) {
          if (refused.has(options.id)) return 'full'
          const outcome = await store.append(log, record, options)
          if (outcome === 'full') refused.add(options.id)
          return outcome
        },
      }
    },
  ],
  [
    'has no cap',
    /^(log|gap)/,
    (store) => ({ append: (log, record, { cap: _, ...options }) => store.append(log, record, options) }),
  ],
  [
    'drops the oldest instead of refusing',
    /^log/,
    (store) => ({ append: (log, record, { whenFull: _, ...options }) => store.append(log, record, options) }),
  ],
  [
    'refuses by default',
    /^(log|gap)/,
    (store) => ({ append: (log, record, options) => store.append(log, record, { whenFull: 'refuse', ...options }) }),
  ],
  [
    'counts time from the first append',
    /^(log|gap)/,
    (store, platform) => {
      const ends = new Map<string, number>()
      return {
        append(log, record, options) {
          const end = ends.get(log) ?? platform.now() + options.ttlMs
          ends.set(log, end)
          return store.append(log, record, { ...options, ttlMs: Math.max(1, end - platform.now()) })
        },
      }
    },
  ],
  [
    'keeps logs for ever',
    /^(log|gap|tail)/,
    (store) => ({ append: (log, record, options) => store.append(log, record, { ...options, ttlMs: 1e12 }) }),
  ],
  [
    'renews a log when it is read',
    /^log/,
    (store) => ({
      async read(log, after, limit) {
        const result = await store.read(log, after, limit)
        if (!result.gap && result.entries.length === 1) {
          await store.append(log, 'renewed', { ttlMs: 1_000_000, id: `renewed ${log}` })
        }
        return result
      },
    }),
  ],
  [
    'follows only what stands there',
    /^tail/,
    (store) => ({
      async *tail(log, after) {
        const result = await store.read(log, after, 10_000)
        yield result
      },
    }),
  ],
  [
    'follows only what is new',
    /^tail/,
    (store) => ({
      async *tail(log, _, signal) {
        yield* store.tail(log, await store.end(log), signal)
      },
    }),
  ],
  [
    'pauses between looking and waiting',
    /^tail/,
    (store) => {
      const wakers = new Set<() => void>()
      return {
        async append(log, record, options) {
          const outcome = await store.append(log, record, options)
          for (const wake of wakers) wake()
          return outcome
        },
        async *tail(log, after, signal) {
          for (let from = after; !signal.aborted; ) {
            const result = await store.read(log, from, 100)
            if (!result.gap && result.entries.length === 0) {
              await new Promise<void>((resolve) => wakers.add(resolve))
            } else {
              yield result
              from = result.gap ? result.oldest : result.entries.at(-1)!.position
            }
          }
        },
      }
    },
  ],
  [
    'hides gaps from followers',
    /^tail/,
    (store) => ({
      async *tail(log, after, signal) {
        for await (const batch of store.tail(log, after, signal)) if (!batch.gap) yield batch
      },
    }),
  ],
  [
    'goes on following after the abort',
    /^tail/,
    (store) => ({ tail: (log, after) => store.tail(log, after, new AbortController().signal) }),
  ],
  [
    'follows every log',
    /^tail/,
    (store) => {
      const wakers = new Set<() => void>()
      return {
        async append(log, record, options) {
          const outcome = await store.append(log, record, options)
          for (const wake of wakers) wake()
          return outcome
        },
        async *tail(log, after, signal) {
          for (let from = after; !signal.aborted; ) {
            const woken = new Promise<void>((resolve) => wakers.add(resolve))
            const result = await store.read(log, from, 100)
            if (result.gap) from = result.oldest
            else from = result.entries.at(-1)?.position ?? from
            yield result
            await woken
          }
        },
      }
    },
  ],
  [
    'gives each entry to one follower',
    /^tail/,
    (store) => {
      const given = new Set<Position>()
      return {
        async *tail(log, after, signal) {
          for await (const batch of store.tail(log, after, signal)) {
            if (batch.gap) yield batch
            else
              yield {
                gap: false,
                entries: batch.entries.filter(({ position }) => !given.has(position) && given.add(position)),
              }
          }
        },
      }
    },
  ],
  ['has small limits', /^limits/, () => ({ limits: { value: 1_000_000, record: 1_000_000 } })],
  [
    'cuts what is large',
    /^limits/,
    (store) => ({
      put: (key, value, options) => store.put(key, value.slice(0, 1_000_000), options),
      append: (log, record, options) => store.append(log, record.slice(0, 1_000_000), options),
    }),
  ],
  [
    'counts characters',
    /^limits/,
    (store) => ({
      async put(key, value, options) {
        if (value.length > store.limits.value) throw new EngineError('too_large', 'Too large.')
        return store.put(key, value.slice(0, 100), options)
      },
    }),
  ],
  ['goes on after it was closed', /^closed/, (store) => ({ get: (key) => store.get(key).catch(() => undefined) })],
  [
    'waits on a closed engine',
    /^tail/,
    (store) => ({
      async *tail(log, after, signal) {
        try {
          yield* store.tail(log, after, signal)
        } catch {
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
        }
      },
    }),
  ],
]

function alike(position: Position): Position {
  return position.replace(/-[^-]+-/, '-same-')
}

function mapEntries(store: Store, map: (entries: readonly LogEntry[]) => readonly LogEntry[]): Store['read'] {
  return async (log, after, limit) => {
    const result = await store.read(log, after, limit)
    return result.gap ? result : { ...result, entries: map(result.entries) }
  }
}

function positions(
  store: Store,
  out: (position: Position) => Position,
  back: (position: Position) => Position,
): Partial<Store> {
  return {
    end: async (log) => out(await store.end(log)),
    async read(log, after, limit) {
      const result = await store.read(log, back(after), limit)
      if (result.gap) return { gap: true, oldest: out(result.oldest) }
      const entries = result.entries.map((entry) => ({ ...entry, position: out(entry.position) }))
      return { gap: false, entries, end: out(result.end) }
    },
  }
}

const weaknesses: readonly (readonly [name: string, Weakness])[] = [
  ['tells nobody that its data was replaced', { silentLoss: true }],
  ['gives positions again that a failover has lost', { reusedPositions: true }],
  ['waits for a connection without an end', { hangs: true }],
  ['stays away when the connection was lost', { neverReconnects: true }],
  ['ends tails with the connection', { fragileTail: true }],
  [
    'hangs in a tail when its data was replaced',
    {
      twist: (store) => ({
        async *tail(log, after, signal) {
          try {
            yield* store.tail(log, after, signal)
          } catch {
            await new Promise(() => {})
          }
        },
      }),
    },
  ],
  [
    'has one epoch for ever, and versions that are counted',
    {
      twist: (store) => {
        let count = 0
        return {
          epoch: 'same',
          put: (key, value, options) =>
            store.put(key, value, { ...options, version: options.version ?? `v${++count}` }),
        }
      },
    },
  ],
]

describe('the suite notices an engine that', () => {
  test.each(twists)('%s', async (_, cases, twist) => {
    expect(await failures(() => ({ ...memoryHarness(twist), patienceMs: 150 }), cases)).not.toEqual([])
  })

  test.each(weaknesses)('%s', async (_, weakness) => {
    expect(await failures(() => brittleHarness(weakness), /^fault/)).not.toEqual([])
  })

  test('does any of that: there is no case that can not fail', () => {
    expect(engineContract.map(({ name }) => name).filter((name) => !caught.has(name))).toEqual([])
  })
})

describe('a run against the model', () => {
  /** Twists that no sequence of single operations shows, or that need reads of more than the run makes. */
  const unseen = [
    'folds',
    'now and then',
    'looks at',
    'keeps no empty',
    'gives long',
    'knows ids for ten',
    'for ever',
    'renews',
    'has small',
    'cuts',
    'counts',
  ]

  const seen = twists.filter(
    ([name, cases]) => !unseen.some((part) => name.includes(part)) && !/^\^(tail|limits|closed)/.test(cases.source),
  )

  test.each(seen)('notices an engine that %s', async (_, __, twist) => {
    await expect(runModel(memoryHarness(twist), { seed: 7, operations: 5_000 })).rejects.toThrow(/with seed 7/)
  })

  test('is repeated by its seed', async () => {
    const twist: Twist = (store) => ({ delete: (key) => store.delete(key) })
    const message = async (seed: number): Promise<string> =>
      runModel(memoryHarness(twist), { seed, operations: 5_000 }).then(
        () => 'nothing found',
        (thrown: ContractViolation) => thrown.message,
      )
    expect(await message(1)).toBe(await message(1))
    expect(await message(1)).not.toBe(await message(2))
  })

  test('ends with a ContractViolation that shows the last operations', async () => {
    const run = runModel(
      memoryHarness(() => ({ get: async () => undefined })),
      { seed: 3, operations: 1_000 },
    )
    const thrown = await run.catch((reason: unknown) => reason)
    expect(thrown).toBeInstanceOf(ContractViolation)
    expect(String(thrown)).toMatch(/\n {2}(put|get|append|read|end|trim|delete|expire) /)
  })
})
