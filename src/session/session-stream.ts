/**
 * The session stream: what a GET opens. It has no buffer of its own: it is a cursor over two logs, the session's
 * mailbox and `cluster`, and its event ids carry both positions. A slow reader or a broken connection therefore costs
 * nothing but reading the logs again from where it stands.
 *
 * @see the specification, basic/transports, "Listening for Messages from the Server"
 * @module
 */
import type { Position } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import { comparePositions } from '../engine/position.ts'
import { notificationMessage } from '../wire/jsonrpc.ts'
import { SSE_KEEP_ALIVE, sseEvent, ssePriming, sseRetry } from '../wire/sse.ts'
import type { ClusterEntry, ClusterRead, ClusterRecord, ListKind } from './cluster.ts'
import { type SessionEventId, sessionEventId } from './event-id.ts'
import type { EventSink } from './event-sink.ts'
import { Hold, type Holder } from './holder.ts'
import { type MailboxEntry, type MailboxRecord, readMailbox } from './mailbox.ts'
import type { Replica } from './replica.ts'
import { KEEP_ALIVE_MS } from './request-stream.ts'
import { REPLACED_RETRY_MS } from './retry.ts'
import type { Session } from './session.ts'
import { EMPTY_STATE, type SessionState } from './session-entry.ts'
import type { SessionFeed } from './session-feed.ts'

/** What the stream asks of the process around it. */
export interface SessionStreamHost {
  readonly replica: Replica
  /** The newest `cluster` position applied here. */
  clusterPosition(): Position
  /** The records of `cluster` after a position. */
  readCluster(after: Position, limit: number): Promise<ClusterRead>
  state(session: Session): Promise<SessionState>
  /** Whether somebody still waits for the answer to this question. */
  isAskOpen(id: string): boolean
  /** Names what the lists look like now; at most 16 visible ASCII characters without a dot. */
  catalogue(): string
  /** The lists that this server has. */
  lists(): readonly ListKind[]
  /** Runs claims of one session one after the other, so that of its connections here the newest one claims last. */
  inTurn<Result>(uid: string, claim: () => Promise<Result>): Promise<Result>
  /** The stream has a new connection; `previous` had it before, maybe on another replica. */
  streamClaimed(uid: string, previous: Holder): void
  /** The stream is connected, or no longer. */
  streamOpened(session: Session): void
  streamClosed(session: Session): void
}

/** How often the holder entry of an idle stream is written anew; well within its life. */
const RENEW_MS = 240_000

/** Entries per read of a log. */
const BATCH = 256

export class SessionStream implements SessionFeed {
  readonly #host: SessionStreamHost
  readonly #session: Session
  readonly #hold: Hold
  #sink: EventSink | undefined
  /** `birth` until the first message: the mailbox log may not exist yet. */
  #mailbox: Position = 'birth'
  #cluster: Position = ''
  #sequence = 0
  #blocked = false
  /** Whether the logs are being read; what is pushed meanwhile is found by the reading. */
  #pumping = false
  #dirty = false
  #ready = false
  /** Records of `cluster` are missing. */
  #gap = false
  #gathered = ''
  #flushing = false
  #mustHold = false
  #renewal: Timer | undefined
  #keepAlive: Timer | undefined
  #stall: Timer | undefined

  constructor(host: SessionStreamHost, session: Session, sink: EventSink) {
    this.#host = host
    this.#session = session
    this.#sink = sink
    this.#hold = new Hold(host.replica, session.facts.uid)
    const { replica } = host
    if (session.stream !== undefined) replace(session.stream, replica)
    session.stream = this
    session.openStreams++
    replica.streamOpened(session.facts.principal)
    sink.onDrain = () => this.#drained()
    sink.onClose = () => this.#release()
  }

  /**
   * Starts at `from`, or after what the connection before was served.
   *
   * @throws what the engine throws; the caller ends the stream then.
   */
  async start(from: SessionEventId | undefined): Promise<void> {
    const { replica } = this.#host
    // At once, so that the headers leave and the client knows how long to wait should the rest fail.
    this.#write(sseRetry(replica.retry.next()))
    // The client takes itself for a listener from now on, however long the claim takes.
    const heard = this.#host.clusterPosition()
    const { uid } = this.#session.facts
    const previous = await this.#host.inTurn(uid, () => this.#claim(from))
    const resync = from === undefined && previous !== undefined
    if (previous !== undefined) this.#host.streamClaimed(uid, previous)
    this.#cluster = from?.cluster ?? heard
    await this.#host.state(this.#session)
    if (this.#sink === undefined) return this.#giveUp()
    if (this.#session.facts.revision.primingEvent) this.#write(ssePriming(this.#id()))
    if (from !== undefined) replica.counters.streamsResumed++
    this.#ready = true
    this.#host.streamOpened(this.#session)
    if (resync) this.#resync()
    else if (from !== undefined && from.catalogue !== this.#host.catalogue()) this.#lists()
    this.#restartKeepAlive()
    if (replica.peers !== undefined) this.#renewLater()
    await this.#pump()
  }

  /** Takes the stream. Returns who had it before, and has to hear of this. */
  async #claim(from: SessionEventId | undefined): Promise<Holder | undefined> {
    if (this.#sink === undefined) return undefined
    const previous = await this.#hold.claim((delivered) => {
      this.#mailbox = from?.mailbox ?? delivered ?? 'birth'
      return this.#mailbox
    })
    // A connection that is gone must not end one that lives; unless a newer one here is about to.
    const inVain = this.#sink === undefined && this.#session.stream === undefined
    if (!inVain || previous === undefined || previous.connection === '') return previous
    await this.#hold.handBack(previous)
    return undefined
  }

  replaced(connection: string): void {
    if (this.#hold.connection === connection) replace(this, this.#host.replica)
  }

  /** A record of `cluster`, in its order. */
  push(entry: ClusterEntry): void {
    if (!this.#ready || this.#sink === undefined) return
    if (this.#pumping || this.#blocked) this.#dirty = true
    // What the session has set could not be read again: this waits until it is known.
    else if (this.#session.state === undefined) this.hint()
    else this.#take(entry)
  }

  /** The mailbox has something new. */
  hint(): void {
    this.#dirty = true
    if (this.#ready && !this.#pumping && !this.#blocked) this.#pump().catch((thrown) => this.fail(thrown))
  }

  /** `cluster` has a gap: what was in it is unknown. */
  clusterGap(): void {
    if (!this.#ready || this.#sink === undefined) return
    this.#gap = true
    this.hint()
  }

  /** Ends the connection; the client comes back after `retryMs`. */
  close(retryMs: number): void {
    this.#end(retryMs)
  }

  /** Ends cleanly where clients come back after that, else by a reset. */
  letGo(): void {
    if (this.#session.facts.revision.closesConnections) this.close(this.#host.replica.retry.next())
    else this.reset()
  }

  /** Breaks the connection, for revisions whose clients do not come back after a clean end. */
  reset(): void {
    const sink = this.#sink
    this.#release()
    sink?.destroy()
  }

  /** The engine failed: the client shall come back. */
  fail(thrown: unknown): void {
    this.#host.replica.report(thrown, 'session stream')
    this.reset()
  }

  /** The stream was turned into bytes in this turn; they leave now. Called by {@link Replica.turns}. */
  turnEnded(): void {
    this.#flushing = false
    const text = this.#gathered
    this.#gathered = ''
    if (text !== '') this.#write(text)
  }

  /** A record of `cluster` says that the session has set something: what follows is judged by what it has set then. */
  changed(): void {
    this.hint()
  }

  #take(entry: ClusterEntry): void {
    if (!this.#isNext(entry.position)) return
    this.#cluster = entry.position
    this.#invalidate(entry.record)
  }

  #isNext(position: Position): boolean {
    const order = comparePositions(position, this.#cluster)
    return order === undefined || order > 0
  }

  #invalidate(record: ClusterRecord): void {
    if (record.t === 'list') this.#send(listChanged(record.list))
    else if (record.t === 'updated' && this.#state().subscriptions.has(record.uri)) this.#send(updated(record.uri))
  }

  /** Reads both logs from the cursors until there is nothing more. */
  async #pump(): Promise<void> {
    if (this.#pumping) return
    this.#pumping = true
    try {
      do {
        this.#dirty = false
        if (this.#mustHold) {
          this.#mustHold = false
          if (!(await this.#hold.advance(this.#mailbox))) return replace(this, this.#host.replica)
        }
        await this.#pumpMailbox()
        await this.#pumpCluster()
      } while (this.#dirty && this.#sink !== undefined && !this.#blocked)
    } finally {
      this.#pumping = false
      if (this.#sink === undefined) this.#giveUp()
      // A gap adds its re-sync without an entry behind it.
      this.turnEnded()
    }
  }

  async #pumpMailbox(): Promise<void> {
    const { store } = this.#host.replica
    const { uid } = this.#session.facts
    while (this.#sink !== undefined && !this.#blocked) {
      const batch = await readMailbox(store, uid, this.#mailbox, BATCH)
      if (batch.gap) {
        this.#mailbox = batch.oldest
        this.#resync()
        continue
      }
      const last = batch.entries.at(-1)
      if (last === undefined) return
      if (!(await this.#hold.advance(last.position))) return replace(this, this.#host.replica)
      const unsaid = unsaidQuestions(batch.entries)
      for (const { position, record } of batch.entries) {
        this.#mailbox = position
        if (record.t === 'message' || !unsaid.has(record.id)) this.#deliver(record)
      }
      this.turnEnded()
    }
  }

  async #pumpCluster(): Promise<void> {
    await this.#host.state(this.#session)
    if (this.#gap && this.#sink !== undefined) {
      this.#gap = false
      this.#cluster = this.#host.clusterPosition()
      this.#resync()
    }
    while (this.#sink !== undefined && !this.#blocked) {
      const batch = await this.#host.readCluster(this.#cluster, BATCH)
      if (batch.gap) {
        this.#cluster = this.#host.clusterPosition()
        this.#resync()
        return
      }
      if (batch.entries.length === 0) {
        if (batch.end !== undefined && this.#isNext(batch.end)) this.#cluster = batch.end
        return
      }
      for (const entry of batch.entries) {
        const { record, position } = entry
        if (record.t === 'session' && record.uid === this.#session.facts.uid && this.#isNext(position)) {
          await this.#host.state(this.#session)
        }
        this.#take(entry)
      }
      this.turnEnded()
    }
  }

  /** A stream on which nothing happens keeps its entry all the same: a newer connection elsewhere has to find it. */
  #renewLater(): void {
    this.#renewal = this.#host.replica.wheel.after(RENEW_MS, () => {
      this.#renewLater()
      this.hold()
    })
  }

  /** Writes the holder entry anew: it is about to expire, or was lost. */
  hold(): void {
    this.#mustHold = true
    this.hint()
  }

  /** Says that nobody has the stream; where nobody else could take it, nobody needs to know. */
  #giveUp(): void {
    const { peers, report } = this.#host.replica
    if (peers !== undefined) this.#hold.release(this.#mailbox).catch((thrown) => report(thrown, 'session stream'))
  }

  #deliver(record: MailboxRecord): void {
    if (record.t === 'ask') {
      const late = record.deadline <= this.#host.replica.platform.now()
      if (late || !this.#host.isAskOpen(record.id)) return
    }
    this.#send(record.text)
  }

  /** Says everything that may have changed, once: the client fetches what it cares about. */
  #resync(): void {
    this.#host.replica.counters.sessionStreamResyncs++
    this.#lists()
    for (const uri of this.#state().subscriptions) this.#send(updated(uri))
  }

  #lists(): void {
    for (const list of this.#host.lists()) this.#send(listChanged(list))
  }

  #state(): SessionState {
    return this.#session.state ?? EMPTY_STATE
  }

  #send(data: string): void {
    this.#gathered += sseEvent(this.#id(), data)
    if (this.#flushing || this.#pumping) return
    this.#flushing = true
    this.#host.replica.turns.add(this)
  }

  #id(): string {
    return sessionEventId(this.#session.eventKey, {
      mailbox: this.#mailbox,
      cluster: this.#cluster,
      catalogue: this.#host.catalogue(),
      sequence: this.#sequence++,
    })
  }

  #write(text: string): void {
    const sink = this.#sink
    if (sink === undefined || sink.write(text) || this.#blocked) return
    this.#blocked = true
    this.#stall = this.#host.replica.wheel.after(this.#host.replica.limits.stallMs, () => {
      this.#host.replica.counters.streamsStalled++
      this.reset()
    })
  }

  #drained(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#stall?.cancel()
    this.hint()
  }

  #restartKeepAlive(): void {
    this.#keepAlive = this.#host.replica.wheel.after(KEEP_ALIVE_MS, () => {
      if (this.#sink === undefined) return
      this.#host.replica.counters.keepAlives++
      if (!this.#blocked) this.#write(SSE_KEEP_ALIVE)
      this.#restartKeepAlive()
    })
  }

  #end(retryMs: number): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.turnEnded()
    this.#release()
    sink.end(sseRetry(retryMs))
  }

  #release(): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#sink = undefined
    sink.onDrain = undefined
    sink.onClose = undefined
    this.#keepAlive?.cancel()
    this.#renewal?.cancel()
    this.#stall?.cancel()
    if (!this.#pumping) this.#giveUp()
    this.#session.openStreams--
    this.#host.replica.streamClosed(this.#session.facts.principal)
    if (this.#session.stream === this) this.#session.stream = undefined
    this.#host.streamClosed(this.#session)
  }
}

/** A newer GET of the session takes over: the older connection ends cleanly and is told to stay away a while. */
function replace(stream: SessionFeed, replica: Replica): void {
  replica.counters.streamsReplaced++
  stream.close(REPLACED_RETRY_MS)
}

/** Questions that are withdrawn before they were asked: neither the one nor the other is said. */
function unsaidQuestions(entries: readonly MailboxEntry[]): ReadonlySet<string> {
  const asked = new Set<string>()
  const unsaid = new Set<string>()
  for (const { record } of entries) {
    if (record.t === 'ask') asked.add(record.id)
    else if (record.t === 'withdrawal' && asked.has(record.id)) unsaid.add(record.id)
  }
  return unsaid
}

export function listChanged(list: ListKind): string {
  return notificationMessage(`notifications/${list}/list_changed`)
}

export function updated(uri: string): string {
  return notificationMessage('notifications/resources/updated', { uri })
}
