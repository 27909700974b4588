/**
 * The `cluster` log: what every replica must hear about, as one record each. A replica applies the records in their
 * order; what it appended itself comes back to it the same way.
 *
 * @module
 */
import { EngineError, type LogEntry, type Position, type Store } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import type { RandomTags } from './random-tags.ts'
import type { TimerWheel } from './timer-wheel.ts'

export type ListKind = 'tools' | 'prompts' | 'resources'

/** A record of the log. `v` is its format version; readers keep to what they know. */
export type ClusterRecord =
  | { readonly v: 1; readonly t: 'replica'; readonly replica: string }
  | { readonly v: 1; readonly t: 'deleted'; readonly uid: string; readonly expiresAt: number }
  | { readonly v: 1; readonly t: 'session'; readonly uid: string; readonly by: string }
  | { readonly v: 1; readonly t: 'list'; readonly list: ListKind }
  | { readonly v: 1; readonly t: 'updated'; readonly uri: string }

export interface ClusterEntry {
  readonly position: Position
  readonly record: ClusterRecord
}

export const CLUSTER_LOG = 'cluster'

/** Records stay at least this long, so that a stream can resume from any position of its window. */
const RETAIN_MS = 10 * 60_000
const TTL_MS = 24 * 60 * 60_000
const TRIM_EVERY_MS = 60_000

/** Equal announcements within this time become one. */
const COALESCE_MS = 100

export class Cluster {
  readonly #store: Store
  readonly #wheel: TimerWheel
  readonly #tags: RandomTags
  readonly #stop = new AbortController()
  readonly #apply: (entry: ClusterEntry) => void
  readonly #onGap: (oldest: Position) => void
  readonly #onError: (thrown: unknown) => void
  /** Announcements held back, by their text; `true` once one more was asked for. */
  readonly #pending = new Map<string, { again: boolean }>()
  #checkpoints: { at: Position; age: number }[] = []
  /** Milliseconds of trimming time, which stands still while there is nothing to trim. */
  #age = 0
  #trimmer: Timer | undefined
  /** The newest position that was applied here. */
  position: Position = ''
  /** The position from which on this replica has heard everything. */
  start: Position = ''

  constructor(options: {
    readonly store: Store
    readonly wheel: TimerWheel
    readonly tags: RandomTags
    readonly apply: (entry: ClusterEntry) => void
    readonly onGap: (oldest: Position) => void
    readonly onError: (thrown: unknown) => void
  }) {
    this.#store = options.store
    this.#wheel = options.wheel
    this.#tags = options.tags
    this.#apply = options.apply
    this.#onGap = options.onGap
    this.#onError = options.onError
  }

  /** Applies what the log holds, announces this replica, and follows the log from there. */
  async join(replica: string): Promise<void> {
    const held = await this.#store.read(CLUSTER_LOG, 'oldest', Number.MAX_SAFE_INTEGER)
    if (!held.gap) for (const entry of held.entries) this.#deliver(entry)
    const appended = await this.append({ v: 1, t: 'replica', replica })
    this.start = held.gap || held.entries[0] === undefined ? appended : held.entries[0].position
    if (this.position === '') this.position = appended
    void this.#follow(this.position)
  }

  async append(record: ClusterRecord): Promise<Position> {
    const outcome = await this.#store.append(CLUSTER_LOG, JSON.stringify(record), {
      ttlMs: TTL_MS,
      id: this.#tags.next(),
    })
    if (typeof outcome === 'string') throw new EngineError('unavailable', `The cluster log answered ${outcome}.`)
    return outcome.position
  }

  /**
   * Appends an invalidation, at most one of the same kind per 100 ms: the first leaves at once, the rest of a burst
   * becomes one more record at its end.
   */
  announce(record: ClusterRecord): void {
    const key = JSON.stringify(record)
    const held = this.#pending.get(key)
    if (held !== undefined) {
      held.again = true
      return
    }
    this.append(record).catch(this.#onError)
    const entry = { again: false }
    this.#pending.set(key, entry)
    this.#wheel.after(COALESCE_MS, () => {
      this.#pending.delete(key)
      if (entry.again) this.announce(record)
    })
  }

  /** This replica no longer knows what happened before now. */
  forgetPast(): void {
    this.start = this.position
  }

  stop(): void {
    this.#stop.abort()
    this.#trimmer?.cancel()
  }

  async #follow(after: Position): Promise<void> {
    try {
      for await (const batch of this.#store.tail(CLUSTER_LOG, after, this.#stop.signal)) {
        if (batch.gap) {
          this.start = this.position = batch.oldest
          this.#onGap(batch.oldest)
        } else {
          for (const entry of batch.entries) this.#deliver(entry)
        }
      }
    } catch (thrown) {
      if (!this.#stop.signal.aborted) this.#onError(thrown)
    }
  }

  #deliver(entry: LogEntry): void {
    this.position = entry.position
    this.#scheduleTrim()
    const record = JSON.parse(entry.record) as ClusterRecord
    if (record.v === 1) this.#apply({ position: entry.position, record })
  }

  /**
   * Notes the log's end once a minute and trims through what has become old: trimming is by age only. It pauses while
   * there is nothing to trim.
   */
  #scheduleTrim(): void {
    if (this.#trimmer !== undefined) return
    this.#trimmer = this.#wheel.after(TRIM_EVERY_MS, () => {
      this.#trimmer = undefined
      this.#age += TRIM_EVERY_MS
      const newest = this.#checkpoints.at(-1)
      if (newest?.at !== this.position) this.#checkpoints.push({ at: this.position, age: this.#age })
      const old = this.#checkpoints.filter((mark) => this.#age - mark.age >= RETAIN_MS)
      this.#checkpoints = this.#checkpoints.slice(old.length)
      const last = old.at(-1)
      if (last) this.#store.trim(CLUSTER_LOG, last.at).catch(this.#onError)
      if (this.#checkpoints.length > 0) this.#scheduleTrim()
    })
  }
}

/** Reads the records after a position, for a stream that fell behind. */
export async function readCluster(
  store: Store,
  after: Position,
  limit: number,
): Promise<{ gap: true } | { gap: false; entries: ClusterEntry[]; end: Position }> {
  const result = await store.read(CLUSTER_LOG, after, limit)
  if (result.gap) return { gap: true }
  const entries = result.entries.map((entry) => ({
    position: entry.position,
    record: JSON.parse(entry.record) as ClusterRecord,
  }))
  return { gap: false, entries, end: result.end }
}
