/**
 * The memory engine: one process, nothing survives it. The readable reference for every other engine.
 *
 * @module
 */
import {
  ABSENT,
  type AppendOptions,
  EMPTY,
  type Engine,
  EngineError,
  type LogEntry,
  type Position,
  type PutOptions,
  type ReadResult,
  type Store,
  type TableEntry,
  type TailBatch,
} from './engine.ts'
import type { Platform } from './platform.ts'

/** What the memory engine needs of the edge. */
export type MemoryPlatform = Pick<Platform, 'now' | 'setTimer' | 'randomBytes'>

const LIMIT_BYTES = 64 * 1024 * 1024

/** How long the outcome of an append is remembered by its id, and that of a put by its version. */
const RETRY_WINDOW_MS = 60_000

/** How long a log without any entry so far stays the one whose end was asked for. A question renews it. */
const UNBORN_MS = 600_000

/** How often expired entries and logs are looked for. Reads never see an expired one in between. */
const SWEEP_MS = 30_000

const encoder = new TextEncoder()

interface Row {
  readonly value: string
  readonly version: string
  readonly expiresAt: number
}

interface Log {
  readonly incarnation: number
  /** The sequence number of `entries[0]`. */
  first: number
  readonly entries: LogEntry[]
  expiresAt: number
  /** Outcomes by the id of their record, oldest first. Made with the first append. */
  recent: Map<string, { readonly position: Position; readonly at: number }> | undefined
}

/**
 * Makes a memory engine. Every server without an `engine` option gets one of its own.
 *
 * @example
 * ```ts
 * const store = await memoryEngine(platform).open(() => {})
 * ```
 */
export function memoryEngine(platform: MemoryPlatform): Engine {
  let store: MemoryStore | undefined
  return {
    async open() {
      store ??= new MemoryStore(platform)
      return store
    },
    async close() {
      store?.shut()
    },
  }
}

class MemoryStore implements Store {
  readonly epoch: string
  readonly limits = { value: LIMIT_BYTES, record: LIMIT_BYTES }
  readonly #platform: MemoryPlatform
  readonly #table = new Map<string, Row>()
  readonly #logs = new Map<string, Log>()
  /** Tails that wait, by their log: they outlast its lives. */
  readonly #waiting = new Map<string, Set<() => void>>()
  /** When versions made by callers were put, oldest first. */
  readonly #recentPuts = new Map<string, { readonly at: number }>()
  #incarnations = 0
  #versions = 0
  #sweeping = false
  #closed = false

  constructor(platform: MemoryPlatform) {
    this.#platform = platform
    this.epoch = Array.from(platform.randomBytes(6), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  async get(key: string): Promise<TableEntry | undefined> {
    this.#check()
    const row = this.#row(key)
    return row && { value: row.value, version: row.version }
  }

  async put(key: string, value: string, options: PutOptions): Promise<{ version: string } | 'conflict'> {
    this.#check(value)
    const row = this.#row(key)
    const now = this.#platform.now()
    const version = options.version ?? `${this.epoch}.${++this.#versions}`
    const attempt = JSON.stringify([key, version])
    // A retry whose first attempt went through must not come back over what was put since.
    if (row?.version === version || isRecent(this.#recentPuts.get(attempt), now)) return { version }
    if (options.expect !== undefined && options.expect !== (row?.version ?? ABSENT)) return 'conflict'
    this.#table.set(key, { value, version, expiresAt: now + options.ttlMs })
    forgetOld(this.#recentPuts, now)
    if (options.version !== undefined) this.#recentPuts.set(attempt, { at: now })
    this.#scheduleSweep()
    return { version }
  }

  async delete(key: string, options?: { readonly expect?: string }): Promise<boolean> {
    this.#check()
    const row = this.#row(key)
    if (row === undefined || (options?.expect !== undefined && options.expect !== row.version)) return false
    return this.#table.delete(key)
  }

  async append(
    name: string,
    record: string,
    options: AppendOptions,
  ): Promise<{ position: Position } | 'conflict' | 'full'> {
    this.#check(record)
    const now = this.#platform.now()
    const log = this.#log(name) ?? this.#create(name)
    const known = log.recent?.get(options.id)
    if (isRecent(known, now)) return { position: known.position }
    if (options.expect !== undefined) {
      const holds = options.expect === EMPTY ? log.entries.length === 0 : options.expect === this.#endOf(log)
      if (!holds) return 'conflict'
    }
    if (options.cap !== undefined && log.entries.length >= options.cap) {
      if (options.whenFull === 'refuse') return 'full'
      log.first += log.entries.splice(0, log.entries.length - options.cap + 1).length
    }
    const position = this.#position(log, log.first + log.entries.length)
    log.entries.push({ position, id: options.id, record })
    log.expiresAt = now + options.ttlMs
    log.recent ??= new Map()
    forgetOld(log.recent, now)
    log.recent.set(options.id, { position, at: now })
    this.#wake(name)
    this.#scheduleSweep()
    return { position }
  }

  async read(name: string, after: Position | 'birth' | 'oldest', limit: number): Promise<ReadResult> {
    return this.#read(name, after, limit)
  }

  #read(name: string, after: Position | 'birth' | 'oldest', limit: number): ReadResult {
    this.#check()
    const log = this.#log(name) ?? this.#create(name)
    const start = this.#startAfter(log, after)
    if (start === undefined) return { gap: true, oldest: this.#position(log, log.first - 1) }
    const entries = log.entries.slice(start - log.first, start - log.first + limit)
    return { gap: false, entries, end: this.#endOf(log) }
  }

  async end(name: string): Promise<Position> {
    this.#check()
    return this.#endOf(this.#log(name) ?? this.#create(name))
  }

  async trim(name: string, through: Position): Promise<void> {
    this.#check()
    const log = this.#log(name)
    const start = log && this.#startAfter(log, through)
    if (log === undefined || start === undefined) return
    log.first += log.entries.splice(0, start - log.first).length
  }

  async *tail(name: string, after: Position, signal: AbortSignal): AsyncIterable<TailBatch> {
    let from = after
    while (!signal.aborted) {
      // Without a pause before the waiting: an append in between would wake nobody.
      const result = this.#read(name, from, 1_000)
      if (result.gap) {
        yield result
        from = result.oldest
      } else if (result.entries.length > 0) {
        yield { gap: false, entries: result.entries }
        from = result.entries.at(-1)!.position
      } else {
        await this.#appended(name, signal)
      }
    }
  }

  shut(): void {
    this.#closed = true
    for (const name of [...this.#waiting.keys()]) this.#wake(name)
    this.#table.clear()
    this.#logs.clear()
    this.#recentPuts.clear()
  }

  #appended(name: string, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(name) ?? new Set()
      this.#waiting.set(name, waiting)
      const wake = (): void => {
        waiting.delete(wake)
        if (waiting.size === 0 && this.#waiting.get(name) === waiting) this.#waiting.delete(name)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      waiting.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  #wake(name: string): void {
    for (const wake of [...(this.#waiting.get(name) ?? [])]) wake()
  }

  #check(text?: string): void {
    if (this.#closed) throw new EngineError('closed', 'The memory engine is closed.')
    // A character takes three bytes at most, so that most texts need no counting.
    if (text !== undefined && text.length * 3 > LIMIT_BYTES && encoder.encode(text).length > LIMIT_BYTES) {
      throw new EngineError('too_large', `A value or record has at most ${LIMIT_BYTES} bytes.`)
    }
  }

  #row(key: string): Row | undefined {
    const row = this.#table.get(key)
    if (row === undefined || row.expiresAt > this.#platform.now()) return row
    this.#table.delete(key)
    return undefined
  }

  #log(name: string): Log | undefined {
    const log = this.#logs.get(name)
    if (log === undefined || this.#expired(name, log)) return undefined
    if (isUnborn(log)) log.expiresAt = this.#platform.now() + UNBORN_MS
    return log
  }

  /** Drops the log when its time is over. One without any entry so far stays as long as somebody waits for the first. */
  #expired(name: string, log: Log): boolean {
    if (log.expiresAt > this.#platform.now() || (isUnborn(log) && this.#waiting.has(name))) return false
    return this.#logs.delete(name)
  }

  /**
   * A new log begins behind its place zero: positions of an earlier incarnation never match it. It exists before its
   * first entry, so that this place is already one of its own when somebody asks for its end.
   */
  #create(name: string): Log {
    const log: Log = {
      incarnation: ++this.#incarnations,
      first: 1,
      entries: [],
      expiresAt: this.#platform.now() + UNBORN_MS,
      recent: undefined,
    }
    this.#logs.set(name, log)
    this.#scheduleSweep()
    return log
  }

  #position(log: Log, sequence: number): Position {
    return `${this.epoch}-${log.incarnation.toString(36)}-${sequence.toString(36)}`
  }

  #endOf(log: Log): Position {
    return this.#position(log, log.first + log.entries.length - 1)
  }

  /** The sequence number of the entry that directly follows `after`, or `undefined` for a gap. */
  #startAfter(log: Log, after: Position | 'birth' | 'oldest'): number | undefined {
    if (after === 'oldest') return log.first
    if (after === 'birth') return log.first === 1 ? 1 : undefined
    const [epoch, incarnation, sequence] = after.split('-')
    if (epoch !== this.epoch || incarnation !== log.incarnation.toString(36)) return undefined
    const next = Number.parseInt(sequence ?? '', 36) + 1
    return next >= log.first && next <= log.first + log.entries.length ? next : undefined
  }

  #scheduleSweep(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#platform.setTimer(SWEEP_MS, () => {
      this.#sweeping = false
      for (const key of [...this.#table.keys()]) this.#row(key)
      for (const [name, log] of [...this.#logs]) this.#expired(name, log)
      if (!this.#closed && (this.#table.size > 0 || this.#logs.size > 0)) this.#scheduleSweep()
    })
  }
}

function isUnborn(log: Log): boolean {
  return log.first === 1 && log.entries.length === 0
}

function isRecent<Outcome extends { readonly at: number }>(
  outcome: Outcome | undefined,
  now: number,
): outcome is Outcome {
  return outcome !== undefined && now - outcome.at <= RETRY_WINDOW_MS
}

/** Drops the outcomes that no retry needs any more. */
function forgetOld(outcomes: Map<string, { readonly at: number }>, now: number): void {
  for (const [attempt, outcome] of outcomes) {
    if (isRecent(outcome, now)) return
    outcomes.delete(attempt)
  }
}
