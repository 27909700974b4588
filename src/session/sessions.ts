/**
 * Opening, making and deleting sessions. Opening is one map lookup for a session id seen lately and one decryption
 * otherwise; making one writes nothing.
 *
 * @see the specification, basic/transports, "Session Management"
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import { comparePositions } from '../engine/position.ts'
import { McpError } from '../wire/errors.ts'
import type { Cluster, ClusterEntry } from './cluster.ts'
import type { Replica } from './replica.ts'
import { Session } from './session.ts'
import { SessionCache } from './session-cache.ts'
import {
  changeEntry,
  EMPTY_STATE,
  readEntry,
  type SessionState,
  type StoredEntry,
  stateOf,
  writeTombstone,
} from './session-entry.ts'
import { decodeFacts, encodeFacts, type SessionFacts } from './session-id.ts'

/** Why a session id opens nothing. `gone` is certain (404); `uncertain` is a key that may be on its way (503). */
export type NoSession = 'gone' | 'uncertain'

/** How long an unknown key is given to arrive, and how many requests may wait for one at a time. */
const UNCERTAIN_HOLD_MS = 5_000
const UNCERTAIN_HELD = 100

/** How many changed sessions are remembered before the oldest knowledge is given up. */
const CHANGED_SIZE = 100_000

/** How long a handler whose session has ended with its connection is kept from setting anything. */
const RELEASED_MS = 60_000

export class Sessions {
  readonly #replica: Replica
  readonly #cluster: Cluster
  readonly #opened: SessionCache
  /** Sessions known to have an entry, or a tombstone (`true`). */
  readonly #changed = new Map<string, boolean>()
  #held = 0

  constructor(replica: Replica, cluster: Cluster) {
    this.#replica = replica
    this.#cluster = cluster
    this.#opened = new SessionCache(replica.limits.sessionCache)
  }

  /** Opened session ids remembered now. */
  get cached(): number {
    return this.#opened.size
  }

  /** Changed sessions remembered now (at most 100,000). */
  get changed(): number {
    return this.#changed.size
  }

  /** The session of a recently seen id, without waiting; the caller still has to compare the principal. */
  peek(token: string): Session | undefined {
    return this.#opened.get(token)
  }

  /** Makes a session: nothing is stored for it but what its id says. */
  create(facts: Omit<SessionFacts, 'uid' | 'birth'>): MaybePromise<Session> {
    // Written out: a spread costs as much as the rest of this function.
    const full: SessionFacts = {
      uid: this.#replica.tags.next(),
      birth: this.#cluster.position,
      expiresAt: facts.expiresAt,
      revision: facts.revision,
      capabilities: facts.capabilities,
      client: facts.client,
      principal: facts.principal,
      extensions: facts.extensions,
    }
    const token = this.#replica.ring.seal('session', encodeFacts(full))
    return token instanceof Promise ? token.then((late) => this.#begin(full, late)) : this.#begin(full, token)
  }

  #begin(facts: SessionFacts, token: string): Session {
    const { ring } = this.#replica
    const session = new Session(facts, token, ring.eventKey(ring.sealingKeyId))
    session.state = EMPTY_STATE
    this.#opened.add(session)
    this.#replica.counters.sessionsOpened++
    return session
  }

  /** Opens a session id for a principal. To anybody else the session does not exist. */
  async open(token: string, principal: string): Promise<Session | NoSession> {
    const { counters, platform } = this.#replica
    const session = this.#opened.get(token) ?? (await this.#unseal(token))
    if (!(session instanceof Session)) return session
    if (session.facts.principal !== principal) {
      counters.sessionsForeign++
      return 'gone'
    }
    if (session.facts.expiresAt <= platform.now()) {
      counters.sessionsExpired++
      return 'gone'
    }
    if (session.state === undefined && !session.deleted) await this.state(session)
    return session.deleted ? 'gone' : session
  }

  /** What the session has set; read from the table where this process can't know it. */
  async state(session: Session): Promise<SessionState> {
    if (session.state !== undefined) return session.state
    const { uid, birth } = session.facts
    const known = this.#changed.get(uid)
    const order = comparePositions(birth, this.#cluster.start)
    let state = EMPTY_STATE
    if (known === true) {
      session.deleted = true
    } else if (known === false || order === undefined || order < 0) {
      const entry = await readEntry(this.#replica.store, uid)
      if (entry?.deleted) session.deleted = true
      state = stateOf(entry)
    }
    session.state = state
    return state
  }

  /** Changes the session's entry, announces it, and only then resolves. */
  async change(session: Session, change: (entry: StoredEntry) => StoredEntry | undefined): Promise<void> {
    refuseEnded(session)
    const { store, id } = this.#replica
    const { uid } = session.facts
    const { entry } = await changeEntry(store, uid, this.#lifeOf(session), change)
    // Announced even when another request had put it in place: only then is the announcement sure to stand earlier in
    // the log than whatever the client causes after our acknowledgement.
    await this.#cluster.append({ v: 1, t: 'session', uid, by: id })
    this.#markChanged(uid, false)
    session.state = stateOf(entry)
  }

  /** Changes values of the session, which nobody needs to hear about: they are read from the table. */
  async changeValues(session: Session, change: (entry: StoredEntry) => StoredEntry | undefined): Promise<void> {
    refuseEnded(session)
    const { written } = await changeEntry(this.#replica.store, session.facts.uid, this.#lifeOf(session), change)
    if (written) this.#markChanged(session.facts.uid, false)
  }

  async readValues(session: Session): Promise<StoredEntry | undefined> {
    return readEntry(this.#replica.store, session.facts.uid)
  }

  /** Ends a session for good: first everybody hears it, then it is written down, then this resolves. */
  async delete(session: Session): Promise<void> {
    const { uid, expiresAt } = session.facts
    await this.#cluster.append({ v: 1, t: 'deleted', uid, expiresAt })
    await writeTombstone(this.#replica.store, uid, this.#lifeOf(session))
    this.#replica.counters.sessionsDeleted++
    this.#bury(uid)
  }

  /**
   * Ends a session that ends with its connection (HTTP+SSE): nobody can ask for it any more, so nobody is told. What it
   * had set goes; where a handler may still be writing, a tombstone stays for a moment and refuses that.
   */
  async release(session: Session): Promise<void> {
    const { uid } = session.facts
    const writing = session.inFlight.length > 0
    session.deleted = true
    this.#replica.counters.sessionsDeleted++
    const reason = new McpError('session_closed', 'The connection of the session has ended.')
    for (const call of [...session.inFlight]) call.abort(reason, false)
    if (this.#changed.delete(uid) || writing) await writeTombstone(this.#replica.store, uid, RELEASED_MS)
  }

  /** Applies a record of the `cluster` log. */
  apply({ record }: ClusterEntry): void {
    if (record.t === 'deleted') {
      this.#bury(record.uid)
    } else if (record.t === 'session' && record.by !== this.#replica.id) {
      this.#markChanged(record.uid, false)
      const session = this.#opened.byUid(record.uid)
      if (session !== undefined) session.state = undefined
    }
  }

  #bury(uid: string): void {
    this.#markChanged(uid, true)
    const session = this.#opened.byUid(uid)
    if (session === undefined || session.deleted) return
    session.deleted = true
    const reason = new McpError('session_closed', 'The session has ended.')
    for (const call of [...session.inFlight]) call.abort(reason, true)
    session.stream?.close(this.#replica.retry.next())
  }

  async #unseal(token: string): Promise<Session | NoSession> {
    const { ring, counters } = this.#replica
    const opened = await ring.open('session', token)
    if (opened === 'unknown_key' && !ring.generated) {
      counters.unknownKeys++
      return this.#hold()
    }
    const facts = typeof opened === 'string' ? undefined : decodeFacts(opened.bytes)
    if (typeof opened === 'string' || facts === undefined) {
      counters.sessionsUnknown++
      return 'gone'
    }
    // Another request may have opened the same id while this one was decrypting.
    const known = this.#opened.get(token)
    if (known !== undefined) return known
    const session = new Session(facts, token, ring.eventKey(opened.keyId))
    this.#opened.add(session)
    return session
  }

  /** A key that this process does not know may be a rotation on its way. A false 404 would end the user's session. */
  #hold(): Promise<NoSession> {
    if (this.#held >= UNCERTAIN_HELD) return Promise.resolve('uncertain')
    this.#held++
    return new Promise((resolve) => {
      this.#replica.wheel.after(UNCERTAIN_HOLD_MS, () => {
        this.#held--
        resolve('uncertain')
      })
    })
  }

  #markChanged(uid: string, deleted: boolean): void {
    if (this.#changed.get(uid) === true) return
    if (this.#changed.size >= CHANGED_SIZE && !this.#changed.has(uid)) {
      this.#changed.clear()
      this.#cluster.forgetPast()
    }
    this.#changed.set(uid, deleted)
  }

  #lifeOf(session: Session): number {
    return Math.max(1_000, session.facts.expiresAt - this.#replica.platform.now())
  }
}

/** What a handler sets that runs on after its session has ended would stay for as long as a session may live. */
function refuseEnded(session: Session): void {
  if (session.deleted) throw new McpError('session_not_found', 'The session has ended.')
}
