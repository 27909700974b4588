/**
 * The engine port: what replicas share is a table and a log, and every engine offers just these.
 *
 * Guarantees, which the contract suite (`fairlead/engine/contract`) checks on every engine:
 *
 * - **Table.** `get` sees every acknowledged write. A version is a tag made by the caller or the engine and is never
 *   reused for another value, not even after a loss of data.
 * - **Log.** Order in a log is the order of commit. A position names one entry of one incarnation of one log, and
 *   every entry knows its predecessor: `read` answers *gap* unless the next entry directly follows `after`. A log that
 *   was trimmed, expired and created anew, or lost its end, is a gap; never a silent hole.
 * - **Fence.** `append` with `expect` succeeds only if the log still ends there.
 * - **Retries.** Ids of records and versions are made before the first attempt; a second attempt within 60 s of one
 *   whose outcome was unknown is recognised and answered like the first.
 * - **Settling.** Every operation settles as done, not done or (by an `EngineError`) unknown, within its deadline.
 * - **Life.** A log's time to live counts from its last append; an entry's from its last put.
 *
 * There is no publish and subscribe: the truth is the table and the logs, and `tail` is a way to look at once.
 *
 * @module
 */

/**
 * The place of one entry in one incarnation of one log. Opaque, at most 32 bytes of visible ASCII without a dot: event
 * ids put positions between dots. The order of two is that of `comparePositions`.
 */
export type Position = string

export interface TableEntry {
  readonly value: string
  readonly version: string
}

export interface LogEntry {
  readonly position: Position
  readonly id: string
  readonly record: string
}

export interface PutOptions {
  /** Milliseconds until the entry is gone. */
  readonly ttlMs: number
  /** Put only if the entry has this version, or is absent. Left out: put in any case. */
  readonly expect?: string
  /** The version that the entry gets; made by the engine when left out. */
  readonly version?: string
}

/** For {@link PutOptions.expect}: the entry must not exist. */
export const ABSENT = 'absent'

/** For {@link AppendOptions.expect}: the log must hold nothing. */
export const EMPTY = 'empty'

export interface AppendOptions {
  /** Milliseconds after its last append until the log is gone. */
  readonly ttlMs: number
  /** Made before the first attempt, so that a retry is recognised. */
  readonly id: string
  /** Append only if the log ends here (the fence). */
  readonly expect?: Position | typeof EMPTY
  /** The most records that the log may hold; unbounded when left out. */
  readonly cap?: number
  /** What happens at the cap. Default `drop-oldest`. */
  readonly whenFull?: 'drop-oldest' | 'refuse'
}

export type ReadResult =
  | { readonly gap: false; readonly entries: readonly LogEntry[]; readonly end: Position }
  | { readonly gap: true; readonly oldest: Position }

export type TailBatch =
  | { readonly gap: false; readonly entries: readonly LogEntry[] }
  | { readonly gap: true; readonly oldest: Position }

/** One incarnation of the data. After a change of incarnation every operation throws `epoch_changed`. */
export interface Store {
  /** Random, born with the data. */
  readonly epoch: string
  /** The largest value and record in bytes; at least 8 MiB. */
  readonly limits: { readonly value: number; readonly record: number }

  get(key: string): Promise<TableEntry | undefined>
  /** The version that the entry now has, or `conflict`. */
  put(key: string, value: string, options: PutOptions): Promise<{ version: string } | 'conflict'>
  /** Whether an entry was removed. */
  delete(key: string, options?: { readonly expect?: string }): Promise<boolean>

  append(log: string, record: string, options: AppendOptions): Promise<{ position: Position } | 'conflict' | 'full'>
  /** Entries after a position; from the log's first entry ever (`birth`); or from what is left of it (`oldest`). */
  read(log: string, after: Position | 'birth' | 'oldest', limit: number): Promise<ReadResult>
  /** The position of the last entry, or of the place before the first one. */
  end(log: string): Promise<Position>
  /** Removes the entries up to and including `through`. */
  trim(log: string, through: Position): Promise<void>
  /** Batches as they are appended, until the signal aborts. */
  tail(log: string, after: Position, signal: AbortSignal): AsyncIterable<TailBatch>
}

export interface Engine {
  /** Connects. `onLost` is called when the data behind the store was replaced; open again then. */
  open(onLost: (why: 'epoch') => void): Promise<Store>
  close(): Promise<void>
}

/** `unsuitable`: what the engine runs on can't keep the guarantees, and says what to change; only `open` throws it. */
export type EngineErrorCode = 'epoch_changed' | 'unavailable' | 'unsuitable' | 'too_large' | 'closed'

/** Thrown by every engine; switch on `code`, never on `message`. */
export class EngineError extends Error {
  override readonly name = 'EngineError'
  readonly code: EngineErrorCode
  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
