/**
 * Random operations against an engine and the model at once. A run is repeated by its seed.
 *
 * @module
 */
import { ABSENT, EMPTY, type Position, type Store } from '../engine.ts'
import { AFTER_SHORT_MS, ContractViolation, LONG_MS, SHORT_MS } from './check.ts'
import { type EngineHarness, withEngine } from './harness.ts'
import { type Life, Model, type Place } from './model.ts'

export interface ModelRunOptions {
  /** Which operations: the same seed gives the same ones. */
  readonly seed: number
  /** How many. Each lets at most 1.5 s pass, and one in a hundred does. */
  readonly operations: number
}

/** What a run has done, for a look at whether it did enough: how often each outcome came. */
export type ModelRunCounts = { readonly [outcome: string]: number }

/**
 * Runs random operations one after the other and compares every answer with the model.
 *
 * @throws {ContractViolation} at the first difference; its message has the seed and the last operations.
 * @example
 * ```ts
 * await runModel(harness, { seed: 42, operations: 20_000 })
 * ```
 */
export async function runModel(harness: EngineHarness, options: ModelRunOptions): Promise<ModelRunCounts> {
  const counts: Record<string, number> = {}
  await withEngine(harness, async (store) => {
    const run = new ModelRun(store, harness, options.seed)
    for (let at = 0; at < options.operations; at++) {
      try {
        const outcome = await run.step()
        counts[outcome] = (counts[outcome] ?? 0) + 1
      } catch (thrown) {
        const text = thrown instanceof Error ? thrown.message : String(thrown)
        const lines = run.history.map((line) => `\n  ${line}`).join('')
        throw new ContractViolation(`Operation ${at + 1} with seed ${options.seed}: ${text}${lines}`, { cause: thrown })
      }
    }
  })
  return counts
}

/** Few of each, so that operations meet. */
const KEYS = ['k0', 'k1', 'k2', 'k3']
const LOGS = ['l0', 'l1', 'l2']
const HISTORY = 12

/** How many versions and positions of before are tried again. */
const REMEMBERED = 60

class ModelRun {
  readonly history: string[] = []
  readonly #store: Store
  readonly #harness: EngineHarness
  readonly #model = new Model()
  readonly #random: () => number
  /** The position that the engine gave for each place, and the places in the order in which they became known. */
  readonly #positions = new Map<Life, Map<number, Position>>()
  readonly #taken = new Map<Position, Place>()
  readonly #places: Place[] = []
  readonly #versions: string[] = []
  readonly #retries: (() => Promise<string>)[] = []
  #last = { log: '', id: '' }
  #made = 0

  constructor(store: Store, harness: EngineHarness, seed: number) {
    this.#store = store
    this.#harness = harness
    this.#random = seeded(seed)
  }

  /** One operation. Resolves with a word for what it was and how it ended. */
  step(): Promise<string> {
    const roll = this.#random() * 100
    if (roll < 30) return this.#append()
    if (roll < 57) return this.#read()
    if (roll < 62) return this.#end()
    if (roll < 66) return this.#trim()
    if (roll < 78) return this.#put()
    if (roll < 86) return this.#get()
    if (roll < 90) return this.#delete()
    if (roll < 99) return this.#again()
    return this.#expire()
  }

  async #append(): Promise<string> {
    const log = this.#pick(LOGS)
    const entry = { id: `id ${++this.#made}`, record: `record ${this.#made}` }
    // Ids are known per log: another log takes the same one as new.
    if (this.#random() < 0.05 && this.#last.log !== log) entry.id = this.#last.id
    this.#last = { log, id: entry.id }
    const fence = this.#random()
    const expect =
      fence < 0.2 ? this.#model.end(log) : fence < 0.3 ? this.#somePlace() : fence < 0.4 ? EMPTY : undefined
    const cap = this.#random() < 0.3 ? 1 + Math.floor(this.#random() * 6) : undefined
    const refuse = this.#random() < 0.5
    const position = typeof expect === 'object' ? await this.#positionOf(expect) : expect
    const attempt = async (): Promise<string> => {
      const expected = this.#model.append(log, entry, { ...(expect && { expect }), ...(cap && { cap }), refuse })
      const answer = await this.#store.append(log, entry.record, {
        ttlMs: LONG_MS,
        id: entry.id,
        ...(position && { expect: position }),
        ...(cap && { cap }),
        ...(refuse && { whenFull: 'refuse' as const }),
      })
      this.#note(
        `append ${log} ${entry.id} expect ${position} cap ${cap} refuse ${refuse} -> ${JSON.stringify(answer)}`,
      )
      if (typeof expected === 'string' || typeof answer === 'string') {
        this.#equal(typeof answer === 'string' ? answer : 'done', typeof expected === 'string' ? expected : 'done')
      } else {
        this.#learn(expected, answer.position)
      }
      return `append ${typeof expected === 'string' ? expected : 'done'}`
    }
    this.#retries.push(attempt)
    return attempt()
  }

  async #read(): Promise<string> {
    const log = this.#pick(LOGS)
    const from = this.#random()
    const after = from < 0.15 ? 'birth' : from < 0.3 ? 'oldest' : this.#somePlace(log)
    const limit = 1 + Math.floor(this.#random() * 12)
    const expected = this.#model.read(log, after, limit)
    const position = typeof after === 'string' ? after : await this.#positionOf(after)
    const answer = await this.#store.read(log, position, limit)
    this.#note(`read ${log} after ${position} limit ${limit} -> ${JSON.stringify(answer)}`)
    if (expected === 'gap' || answer.gap) {
      this.#equal(answer.gap ? 'gap' : 'entries', expected === 'gap' ? 'gap' : 'entries')
      if (!answer.gap) return 'read'
      const { life } = this.#model.end(log)
      this.#learn({ life, count: life.trimmed }, answer.oldest)
      return 'read gap'
    }
    this.#equal(
      answer.entries.map(({ id, record }) => [id, record]),
      expected.map(({ life, count }) => [life.entries[count - 1]!.id, life.entries[count - 1]!.record]),
    )
    for (const [at, { position: given }] of answer.entries.entries()) this.#learn(expected[at]!, given)
    this.#learn(this.#model.end(log), answer.end)
    return expected.length > 0 ? 'read entries' : 'read nothing'
  }

  async #end(): Promise<string> {
    const log = this.#pick(LOGS)
    const expected = this.#model.end(log)
    const answer = await this.#store.end(log)
    this.#note(`end ${log} -> ${answer}`)
    this.#learn(expected, answer)
    return 'end'
  }

  async #trim(): Promise<string> {
    const log = this.#pick(LOGS)
    const through = this.#random() < 0.3 ? this.#model.end(log) : this.#somePlace(log)
    const position = await this.#positionOf(through)
    this.#note(`trim ${log} through ${position}`)
    this.#model.trim(log, through)
    await this.#store.trim(log, position)
    return 'trim'
  }

  async #put(): Promise<string> {
    const key = this.#pick(KEYS)
    const row = { value: `value ${++this.#made}`, version: `version ${this.#made}` }
    const fence = this.#random()
    const current = this.#model.row(key)?.version ?? ABSENT
    const expect = fence < 0.4 ? current : fence < 0.6 ? this.#pick([...this.#versions, ABSENT]) : undefined
    const attempt = async (): Promise<string> => {
      const expected = this.#model.put(key, row, expect)
      const options = { ttlMs: LONG_MS, version: row.version, ...(expect && { expect }) }
      const answer = await this.#store.put(key, row.value, options)
      this.#note(`put ${key} ${row.version} expect ${expect} -> ${JSON.stringify(answer)}`)
      this.#equal(answer, expected === 'conflict' ? 'conflict' : { version: row.version })
      return `put ${expected}`
    }
    this.#remember(this.#versions, row.version)
    this.#retries.push(attempt)
    return attempt()
  }

  async #get(): Promise<string> {
    const key = this.#pick(KEYS)
    const answer = await this.#store.get(key)
    this.#note(`get ${key} -> ${JSON.stringify(answer)}`)
    this.#equal(answer && [answer.value, answer.version], rowOf(this.#model, key))
    return answer === undefined ? 'get nothing' : 'get value'
  }

  async #delete(): Promise<string> {
    const key = this.#pick(KEYS)
    const expect = this.#random() < 0.5 ? this.#pick([...this.#versions, ABSENT]) : undefined
    const expected = this.#model.delete(key, expect)
    const answer = await this.#store.delete(key, expect === undefined ? undefined : { expect })
    this.#note(`delete ${key} expect ${expect} -> ${answer}`)
    this.#equal(answer, expected)
    return `delete ${expected}`
  }

  /** A second attempt of something done before. */
  async #again(): Promise<string> {
    if (this.#retries.length === 0) return this.#get()
    const recent = this.#retries.slice(-8)
    return `again: ${await this.#pick(recent)()}`
  }

  /** Gives a key or a log a short time and lets it pass. */
  async #expire(): Promise<string> {
    this.#retries.length = 0
    if (this.#random() < 0.5) {
      const key = this.#pick(KEYS)
      const row = { value: 'short', version: `version ${++this.#made}` }
      await this.#store.put(key, row.value, { ttlMs: SHORT_MS, version: row.version })
      this.#model.put(key, row, undefined)
      await this.#harness.pass(AFTER_SHORT_MS)
      this.#model.expireRow(key)
      this.#note(`expire ${key}`)
      return 'expire key'
    }
    const log = this.#pick(LOGS)
    const entry = { id: `id ${++this.#made}`, record: 'short' }
    const answer = await this.#store.append(log, entry.record, { ttlMs: SHORT_MS, id: entry.id })
    const place = this.#model.append(log, entry, { refuse: false })
    if (typeof answer === 'object' && typeof place === 'object') this.#learn(place, answer.position)
    await this.#harness.pass(AFTER_SHORT_MS)
    this.#model.expireLog(log)
    this.#note(`expire ${log}`)
    return 'expire log'
  }

  /** A position names one place, and the place of an entry has one position. */
  #learn(place: Place, position: Position): void {
    const { life, count } = place
    const known = this.#positions.get(life) ?? new Map<number, Position>()
    this.#positions.set(life, known)
    const before = known.get(count)
    // The place before the first entry may get a name with each question for it.
    if (before !== undefined && count > 0) this.#equal(position, before)
    const other = this.#taken.get(position) ?? place
    if (other.life !== life || other.count !== count) {
      throw new ContractViolation(`The position ${position} names two places.`)
    }
    known.set(count, position)
    this.#taken.set(position, place)
    if (before === undefined) this.#remember(this.#places, place)
  }

  async #positionOf(place: Place): Promise<Position> {
    const known = this.#positions.get(place.life)?.get(place.count)
    if (known !== undefined) return known
    // Only the end of a log can be a place that was never named.
    const position = await this.#store.end(place.life.log)
    this.#learn(place, position)
    return position
  }

  /** Mostly a place of this log, sometimes one of another, or of a life that is over. */
  #somePlace(log: string = this.#pick(LOGS)): Place {
    if (this.#places.length === 0 || this.#random() < 0.15) return this.#model.end(log)
    const own = this.#random() < 0.8 ? this.#places.filter(({ life }) => life.log === log) : this.#places
    return own.length === 0 ? this.#model.end(log) : this.#pick(own)
  }

  #pick<Item>(items: readonly Item[]): Item {
    return items[Math.floor(this.#random() * items.length)]!
  }

  #remember<Item>(list: Item[], item: Item): void {
    list.push(item)
    if (list.length > REMEMBERED) list.splice(Math.floor(this.#random() * list.length), 1)
  }

  #note(line: string): void {
    this.history.push(line.length > 200 ? `${line.slice(0, 200)}…` : line)
    if (this.history.length > HISTORY) this.history.shift()
  }

  #equal(actual: unknown, expected: unknown): void {
    const left = JSON.stringify(actual)
    const right = JSON.stringify(expected)
    if (left !== right) throw new ContractViolation(`the engine answered ${left}, the model ${right}.`)
  }
}

function rowOf(model: Model, key: string): readonly string[] | undefined {
  const row = model.row(key)
  return row && [row.value, row.version]
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
