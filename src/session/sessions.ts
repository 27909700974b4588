/**
 * Opening, making and deleting sessions. Opening is one map lookup for a session id seen lately and one decryption
 * otherwise; making one writes nothing.
 *
 * @see the specification, basic/transports, "Session Management"
 * @module
 */
import { EngineError, type Store } from '../engine/engine.ts'
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
  restoreEntry,
  type SessionState,
  type StoredEntry,
  stateOf,
  writeTombstone,
} from './session-entry.ts'
import { decodeFacts, encodeFacts, type SessionFacts } from './session-id.ts'
import { StoredState } from './stored-state.ts'

/** Why a session id opens nothing. `gone` is certain (404); `uncertain` is a key that may be on its way (503). */
export type NoSession = 'gone' | 'uncertain'

/** How long an unknown key is given to arrive, and how many requests may wait for one at a time. */
const UNCERTAIN_HOLD_MS = 5_000
const UNCERTAIN_HELD = 100

/** How many changed sessions are remembered before the oldest knowledge is given up. */
const CHANGED_SIZE = 100_000

/** How long a handler whose session has ended with its connection is kept from setting anything. */
const RELEASED_MS = 60_000

/** How long after a deletion was heard of it is looked whether it was written down. */
const ASSURE_MS = 1_000

/** Operations at a time when everything known is put back. */
const AT_ONCE = 64

export class Sessions {
  readonly #replica: Replica
  readonly #cluster: Cluster
  readonly #opened: SessionCache
  readonly #stored: StoredState
  /** Sessions known to have an entry (0), or a tombstone (when it may go, in milliseconds since 1970). */
  readonly #changed = new Map<string, number>()
  /** Sessions in use whose entry was changed elsewhere and is being read. */
  readonly #refreshing = new Map<Session, Promise<void>>()
  /** What this process knows of sessions may be old: see {@link suspect}. */
  #suspect = false
  #held = 0

  constructor(replica: Replica, cluster: Cluster) {
    this.#replica = replica
    this.#cluster = cluster
    this.#opened = new SessionCache(replica.limits.sessionCache)
    this.#stored = new StoredState(replica.platform, replica.limits)
  }

  /** Opened session ids remembered now. */
  get cached(): number {
    return this.#opened.size
  }

  /** Changed sessions remembered now (at most 100,000). */
  get changed(): number {
    return this.#changed.size
  }

  /** What sessions have set by way of this process, in bytes. */
  get storedBytes(): number {
    return this.#stored.bytes
  }

  /** The session of a recently seen id, without waiting; the caller still has to compare the principal. */
  peek(token: string): Session | undefined {
    return this.#suspect ? undefined : this.#opened.get(token)
  }

  /**
   * The tail of the `cluster` log is stale, or current again. While it is, sessions are read from the table: what was
   * deleted elsewhere may not have been heard of.
   */
  suspect(stale: boolean): void {
    this.#suspect = stale
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
    if (!session.deleted && (session.state === undefined || this.#suspect)) await this.#verify(session)
    return session.deleted ? 'gone' : session
  }

  /** What the session has set; read from the table where this process can't know it. */
  async state(session: Session): Promise<SessionState> {
    await this.#refreshing.get(session)
    if (session.state !== undefined) return session.state
    const known = this.#changed.get(session.facts.uid)
    if (known !== undefined && known > 0) {
      session.deleted = true
      session.state = EMPTY_STATE
    } else if (this.#mustRead(session)) {
      await this.#read(session, this.#replica.store)
    } else {
      session.state = EMPTY_STATE
    }
    return session.state ?? EMPTY_STATE
  }

  /** Whether the table may say something about this session that was not heard here. */
  #mustRead(session: Session): boolean {
    const { uid, birth } = session.facts
    const order = comparePositions(birth, this.#cluster.start)
    return this.#suspect || order === undefined || order < 0 || this.#changed.get(uid) === 0
  }

  async #read(session: Session, store: Store): Promise<void> {
    const entry = await readEntry(store, session.facts.uid)
    if (entry?.deleted) session.deleted = true
    session.state = stateOf(entry)
  }

  /**
   * Makes sure of a session that this process does not know everything about. An engine that is away is no reason to
   * refuse it: the session is served as far as it is known.
   *
   * @throws {McpError} `unavailable` where such a session shall be refused.
   */
  async #verify(session: Session): Promise<void> {
    const { peers } = this.#replica
    if (peers === undefined || !this.#mustRead(session)) {
      await this.state(session)
      return
    }
    const { store } = peers
    try {
      if (store.reachable) {
        await store.once((reached) => this.#read(session, reached))
        return
      }
    } catch (thrown) {
      if (!(thrown instanceof EngineError)) throw thrown
    }
    if (peers.refusesUnknown) {
      throw new McpError('unavailable', 'Whether this session has ended can not be told right now; try again.')
    }
  }

  /** Changes the session's entry, announces it, and only then resolves. */
  async change(session: Session, change: (entry: StoredEntry) => StoredEntry | undefined): Promise<void> {
    refuseEnded(session)
    const { id } = this.#replica
    const { uid } = session.facts
    await this.#inOneEpoch(async () => {
      const { entry } = await this.#changeEntry(session, change)
      // Announced even when another request had put it in place: only then is the announcement sure to stand earlier in
      // the log than whatever the client causes after our acknowledgement.
      await this.#cluster.append({ v: 1, t: 'session', uid, by: id })
      this.#markChanged(uid, 0)
      session.state = stateOf(entry)
    })
  }

  /** Changes values of the session, which nobody needs to hear about: they are read from the table. */
  async changeValues(session: Session, change: (entry: StoredEntry) => StoredEntry | undefined): Promise<void> {
    refuseEnded(session)
    const { written } = await this.#changeEntry(session, change)
    if (written) this.#markChanged(session.facts.uid, 0)
  }

  async #changeEntry({ facts }: Session, change: (entry: StoredEntry) => StoredEntry | undefined) {
    const { store, counters } = this.#replica
    const admit = (length: number): void => {
      try {
        this.#stored.admit(facts, length)
      } catch (thrown) {
        counters.limitsHit++
        throw thrown
      }
    }
    const changed = await changeEntry(store, facts.uid, this.#lifeOf(facts), change, admit)
    if (changed.written) this.#stored.note(facts, changed.length)
    return changed
  }

  async readValues(session: Session): Promise<StoredEntry | undefined> {
    return readEntry(this.#replica.store, session.facts.uid)
  }

  /** Ends a session for good: first everybody hears it, then it is written down, then this resolves. */
  async delete(session: Session): Promise<void> {
    const { uid, expiresAt } = session.facts
    await this.#inOneEpoch(async () => {
      await this.#cluster.append({ v: 1, t: 'deleted', uid, expiresAt })
      await writeTombstone(this.#replica.store, uid, this.#lifeOf(session.facts))
    })
    this.#replica.counters.sessionsDeleted++
    this.#bury(uid, expiresAt)
  }

  /** What is acknowledged is announced and written down in the same data, else one half of it may be lost. */
  async #inOneEpoch(write: () => Promise<void>): Promise<void> {
    const { store } = this.#replica
    for (let epoch = ''; epoch !== store.epoch; ) {
      epoch = store.epoch
      await write()
    }
  }

  /**
   * Ends a session that ends with its connection (HTTP+SSE): nobody can ask for it any more, so nobody is told. What it
   * had set goes; where a handler may still be writing, a tombstone stays for a moment and refuses that.
   */
  async release(session: Session): Promise<void> {
    const { uid } = session.facts
    const writing = session.inFlight.length > 0
    session.deleted = true
    this.#stored.forget(uid)
    this.#replica.counters.sessionsDeleted++
    const reason = new McpError('session_closed', 'The connection of the session has ended.')
    for (const call of [...session.inFlight]) call.abort(reason, false)
    if (this.#changed.delete(uid) || writing) await writeTombstone(this.#replica.store, uid, RELEASED_MS)
  }

  /** Applies a record of the `cluster` log. */
  apply({ record }: ClusterEntry): void {
    if (record.t === 'deleted') {
      const news = !(this.#changed.get(record.uid) ?? 0)
      this.#bury(record.uid, record.expiresAt)
      if (news && this.#replica.peers !== undefined) this.#assureTombstone(record.uid, record.expiresAt)
    } else if (record.t === 'session' && record.by !== this.#replica.id) {
      this.#markChanged(record.uid, 0)
      const session = this.#opened.byUid(record.uid)
      if (session !== undefined) this.#outdated(session)
    }
  }

  /** Records of the `cluster` log are missing: what was known may be old. */
  gap(): void {
    for (const session of this.#opened.values()) this.#outdated(session)
  }

  /** The data behind the store was replaced: puts back what this process knows, and says so to everybody. */
  async restore(): Promise<void> {
    const { store, id, platform } = this.#replica
    const now = platform.now()
    let writing: Promise<unknown>[] = []
    const write = async (one: Promise<unknown>): Promise<void> => {
      if (writing.push(one) < AT_ONCE) return
      await Promise.all(writing)
      writing = []
    }
    for (const [uid, expiresAt] of this.#changed) {
      if (expiresAt <= now) continue
      await write(this.#cluster.append({ v: 1, t: 'deleted', uid, expiresAt }))
      await write(writeTombstone(store, uid, expiresAt - now))
    }
    for (const session of this.#opened.values()) {
      const { state } = session
      const { uid } = session.facts
      if (session.deleted || state === undefined || (state.level === undefined && state.subscriptions.size === 0))
        continue
      const announce = () => this.#cluster.append({ v: 1, t: 'session', uid, by: id })
      await write(restoreEntry(store, uid, this.#lifeOf(session.facts), state).then(announce))
    }
    await Promise.all(writing)
  }

  /** Reads the entry of a session in use again; one that is not is read when it is used. */
  #outdated(session: Session): void {
    if (!session.busy) {
      session.state = undefined
      return
    }
    const before = this.#refreshing.get(session) ?? Promise.resolve()
    const reading = before
      .then(() => this.#read(session, this.#replica.store))
      .catch((thrown) => {
        // What was known is old: whoever needs it next reads it.
        session.state = undefined
        this.#replica.report(thrown, 'session')
      })
      .finally(() => {
        if (this.#refreshing.get(session) === reading) this.#refreshing.delete(session)
      })
    this.#refreshing.set(session, reading)
  }

  /** Who announced the deletion may have died before it was written down. */
  #assureTombstone(uid: string, expiresAt: number): void {
    const { store, wheel, platform, report } = this.#replica
    const life = expiresAt - platform.now()
    if (life <= 0) return
    wheel.after(ASSURE_MS, () => {
      readEntry(store, uid)
        .then((entry) => (entry?.deleted ? undefined : writeTombstone(store, uid, life)))
        .catch((thrown) => report(thrown, 'session'))
    })
  }

  #bury(uid: string, expiresAt: number): void {
    this.#markChanged(uid, expiresAt)
    this.#stored.forget(uid)
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

  #markChanged(uid: string, tombstoneUntil: number): void {
    if (this.#changed.get(uid)) return
    if (this.#changed.size >= CHANGED_SIZE && !this.#changed.has(uid)) {
      this.#changed.clear()
      this.#cluster.forgetPast()
    }
    this.#changed.set(uid, tombstoneUntil)
  }

  #lifeOf({ expiresAt }: Pick<SessionFacts, 'expiresAt'>): number {
    return Math.max(1_000, expiresAt - this.#replica.platform.now())
  }
}

/** What a handler sets that runs on after its session has ended would stay for as long as a session may live. */
function refuseEnded(session: Session): void {
  if (session.deleted) throw new McpError('session_not_found', 'The session has ended.')
}
