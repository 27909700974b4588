/**
 * The `cluster` log: what every replica must hear about, as one record each. A replica applies the records in their
 * order; what it appended itself comes back to it the same way.
 *
 * @module
 */
import { EngineError, type LogEntry, type Position, type Store } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import { comparePositions } from '../engine/position.ts'
import { LogFollower } from './log-follower.ts'
import type { RandomTags } from './random-tags.ts'
import type { TimerWheel } from './timer-wheel.ts'

export type ListKind = 'tools' | 'prompts' | 'resources'

/** A record of the log. `v` is its format version; readers keep to what they know. */
export type ClusterRecord =
  | { readonly v: 1; readonly t: 'replica'; readonly replica: string }
  /** A replica is there; `sent` by its own clock. `lease`: the version of its lease; `next`: one that it is about to put. */
  | {
      readonly v: 1
      readonly t: 'beat'
      readonly replica: string
      readonly sent: number
      readonly lease?: string
      readonly next?: string
    }
  | { readonly v: 1; readonly t: 'dead'; readonly replica: string }
  /** A replica lost what was in its inbox. */
  | { readonly v: 1; readonly t: 'resend'; readonly replica: string }
  /** What a user was sent to a URL for is done; the replica that asked tells its session. */
  | { readonly v: 1; readonly t: 'completed'; readonly elicitation: string }
  | { readonly v: 1; readonly t: 'deleted'; readonly uid: string; readonly expiresAt: number }
  | { readonly v: 1; readonly t: 'session'; readonly uid: string; readonly by: string }
  | { readonly v: 1; readonly t: 'list'; readonly list: ListKind }
  | { readonly v: 1; readonly t: 'updated'; readonly uri: string }

export interface ClusterEntry {
  readonly position: Position
  readonly record: ClusterRecord
}

/** Records after a position, or that some of them are missing. */
export type ClusterRead =
  | { readonly gap: true }
  /** `end`: with all entries taken, the reader has seen everything up to there. */
  | { readonly gap: false; readonly entries: readonly ClusterEntry[]; readonly end?: Position }

export const CLUSTER_LOG = 'cluster'

/** Records stay at least this long, so that a stream can resume from any position of its window. */
const RETAIN_MS = 10 * 60_000
const TTL_MS = 24 * 60 * 60_000
const TRIM_EVERY_MS = 60_000

/** Equal announcements within this time become one. */
const COALESCE_MS = 100

/** How long to wait before an announcement that failed is made again, and how many may wait like that. */
const REPEAT_MS = 1_000
const PENDING = 10_000

/** Records that are kept in memory, so that streams which begin or fall behind need not ask the engine. */
const RECENT = 10_000

export class Cluster {
  readonly #store: Store
  readonly #wheel: TimerWheel
  readonly #tags: RandomTags
  readonly #follower: LogFollower
  readonly #apply: (entry: ClusterEntry) => void
  readonly #onError: (thrown: unknown) => void
  /** Announcements held back, by their text; `true` once one more was asked for. */
  readonly #pending = new Map<string, { again: boolean }>()
  #checkpoints: { at: Position; age: number }[] = []
  /** Milliseconds of trimming time, which stands still while there is nothing to trim. */
  #age = 0
  #trimmer: Timer | undefined
  readonly #keepsRecent: boolean
  /** The newest records but heartbeats; every one after `#recentFrom` is among them. */
  #recent: ClusterEntry[] = []
  #recentFrom: Position = ''
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
    /** Whether the newest records are kept in memory; reading them from an engine in this process costs nothing. */
    readonly keepsRecent?: boolean
  }) {
    this.#store = options.store
    this.#wheel = options.wheel
    this.#tags = options.tags
    this.#apply = options.apply
    this.#onError = options.onError
    this.#keepsRecent = options.keepsRecent ?? false
    this.#follower = new LogFollower({
      store: options.store,
      wheel: options.wheel,
      log: CLUSTER_LOG,
      onEntries: (entries) => {
        for (const entry of entries) this.#deliver(entry)
      },
      onGap: (oldest) => {
        this.start = this.position = oldest
        this.#recent = []
        if (this.#keepsRecent) this.#recentFrom = oldest
        options.onGap(oldest)
      },
      onError: options.onError,
    })
  }

  /** Applies what the log holds, announces this replica, and follows the log from there. */
  async join(replica: string): Promise<void> {
    const held = await this.#store.read(CLUSTER_LOG, 'oldest', Number.MAX_SAFE_INTEGER)
    if (!held.gap) for (const entry of held.entries) this.#deliver(entry)
    const appended = await this.append({ v: 1, t: 'replica', replica })
    this.start = held.gap || held.entries[0] === undefined ? appended : held.entries[0].position
    if (this.position === '') this.position = appended
    this.#follower.start(this.position)
  }

  /** @param store where else than by default, for those who have a patience of their own. */
  async append(record: ClusterRecord, store: Store = this.#store): Promise<Position> {
    const outcome = await store.append(CLUSTER_LOG, JSON.stringify(record), {
      ttlMs: TTL_MS,
      id: this.#tags.next(),
    })
    if (typeof outcome === 'string') throw new EngineError('unavailable', `The cluster log answered ${outcome}.`)
    return outcome.position
  }

  /** The records after a position, up to the newest that was applied here; heartbeats may be left out. */
  async read(after: Position, limit: number): Promise<ClusterRead> {
    const sinceKept = comparePositions(after, this.#recentFrom)
    if (sinceKept !== undefined && sinceKept >= 0) {
      let first = this.#recent.length
      // From the end: most readers are only a few records behind.
      while (first > 0 && comparePositions(this.#recent[first - 1]!.position, after)! > 0) first--
      return { gap: false, entries: this.#recent.slice(first, first + limit), end: this.position }
    }
    const result = await this.#store.read(CLUSTER_LOG, after, limit)
    if (result.gap) return { gap: true }
    const entries = result.entries.map(({ position, record }) => ({
      position,
      record: JSON.parse(record) as ClusterRecord,
    }))
    return { gap: false, entries }
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
    if (this.#pending.size >= PENDING) {
      this.#onError(new Error(`More than ${PENDING} announcements wait for the engine; the latest is dropped.`))
      return
    }
    const entry = { again: false }
    this.#pending.set(key, entry)
    const settle = (waitMs: number): void => {
      this.#wheel.after(waitMs, () => {
        this.#pending.delete(key)
        if (entry.again) this.announce(record)
      })
    }
    this.append(record).then(
      () => settle(COALESCE_MS),
      (thrown) => {
        this.#onError(thrown)
        // Nobody else knows of it, so it is said as soon as the engine is back.
        entry.again = true
        settle(REPEAT_MS)
      },
    )
  }

  /** This replica no longer knows what happened before now. */
  forgetPast(): void {
    this.start = this.position
  }

  stop(): void {
    this.#follower.stop()
    this.#trimmer?.cancel()
  }

  #deliver(entry: LogEntry): void {
    this.position = entry.position
    this.#scheduleTrim()
    const record = JSON.parse(entry.record) as ClusterRecord
    if (record.v !== 1) return
    const applied = { position: entry.position, record }
    this.#keep(applied)
    this.#apply(applied)
  }

  #keep(entry: ClusterEntry): void {
    if (!this.#keepsRecent) return
    if (this.#recentFrom === '') this.#recentFrom = entry.position
    else if (entry.record.t !== 'beat') this.#recent.push(entry)
    if (this.#recent.length <= RECENT * 1.1) return
    const gone = this.#recent.length - RECENT
    this.#recentFrom = this.#recent[gone - 1]!.position
    this.#recent = this.#recent.slice(gone)
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
