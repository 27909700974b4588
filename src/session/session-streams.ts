/**
 * The session streams of this process: opening them, leading messages to them, and telling them what happened.
 *
 * @module
 */
import type { Position } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import type { AskRoute, Asks } from './asks.ts'
import type { Cluster, ClusterEntry, ClusterRead, ListKind } from './cluster.ts'
import type { SessionEventId } from './event-id.ts'
import type { EventSink } from './event-sink.ts'
import { type Holder, readHolder } from './holder.ts'
import { appendMailbox, type MailboxRecord } from './mailbox.ts'
import type { Replica } from './replica.ts'
import type { Session } from './session.ts'
import type { SessionState } from './session-entry.ts'
import { SessionStream, type SessionStreamHost } from './session-stream.ts'
import type { Sessions } from './sessions.ts'

/** How long a question outside a request waits for the client to open its session stream. */
const WAIT_FOR_STREAM_MS = 5_000

/** How often it is looked whether the stream was opened on another replica. */
const LOOK_FOR_STREAM_MS = 250

/** Questions in mailboxes that are remembered before those that are settled are looked for. */
const MAILED_SIZE = 1_000

/** What the authoring side says about its lists. */
export interface Catalogue {
  /** Changes whenever a list does. At most 16 visible ASCII characters without a dot. */
  hash(): string
  lists(): readonly ListKind[]
}

export class SessionStreams implements SessionStreamHost {
  readonly replica: Replica
  readonly #sessions: Sessions
  readonly #cluster: Cluster
  readonly #asks: Asks
  readonly #catalogue: Catalogue
  /** Sessions with an open stream, by their uid. */
  readonly #open = new Map<string, Session>()
  /** Questions that were put into mailboxes, where other replicas may have to find them. */
  readonly #mailed = new Set<string>()
  readonly #waiting = new Map<Session, Set<() => void>>()
  /** The last claim of each session that is being made. */
  readonly #claims = new Map<string, Promise<void>>()

  constructor(replica: Replica, sessions: Sessions, cluster: Cluster, asks: Asks, catalogue: Catalogue) {
    this.replica = replica
    this.#sessions = sessions
    this.#cluster = cluster
    this.#asks = asks
    this.#catalogue = catalogue
  }

  /** Sessions with an open stream. */
  get size(): number {
    return this.#open.size
  }

  /** Gives the session a stream on this connection; the newest connection wins. */
  open(session: Session, sink: EventSink, from: SessionEventId | undefined): void {
    const stream = new SessionStream(this, session, sink)
    stream.start(from).catch((thrown) => stream.fail(thrown))
  }

  /** Puts a message into the session's mailbox. */
  async send(session: Session, text: string): Promise<void> {
    await this.#append(session, { v: 1, t: 'message', text })
  }

  async #append(session: Session, record: MailboxRecord): Promise<void> {
    const { store, tags, peers } = this.replica
    const { uid } = session.facts
    await appendMailbox(store, uid, record, tags.next())
    if (session.stream !== undefined) {
      session.stream.hint()
    } else if (peers !== undefined) {
      const holder = await this.#holderElsewhere(uid)
      if (holder !== undefined) peers.hint(holder, { v: 1, t: 'mailbox', uid })
    }
  }

  /** The other replica that has the stream of this session, if one has it. */
  async #holderElsewhere(uid: string): Promise<string | undefined> {
    const { store, id, peers } = this.replica
    const held = await readHolder(store, uid)
    if (held === undefined || held.holder.connection === '' || held.holder.replica === id) return undefined
    return peers?.isDead(held.holder.replica) ? undefined : held.holder.replica
  }

  /** Another replica put something into the mailbox of this session. */
  hint(uid: string): void {
    this.#open.get(uid)?.stream?.hint()
  }

  /** A connection to another replica has the stream now. */
  replaced(uid: string, connection: string): void {
    this.#open.get(uid)?.stream?.replaced(connection)
  }

  inTurn<Result>(uid: string, claim: () => Promise<Result>): Promise<Result> {
    const before = this.#claims.get(uid)
    const claiming = before === undefined ? claim() : before.then(claim)
    const over = (): void => {
      if (this.#claims.get(uid) === done) this.#claims.delete(uid)
    }
    const done = claiming.then(over, over)
    this.#claims.set(uid, done)
    return claiming
  }

  streamClaimed(uid: string, previous: Holder): void {
    const { id, peers } = this.replica
    const { replica, connection } = previous
    if (peers === undefined || connection === '' || replica === id || peers.isDead(replica)) return
    peers.hint(replica, { v: 1, t: 'replaced', uid, connection })
  }

  #mail(id: string): void {
    if (this.replica.peers === undefined) return
    if (this.#mailed.size >= MAILED_SIZE)
      for (const old of this.#mailed) if (!this.#asks.isOpen(old)) this.#mailed.delete(old)
    this.#mailed.add(id)
  }

  /**
   * The data behind the store was replaced: the streams that are open say again that they are. Whether a question in a
   * mailbox was delivered can't be told any more, so it ends with an error.
   */
  restore(): void {
    const reason = new McpError('unavailable', 'The question was lost with the data of the engine.')
    for (const id of this.#mailed) this.#asks.reject(id, reason)
    this.#mailed.clear()
    for (const session of this.#open.values()) session.stream?.hold()
  }

  /** The way to the client for questions that ride no request stream. */
  route(session: Session, timeoutMs: number): AskRoute {
    return {
      sendAsk: async (text, id, withdrawn = '') => {
        if (id === undefined) {
          // Without peers a session that has no stream has been asked nothing.
          if (session.stream === undefined && this.replica.peers === undefined) return
          await this.#append(session, { v: 1, t: 'withdrawal', text, id: withdrawn })
          return
        }
        if (session.stream === undefined) await this.#waitForStream(session)
        this.#mail(id)
        const deadline = this.replica.platform.now() + timeoutMs
        await this.#append(session, { v: 1, t: 'ask', text, id, deadline })
      },
    }
  }

  /** Applies a record of the `cluster` log to every open stream. */
  apply(entry: ClusterEntry): void {
    const { record } = entry
    if (record.t === 'list' || record.t === 'updated') {
      for (const session of this.#open.values()) session.stream?.push(entry)
    } else if (record.t === 'session' && record.by !== this.replica.id) {
      this.#open.get(record.uid)?.stream?.changed()
    }
  }

  gap(): void {
    for (const session of this.#open.values()) session.stream?.clusterGap()
  }

  /** The process is about to leave. */
  letGo(): void {
    for (const session of [...this.#open.values()]) session.stream?.letGo()
  }

  clusterPosition(): Position {
    return this.#cluster.position
  }

  readCluster(after: Position, limit: number): Promise<ClusterRead> {
    return this.#cluster.read(after, limit)
  }

  state(session: Session): Promise<SessionState> {
    return this.#sessions.state(session)
  }

  isAskOpen(id: string): boolean {
    return this.#asks.isOpen(id)
  }

  catalogue(): string {
    return this.#catalogue.hash()
  }

  lists(): readonly ListKind[] {
    return this.#catalogue.lists()
  }

  streamOpened(session: Session): void {
    this.#open.set(session.facts.uid, session)
    const waiting = this.#waiting.get(session)
    this.#waiting.delete(session)
    if (waiting) for (const wake of waiting) wake()
  }

  streamClosed(session: Session): void {
    if (session.stream === undefined) this.#open.delete(session.facts.uid)
  }

  async #waitForStream(session: Session): Promise<void> {
    const here = this.#waitHere(session)
    if (this.replica.peers === undefined) return here
    let over = false
    const end = (): void => {
      over = true
    }
    here.then(end, end)
    const elsewhere = async (): Promise<void> => {
      while ((await this.#holderElsewhere(session.facts.uid)) === undefined) {
        // Not the end of this loop: it would pass for a stream that was found.
        if (over) return here
        await this.#pause()
      }
    }
    // Whichever comes first; the end of the time is an error of the first.
    await Promise.race([here, elsewhere()])
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.replica.wheel.after(LOOK_FOR_STREAM_MS, resolve))
  }

  #waitHere(session: Session): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(session) ?? new Set()
      this.#waiting.set(session, waiting)
      let timer: Timer | undefined
      const wake = (): void => {
        timer?.cancel()
        resolve()
      }
      waiting.add(wake)
      timer = this.replica.wheel.after(WAIT_FOR_STREAM_MS, () => {
        waiting.delete(wake)
        if (waiting.size === 0) this.#waiting.delete(session)
        reject(
          new McpError('ask_unreachable', 'No stream leads to the client: it has not opened a GET stream within 5 s.'),
        )
      })
    })
  }
}
