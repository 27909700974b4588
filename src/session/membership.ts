/**
 * Which replicas there are, and which of them are dead. A replica renews its lease and says so in `cluster`; the others
 * time one lease from the arrival of that record, as long as they hear the cluster themselves.
 *
 * @module
 */
import type { Store } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import type { Cluster, ClusterRecord } from './cluster.ts'
import { readLease, writeLease } from './lease.ts'
import type { Replica } from './replica.ts'
import type { SharedStore } from './shared-store.ts'

/** A tail whose newest own heartbeat was sent longer ago than this is stale: others may have been heard no better. */
export const STALE_MS = 1_000

const BEAT_MS = 500
const RENEW_MS = 1_000

/** How long a replica may take from its new id to its lease. */
const ENTER_MS = 1_000

/** Dead replicas are remembered for longer than any stream of theirs could be asked for. */
const REMEMBER_DEAD_MS = 60 * 60_000

interface Member {
  /** The version of the lease that was announced last. */
  version: string | undefined
  heardAt: number
  /** The version that it said it was about to put, and when that was heard first. */
  next: string | undefined
  nextAt: number
  dead: boolean
  /** Its lease is being looked at. */
  judging: boolean
}

/** What the membership tells the process around it. */
export interface MembershipListener {
  /** A replica is dead, for good. */
  replicaDied(replica: string): void
  /** This replica was declared dead: it needs a new id. */
  selfDied(): void
  /** The tail of `cluster` became stale, or current again. */
  tailStale(stale: boolean): void
}

export class Membership {
  readonly #replica: Replica
  readonly #store: SharedStore
  readonly #cluster: Cluster
  readonly #leaseMs: number
  readonly #listener: MembershipListener
  readonly #members = new Map<string, Member>()
  /** The version of the own lease, and the one that is being put, whose outcome may be unknown. */
  #version: string | undefined
  #attempt: { readonly version: string; readonly at: number } | undefined
  #leaseUntil = 0
  #renewedAt = 0
  #beating = false
  #renewing = false
  #heardSelf = 0
  /** Since when this replica hears the cluster without interruption; `undefined`: it does not. */
  #contactSince: number | undefined
  #stale = false
  #timer: Timer | undefined
  #left = false

  constructor(replica: Replica, store: SharedStore, cluster: Cluster, leaseMs: number, listener: MembershipListener) {
    this.#replica = replica
    this.#store = store
    this.#cluster = cluster
    this.#leaseMs = leaseMs
    this.#listener = listener
  }

  /** Takes the lease of the replica's present id. */
  async enter(): Promise<void> {
    const at = this.#replica.platform.now()
    const version = this.#replica.tags.next()
    this.#renewing = true
    try {
      await writeLease(this.#store, this.#replica.id, 'alive', version, undefined)
      this.#renewed({ version, at })
    } finally {
      this.#renewing = false
    }
  }

  /** Begins to renew, to be heard and to watch the others. */
  start(): void {
    const now = this.#replica.platform.now()
    this.#heardSelf = now
    this.#contactSince = now
    this.#tick()
  }

  stop(): void {
    this.#left = true
    this.#timer?.cancel()
  }

  /** Says that this replica is no more, so that nobody has to wait for its lease. */
  async leave(): Promise<void> {
    this.stop()
    const { id, tags } = this.#replica
    await this.#store.once((store) => writeLease(store, id, 'dead', tags.next(), this.#version))
    await this.#append({ v: 1, t: 'dead', replica: id })
  }

  /** Whether this replica may act as the owner of what others would take over if it were dead. */
  get mayAct(): boolean {
    return this.#replica.platform.now() < this.#leaseUntil
  }

  /** How many replicas there are, this one included, as far as is known here. */
  get alive(): number {
    let alive = 1
    for (const member of this.#members.values()) if (!member.dead) alive++
    return alive
  }

  /** Whether this replica is known to be dead. One that was never heard of is not. */
  isDead(replica: string): boolean {
    return this.#members.get(replica)?.dead ?? false
  }

  /** Whether a replica is alive; one that was not heard of lately is looked up. */
  async isAlive(replica: string): Promise<boolean> {
    if (replica === this.#replica.id) return true
    const known = this.#members.get(replica)
    if (known !== undefined) return !known.dead
    return (await this.#exists(replica)) === 'alive'
  }

  /** Whether there ever was such a replica: only then may something be put into its inbox. */
  async isReplica(replica: string): Promise<boolean> {
    return this.#members.has(replica) || (await this.#exists(replica)) !== undefined
  }

  /** Applies a record of the `cluster` log. */
  apply(record: ClusterRecord): void {
    if (record.t !== 'beat' && record.t !== 'replica' && record.t !== 'dead') return
    const own = record.replica === this.#replica.id
    if (record.t === 'dead') {
      if (own) this.#die()
      else this.#bury(record.replica)
    } else if (own) {
      if (record.t === 'beat') this.#heardSelf = Math.max(this.#heardSelf, record.sent)
    } else {
      const now = this.#replica.platform.now()
      const lease = record.t === 'beat' ? record.lease : undefined
      const next = record.t === 'beat' ? record.next : undefined
      const member = this.#members.get(record.replica)
      if (member === undefined) {
        this.#members.set(record.replica, newMember(lease, now))
      } else if (lease !== undefined && lease !== member.version) {
        member.version = lease
        member.heardAt = now
      }
      if (member !== undefined && next !== undefined && next !== member.next) {
        member.next = next
        member.nextAt = now
      }
    }
  }

  /** The data behind the store was replaced: the lease is put anew, and everybody gets a whole lease of time. */
  async restore(): Promise<void> {
    this.#contactSince = undefined
    for (const member of this.#members.values()) if (!member.dead) member.version = undefined
    await this.enter()
  }

  #tick(): void {
    if (this.#left) return
    const now = this.#replica.platform.now()
    this.#look(now)
    const due = now - this.#renewedAt >= Math.min(RENEW_MS, this.#leaseMs / 5)
    // The same version until its outcome is known: a repeated attempt is recognised.
    if (due) this.#attempt ??= { version: this.#replica.tags.next(), at: now }
    const said = this.#beat(now)
    if (due) void this.#renew(said)
    this.#timer = this.#replica.wheel.after(Math.min(BEAT_MS, this.#leaseMs / 10), () => this.#tick())
  }

  /** Looks whether this replica is heard, and which others are not. */
  #look(now: number): void {
    const stale = now - this.#heardSelf > STALE_MS
    if (stale !== this.#stale) {
      this.#stale = stale
      this.#listener.tailStale(stale)
    }
    if (stale) this.#contactSince = undefined
    else this.#contactSince ??= now
    if (this.#contactSince === undefined) return
    for (const [id, member] of this.#members) {
      const silentSince = Math.max(member.heardAt, this.#contactSince)
      if (member.dead) {
        if (now - member.heardAt > REMEMBER_DEAD_MS) this.#members.delete(id)
      } else if (!member.judging && now - silentSince > this.#leaseMs) {
        void this.#judge(id, member)
      }
    }
  }

  /** Nothing was heard of a replica for a lease: unless it renewed in silence, it is dead from now on. */
  async #judge(id: string, member: Member): Promise<void> {
    member.judging = true
    try {
      const lease = await this.#store.once((store) => readLease(store, id))
      if (lease?.state === 'dead') {
        this.#bury(id)
      } else if (lease !== undefined && lease.version !== member.version) {
        // A renewal that was announced began before that was heard; of any other one nobody knows how old it is.
        const announced = lease.version === member.next
        member.version = lease.version
        member.heardAt = announced ? Math.max(member.heardAt, member.nextAt) : this.#replica.platform.now()
      } else {
        const tag = this.#replica.tags.next()
        const won = await this.#store.once((store) => writeLease(store, id, 'dead', tag, lease?.version))
        if (won) {
          this.#bury(id)
          await this.#append({ v: 1, t: 'dead', replica: id })
        }
      }
    } catch (thrown) {
      this.#replica.report(thrown, 'membership')
    } finally {
      member.judging = false
    }
  }

  async #exists(replica: string): Promise<'alive' | 'dead' | undefined> {
    let lease = await readLease(this.#store, replica)
    if (lease === undefined) {
      // One that was taken for dead goes by its new id before it is known by it.
      await new Promise<void>((resolve) => void this.#replica.wheel.after(ENTER_MS, resolve))
      lease = await readLease(this.#store, replica)
    }
    const now = this.#replica.platform.now()
    if (lease === undefined) {
      // The data may have been lost, and its replica is about to put it back.
      const settled = this.#contactSince !== undefined && now - this.#contactSince > this.#leaseMs
      return settled ? undefined : 'alive'
    }
    if (!this.#members.has(replica)) {
      const dead = lease.state === 'dead'
      this.#members.set(replica, { ...newMember(lease.version, now), dead })
    }
    return lease.state
  }

  #bury(id: string): void {
    const member = this.#members.get(id)
    if (member?.dead) return
    const heardAt = this.#replica.platform.now()
    this.#members.set(id, { ...newMember(undefined, heardAt), dead: true })
    this.#replica.counters.replicasLost++
    this.#listener.replicaDied(id)
  }

  /** @param said resolves when the others have been told: a renewal that nobody knows of would look like a new one. */
  async #renew(said: Promise<void>): Promise<void> {
    if (this.#renewing) return
    this.#renewing = true
    const { id } = this.#replica
    try {
      await said
      const attempt = this.#attempt
      if (attempt === undefined || id !== this.#replica.id) return
      const expect = this.#version
      if (await this.#store.once((store) => writeLease(store, id, 'alive', attempt.version, expect))) {
        this.#renewed(attempt)
      } else {
        await this.#conflict(id, attempt)
      }
    } catch (thrown) {
      this.#replica.report(thrown, 'membership')
    } finally {
      this.#renewing = false
    }
  }

  async #conflict(id: string, attempt: { readonly version: string; readonly at: number }): Promise<void> {
    const lease = await this.#store.once((store) => readLease(store, id))
    if (id !== this.#replica.id) return
    if (lease?.state === 'dead') this.#die()
    else if (lease?.version === attempt.version) this.#renewed(attempt)
    else this.#version = lease?.version
  }

  #renewed(attempt: { readonly version: string; readonly at: number }): void {
    this.#version = attempt.version
    this.#attempt = undefined
    this.#renewedAt = attempt.at
    this.#leaseUntil = attempt.at + this.#leaseMs
  }

  /** Others have taken this replica for dead, and may have acted on it: it goes on under another id. */
  #die(): void {
    if (this.#left) return
    this.#leaseUntil = 0
    this.#version = undefined
    this.#attempt = undefined
    this.#listener.selfDied()
  }

  async #beat(sent: number): Promise<void> {
    if (this.#beating) return
    this.#beating = true
    try {
      const lease = this.#version
      const next = this.#attempt?.version
      const { id } = this.#replica
      const versions = { ...(lease !== undefined && { lease }), ...(next !== undefined && { next }) }
      await this.#append({ v: 1, t: 'beat', replica: id, sent, ...versions })
    } catch {
      // The engine is away, which the renewal reports.
    } finally {
      this.#beating = false
    }
  }

  #append(record: ClusterRecord): Promise<unknown> {
    return this.#store.once((store: Store) => this.#cluster.append(record, store))
  }
}

function newMember(version: string | undefined, heardAt: number): Member {
  return { version, heardAt, next: undefined, nextAt: 0, dead: false, judging: false }
}
