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

/** How long the outcome of an append is remembered by its id. */
const RETRY_WINDOW_MS = 60_000

/** How often expired entries and logs are looked for. Reads never see an expired one in between. */
const SWEEP_MS = 30_000

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
  readonly recent: Map<string, { readonly position: Position; readonly at: number }>
  readonly waiters: Set<() => void>
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
    const version = options.version ?? `${this.epoch}.${++this.#versions}`
    // A retry whose first attempt went through finds its own version in place.
    if (row !== undefined && options.version !== undefined && row.version === options.version) return { version }
    if (options.expect !== undefined && options.expect !== (row?.version ?? ABSENT)) return 'conflict'
    this.#table.set(key, { value, version, expiresAt: this.#platform.now() + options.ttlMs })
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
    const known = log.recent.get(options.id)
    if (known !== undefined && now - known.at <= RETRY_WINDOW_MS) return { position: known.position }
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
    for (const [id, outcome] of log.recent) {
      if (now - outcome.at <= RETRY_WINDOW_MS) break
      log.recent.delete(id)
    }
    log.recent.set(options.id, { position, at: now })
    for (const wake of [...log.waiters]) wake()
    this.#scheduleSweep()
    return { position }
  }

  async read(name: string, after: Position | 'birth' | 'oldest', limit: number): Promise<ReadResult> {
    this.#check()
    const log = this.#log(name)
    if (log === undefined) {
      const nowhere = `${this.epoch}-0-0`
      if (after === 'birth' || after === 'oldest' || after === nowhere) return { gap: false, entries: [], end: nowhere }
      return { gap: true, oldest: nowhere }
    }
    const start = this.#startAfter(log, after)
    if (start === undefined) return { gap: true, oldest: this.#position(log, log.first - 1) }
    const entries = log.entries.slice(start - log.first, start - log.first + limit)
    return { gap: false, entries, end: this.#endOf(log) }
  }

  async end(name: string): Promise<Position> {
    this.#check()
    const log = this.#log(name)
    return log === undefined ? `${this.epoch}-0-0` : this.#endOf(log)
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
      const result = await this.read(name, from, 1_000)
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
    for (const log of this.#logs.values()) for (const wake of [...log.waiters]) wake()
    this.#table.clear()
    this.#logs.clear()
  }

  #appended(name: string, signal: AbortSignal): Promise<void> {
    const log = this.#log(name) ?? this.#create(name)
    return new Promise((resolve) => {
      const wake = (): void => {
        log.waiters.delete(wake)
        signal.removeEventListener('abort', wake)
        resolve()
      }
      log.waiters.add(wake)
      signal.addEventListener('abort', wake)
    })
  }

  #check(text?: string): void {
    if (this.#closed) throw new EngineError('closed', 'The memory engine is closed.')
    if (text !== undefined && text.length > LIMIT_BYTES) {
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
    if (log === undefined || log.expiresAt > this.#platform.now() || log.waiters.size > 0) return log
    this.#logs.delete(name)
    return undefined
  }

  /** A new log begins behind its place zero: positions of an earlier incarnation never match it. */
  #create(name: string): Log {
    const log: Log = {
      incarnation: ++this.#incarnations,
      first: 1,
      entries: [],
      expiresAt: Number.POSITIVE_INFINITY,
      recent: new Map(),
      waiters: new Set(),
    }
    this.#logs.set(name, log)
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
    if (epoch !== this.epoch) return undefined
    // The place before the birth of a log that did not exist when it was asked for.
    if (incarnation === '0') return log.first === 1 ? 1 : undefined
    if (incarnation !== log.incarnation.toString(36)) return undefined
    const next = Number.parseInt(sequence ?? '', 36) + 1
    return next >= log.first && next <= log.first + log.entries.length ? next : undefined
  }

  #scheduleSweep(): void {
    if (this.#sweeping) return
    this.#sweeping = true
    this.#platform.setTimer(SWEEP_MS, () => {
      this.#sweeping = false
      for (const key of [...this.#table.keys()]) this.#row(key)
      for (const name of [...this.#logs.keys()]) this.#log(name)
      if (!this.#closed && (this.#table.size > 0 || this.#logs.size > 0)) this.#scheduleSweep()
    })
  }
}
