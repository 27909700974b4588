/**
 * The log `cancels`: cancellations whose request is not handled by the replica that they reached. Every replica hears
 * of them; one has the request, or gets it in the next seconds.
 *
 * @see the specification, basic/utilities/cancellation
 * @module
 */
import type { LogEntry } from '../engine/engine.ts'
import { McpError } from '../wire/errors.ts'
import type { RequestId } from '../wire/jsonrpc.ts'
import { LogFollower } from './log-follower.ts'
import type { Replica } from './replica.ts'

interface CancelRecord {
  readonly v: 1
  readonly uid: string
  readonly requestId: RequestId
  readonly reason: string
}

const LOG = 'cancels'

/** Longer than the markers live. */
const TTL_MS = 60_000
const CAP = 10_000

/** Cancellations of one session that are passed on per second: as many as it may have calls in flight by default. */
const PER_SECOND = 32

export class Cancels {
  readonly #replica: Replica
  readonly #follower: LogFollower
  #second = 0
  readonly #counts = new Map<string, number>()

  constructor(replica: Replica) {
    this.#replica = replica
    this.#follower = new LogFollower({
      store: replica.store,
      wheel: replica.wheel,
      log: LOG,
      onEntries: (entries) => this.#take(entries),
      onGap: () => {},
      onError: (thrown) => replica.report(thrown, 'cancels'),
    })
  }

  async open(): Promise<void> {
    this.#follower.start(await this.#replica.store.end(LOG))
  }

  stop(): void {
    this.#follower.stop()
  }

  /**
   * Tells everybody. Resolves when it can't be lost any more.
   *
   * @throws {McpError} `too_many_requests`, `unavailable`
   */
  async announce(uid: string, requestId: RequestId, reason: string): Promise<void> {
    this.#limit(uid)
    const { store, tags } = this.#replica
    const record: CancelRecord = { v: 1, uid, requestId, reason }
    await store.append(LOG, JSON.stringify(record), { ttlMs: TTL_MS, id: tags.next(), cap: CAP })
  }

  #limit(uid: string): void {
    const second = Math.floor(this.#replica.platform.now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#counts.clear()
    }
    const count = (this.#counts.get(uid) ?? 0) + 1
    this.#counts.set(uid, count)
    if (count <= PER_SECOND) return
    this.#replica.counters.limitsHit++
    throw new McpError('too_many_requests', `A session may cancel ${PER_SECOND} requests a second.`)
  }

  #take(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const { v, uid, requestId, reason } = JSON.parse(entry.record) as CancelRecord
      if (v === 1) cancel(this.#replica, uid, requestId, reason)
    }
  }
}

/** Cancels the request where it is handled; where it is not, remembers that it was cancelled. */
export function cancel(replica: Replica, uid: string, requestId: RequestId, reason: string): void {
  for (const call of replica.calls) {
    if (call.requestId === requestId && call.session.facts.uid === uid) {
      call.abort(new McpError('cancelled', `The client cancelled the request${reason}`), false)
      return
    }
  }
  replica.cancelled.add(uid, requestId)
}
