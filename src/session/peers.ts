/**
 * What connects this replica with the others: its inbox, the cancellations of all, who is alive, and the streams that
 * are read here and written elsewhere. A process that shares nothing has none of it, and none of its timers.
 *
 * @module
 */
import type { Timer } from '../engine/platform.ts'
import type { RequestId } from '../wire/jsonrpc.ts'
import { AnsweredExchanges, type Rewritable } from './answered-exchanges.ts'
import type { Asks } from './asks.ts'
import { Cancels } from './cancels.ts'
import type { Cluster, ClusterRecord } from './cluster.ts'
import type { RequestEventId } from './event-id.ts'
import type { EventSink } from './event-sink.ts'
import type { FinishedStream } from './finished-streams.ts'
import { exchangeLogOf, type ForwardedRetry } from './forwarded-retry.ts'
import { Inbox, type InboxRecord, type PostedMessage, type Reader } from './inbox.ts'
import { Membership, type MembershipListener } from './membership.ts'
import type { Relay } from './relay.ts'
import { RelayedStream } from './relayed-stream.ts'
import type { Replica } from './replica.ts'
import { announceSecrets, SECRETS_RENEW_MS } from './secret-check.ts'
import type { Session } from './session.ts'
import type { SessionStreams } from './session-streams.ts'
import type { SharedStore } from './shared-store.ts'
import { appendStreamLog, isStreamOver, type StreamRecord, streamLogOf } from './stream-log.ts'
import type { StreamSpill } from './stream-spill.ts'

/** Between two attempts to be known under a new id. */
const ENTER_RETRY_MS = 500

/** The parts of this process that other replicas have something to say to. */
export interface PeersParts {
  readonly cluster: Cluster
  readonly asks: Asks
  readonly sessionStreams: SessionStreams
  readonly leaseMs: number
  /** Whether a session that may have been deleted is refused while the engine is away. */
  readonly refusesUnknown: boolean
  /** See {@link MembershipListener.tailStale}. */
  readonly tailStale: (stale: boolean) => void
}

/** The exchange of a call here whose client is connected to another replica. */
export interface RemoteExchange extends Rewritable {
  readonly reader: Reader
  /** The client has left, or the replica that it was connected to. */
  readerGone(): void
}

export class Peers implements MembershipListener {
  readonly store: SharedStore
  /** Streams that are being written to their logs. */
  readonly spilling: Set<StreamSpill> = new Set()
  /** What other replicas write and is read here, by its connection. */
  readonly relays: Map<string, Relay> = new Map()
  /** Exchanges of calls here whose clients are connected to other replicas, by that connection. */
  readonly exchanges: Map<string, RemoteExchange> = new Map()
  /** Those that were answered a moment ago. */
  readonly answered: AnsweredExchanges
  readonly #replica: Replica
  readonly #parts: PeersParts
  readonly #inbox: Inbox
  readonly #cancels: Cancels
  readonly #membership: Membership
  /** Takes messages of HTTP+SSE connections that are held here and were posted elsewhere. */
  onPosted: ((message: PostedMessage) => void) | undefined
  /** Takes retries of calls that are parked here and were sent elsewhere. */
  onRetried: ((retry: ForwardedRetry, late: boolean) => void) | undefined
  #renewal: Timer | undefined
  closed = false

  constructor(replica: Replica, store: SharedStore, parts: PeersParts) {
    this.#replica = replica
    this.store = store
    this.answered = new AnsweredExchanges(replica.wheel)
    this.#parts = parts
    this.#inbox = new Inbox(
      replica,
      (record, late) => this.#take(record, late),
      (address) => this.#askAgain(address),
    )
    this.#cancels = new Cancels(replica)
    this.#membership = new Membership(replica, store, parts.cluster, parts.leaseMs, this)
  }

  /** Before anybody hears of this replica: it can be written to. */
  async enter(): Promise<void> {
    await this.#inbox.open(this.#replica.id)
    await this.#cancels.open()
    await this.#membership.enter()
  }

  /** After the `cluster` log was applied. */
  start(): void {
    this.#membership.start()
    this.#renewSecrets()
  }

  /** See {@link Membership.mayAct}. */
  get mayAct(): boolean {
    return this.#membership.mayAct
  }

  /** How many replicas there are, this one included, as far as is known here. */
  get alive(): number {
    return this.#membership.alive
  }

  isAlive(replica: string): Promise<boolean> {
    return this.#membership.isAlive(replica)
  }

  isDead(replica: string): boolean {
    return this.#membership.isDead(replica)
  }

  get refusesUnknown(): boolean {
    return this.#parts.refusesUnknown
  }

  /** Resolves when the record is in the inbox of `to`. @throws {McpError} `unavailable` */
  post(to: string, record: InboxRecord): Promise<void> {
    return this.#inbox.post(to, record)
  }

  hint(to: string, record: InboxRecord): void {
    if (to === this.#replica.id) this.#take(record)
    else this.#inbox.hint(to, record)
  }

  /**
   * Leads an answer, or progress on one, to the replica that asked. Resolves when it can't be lost any more; what is
   * meant for nobody is dropped.
   *
   * @throws {McpError} `unavailable`
   */
  async forward(to: string, record: InboxRecord): Promise<void> {
    if (await this.#membership.isReplica(to)) await this.#inbox.post(to, record)
    else this.#replica.counters.answersUnknown++
  }

  /**
   * Leads a message to the replica that holds its HTTP+SSE connection. `false`: there is no such replica any more.
   *
   * @throws {McpError} `unavailable`
   */
  async forwardPosted(to: string, message: PostedMessage): Promise<boolean> {
    if (!(await this.#membership.isAlive(to))) return false
    await this.#inbox.post(to, { v: 1, t: 'posted', ...message })
    return true
  }

  /** Tells everybody that a request, which is not handled here, was cancelled. */
  cancel(uid: string, requestId: RequestId, reason: string): Promise<void> {
    return this.#cancels.announce(uid, requestId, reason)
  }

  /** Whether nothing more comes on a stream of another replica. An engine that does not know at once is not asked twice. */
  async isOver(id: RequestEventId): Promise<boolean> {
    const log = streamLogOf(id.replica, id.call)
    try {
      return await this.store.once((store) => isStreamOver(store, log, id.sequence))
    } catch {
      return false
    }
  }

  /** Serves a stream of another replica on a connection here. */
  relay(session: Session, id: RequestEventId, sink: EventSink, lead: string): void {
    const relayed = new RelayedStream(this.#replica, this, session, id, sink)
    this.relays.set(relayed.connection, relayed)
    relayed.start(lead)
  }

  /** Applies a record of the `cluster` log. */
  apply(record: ClusterRecord): void {
    if (record.t === 'resend' && record.replica !== this.#replica.id) this.#inbox.resend(record.replica)
    else this.#membership.apply(record)
  }

  /** The data behind the store was replaced. */
  async restore(): Promise<void> {
    await this.#membership.restore()
    for (const spill of this.spilling) spill.check()
    for (const relayed of this.relays.values()) relayed.lookAgain()
    this.#inbox.resend(undefined)
  }

  replicaDied(replica: string): void {
    for (const relayed of this.relays.values()) if (relayed.owner === replica) relayed.look()
    for (const exchange of [...this.exchanges.values()]) if (exchange.reader.replica === replica) exchange.readerGone()
  }

  /** This process goes on under another id; what others may have decided about the old one holds. */
  selfDied(): void {
    const replica = this.#replica
    replica.takeNewId()
    // Calls with an open connection go on writing to it; those of the others were answered by somebody else.
    for (const stream of [...replica.streams.values()]) if (!stream.connected) stream.fenced()
    const entering = this.#enterAgain().finally(() => {
      if (replica.entering === entering) replica.entering = undefined
    })
    replica.entering = entering
  }

  tailStale(stale: boolean): void {
    this.#parts.tailStale(stale)
  }

  /** Ends the relays: their clients go on elsewhere. */
  closeRelays(): void {
    for (const relayed of [...this.relays.values()]) relayed.handBack()
  }

  /** Writes what only this process has to where every replica finds it, within a bounded time. */
  async spillAll(deadlineMs: number): Promise<void> {
    const { platform, finished, id } = this.#replica
    const end = platform.now() + deadlineMs
    let writing: Promise<unknown>[] = [...this.spilling].map((spill) => spill.settled())
    for (const [call, stream] of finished.newestFirst()) {
      writing.push(this.#spillFinished(id, call, stream))
      if (writing.length < 64) continue
      await this.#until(end, Promise.all(writing))
      writing = []
      if (platform.now() >= end) return
    }
    await this.#until(end, Promise.all(writing))
  }

  /** Says goodbye. Others need not wait for the lease to end. */
  async leave(): Promise<void> {
    await this.#membership.leave().catch((thrown) => this.#replica.report(thrown, 'membership'))
  }

  stop(): void {
    this.closed = true
    this.#renewal?.cancel()
    this.#membership.stop()
    this.#inbox.stop()
    this.#cancels.stop()
  }

  /** Those who start later compare their secrets with ours. */
  #renewSecrets(): void {
    const { ring, wheel } = this.#replica
    this.#renewal = wheel.after(SECRETS_RENEW_MS, () => {
      this.store.once((store) => announceSecrets(store, ring)).catch(() => {})
      this.#renewSecrets()
    })
  }

  async #enterAgain(): Promise<void> {
    const { id, wheel, report } = this.#replica
    while (!this.closed && id === this.#replica.id) {
      try {
        await this.#inbox.open(id)
        await this.#membership.enter()
        await this.#parts.cluster.append({ v: 1, t: 'replica', replica: id })
        return
      } catch (thrown) {
        report(thrown, 'membership')
        await new Promise<void>((resolve) => void wheel.after(ENTER_RETRY_MS, resolve))
      }
    }
  }

  /** What makes something run must not be late: it may have been sent again. All else does no harm then. */
  #take(record: InboxRecord, late = false): void {
    const { asks, sessionStreams } = this.#parts
    switch (record.t) {
      case 'answer':
        asks.take(record.uid, record.principal, record.response)
        return
      case 'progress':
        asks.progressed(record.uid, record.principal, record.params)
        return
      case 'mailbox':
        sessionStreams.hint(record.uid)
        return
      case 'replaced':
        sessionStreams.replaced(record.uid, record.connection)
        return
      case 'resume':
        this.#handOver(record.call, record.reader)
        return
      case 'posted':
        if (!late) this.onPosted?.(record)
        return
      case 'retry':
        // Nobody is there any more to hear the answer.
        if (!this.isDead(record.reader.replica)) this.onRetried?.(record, late)
        return
      case 'gone':
        this.exchanges.get(record.connection)?.readerGone()
        return
      case 'reread':
        this.#rewrite(record.reader)
        return
      case 'events':
        this.relays.get(record.connection)?.look()
        return
      case 'taken':
        this.relays.get(record.connection)?.replaced()
        return
    }
  }

  #handOver(call: number, reader: Reader): void {
    const { streams, finished, id, report } = this.#replica
    const stream = streams.get(call)
    if (stream !== undefined) {
      stream.handOver(reader)
      return
    }
    this.#spillFinished(id, call, finished.get(call))
      .then(() => this.hint(reader.replica, { v: 1, t: 'events', connection: reader.connection }))
      .catch((thrown) => report(thrown, 'stream log'))
  }

  /** The reader of an exchange found nothing after the engine had lost its data. */
  #rewrite(reader: Reader): void {
    const { connection, replica } = reader
    const exchange = this.exchanges.get(connection) ?? this.answered.get(connection)
    if (exchange !== undefined) {
      exchange.rewrite()
      return
    }
    const { store, tags, limits, report } = this.#replica
    const lost = { v: 1, t: 'lost', reason: 'stream_lost' } as const
    appendStreamLog(store, exchangeLogOf(connection), lost, { expect: undefined, id: tags.next(), limits })
      .then(() => this.hint(replica, { v: 1, t: 'events', connection }))
      .catch((thrown) => report(thrown, 'exchange log'))
  }

  /** Writes the log of a stream that is finished, unless it has been written before. */
  async #spillFinished(address: string, call: number, stream: FinishedStream | undefined): Promise<void> {
    const { store, tags, limits } = this.#replica
    let record: StreamRecord = { v: 1, t: 'lost', reason: 'stream_lost' }
    if (stream !== undefined) {
      const { first, text, bare } = stream
      record = { v: 1, t: 'events', first, last: Number.MAX_SAFE_INTEGER, text, final: true, ...(bare && { bare }) }
    }
    await appendStreamLog(store, streamLogOf(address, call), record, { expect: undefined, id: tags.next(), limits })
  }

  /** The inbox lost what was in it: everybody shall send again what they sent lately. */
  #askAgain(address: string): void {
    const { report } = this.#replica
    this.#parts.cluster.append({ v: 1, t: 'resend', replica: address }).catch((thrown) => report(thrown, 'inbox'))
  }

  async #until(end: number, done: Promise<unknown>): Promise<void> {
    const { platform, wheel, report } = this.#replica
    const settled = done.catch((thrown) => report(thrown, 'stream log'))
    const late = new Promise<void>((resolve) => void wheel.after(Math.max(0, end - platform.now()), resolve))
    await Promise.race([settled, late])
  }
}
