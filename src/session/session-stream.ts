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
import { type ClusterEntry, type ClusterRecord, type ListKind, readCluster } from './cluster.ts'
import { type SessionEventId, sessionEventId } from './event-id.ts'
import type { EventSink } from './event-sink.ts'
import { advanceHolder, claimHolder } from './holder.ts'
import { type MailboxRecord, readMailbox } from './mailbox.ts'
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
  state(session: Session): Promise<SessionState>
  /** Whether somebody still waits for the answer to this question. */
  isAskOpen(id: string): boolean
  /** Names what the lists look like now; at most 16 visible ASCII characters without a dot. */
  catalogue(): string
  /** The lists that this server has. */
  lists(): readonly ListKind[]
  /** The stream is connected, or no longer. */
  streamOpened(session: Session): void
  streamClosed(session: Session): void
}

/** Entries per read of a log. */
const BATCH = 256

export class SessionStream implements SessionFeed {
  readonly #host: SessionStreamHost
  readonly #session: Session
  readonly #connection: string
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
  #gathered = ''
  #flushing = false
  #keepAlive: Timer | undefined
  #stall: Timer | undefined

  constructor(host: SessionStreamHost, session: Session, sink: EventSink) {
    this.#host = host
    this.#session = session
    this.#sink = sink
    this.#connection = host.replica.tags.next()
    const { replica } = host
    if (session.stream !== undefined) replace(session.stream, replica)
    session.stream = this
    session.openStreams++
    replica.openStreams++
    replica.counters.streamsOpened++
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
    let resync = false
    await claimHolder(replica.store, this.#session.facts.uid, replica.id, this.#connection, (previous) => {
      resync = from === undefined && previous !== undefined
      this.#mailbox = from?.mailbox ?? previous ?? 'birth'
      return this.#mailbox
    })
    this.#cluster = from?.cluster ?? this.#host.clusterPosition()
    await this.#host.state(this.#session)
    if (this.#sink === undefined) return
    if (this.#session.facts.revision.primingEvent) this.#write(ssePriming(this.#id()))
    if (from !== undefined) replica.counters.streamsResumed++
    this.#ready = true
    this.#host.streamOpened(this.#session)
    if (resync) this.#resync()
    else if (from !== undefined && from.catalogue !== this.#host.catalogue()) this.#lists()
    this.#restartKeepAlive()
    await this.#pump()
  }

  /** A record of `cluster`, in its order. */
  push(entry: ClusterEntry): void {
    if (!this.#ready || this.#sink === undefined) return
    if (this.#pumping || this.#blocked) {
      this.#dirty = true
      return
    }
    this.#take(entry)
  }

  /** The mailbox has something new. */
  hint(): void {
    this.#dirty = true
    if (this.#ready && !this.#pumping && !this.#blocked) this.#pump().catch((thrown) => this.fail(thrown))
  }

  /** `cluster` has a gap: what was in it is unknown. */
  clusterGap(): void {
    if (!this.#ready || this.#sink === undefined) return
    this.#cluster = this.#host.clusterPosition()
    this.#resync()
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

  #take(entry: ClusterEntry): void {
    const order = comparePositions(entry.position, this.#cluster)
    if (order !== undefined && order <= 0) return
    this.#cluster = entry.position
    this.#invalidate(entry.record)
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
        await this.#pumpMailbox()
        await this.#pumpCluster()
      } while (this.#dirty && this.#sink !== undefined && !this.#blocked)
    } finally {
      this.#pumping = false
      // A gap adds its re-sync without an entry behind it.
      this.turnEnded()
    }
  }

  async #pumpMailbox(): Promise<void> {
    const { store, id } = this.#host.replica
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
      if (!(await advanceHolder(store, uid, id, this.#connection, last.position)))
        return replace(this, this.#host.replica)
      for (const entry of batch.entries) {
        this.#mailbox = entry.position
        this.#deliver(entry.record)
      }
      this.turnEnded()
    }
  }

  async #pumpCluster(): Promise<void> {
    while (this.#sink !== undefined && !this.#blocked) {
      const batch = await readCluster(this.#host.replica.store, this.#cluster, BATCH)
      if (batch.gap) {
        this.#cluster = this.#host.clusterPosition()
        this.#resync()
        return
      }
      if (batch.entries.length === 0) return
      for (const entry of batch.entries) this.#take(entry)
      this.turnEnded()
    }
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
    this.#stall?.cancel()
    this.#session.openStreams--
    this.#host.replica.openStreams--
    if (this.#session.stream === this) this.#session.stream = undefined
    this.#host.streamClosed(this.#session)
  }
}

/** A newer GET of the session takes over: the older connection ends cleanly and is told to stay away a while. */
function replace(stream: SessionFeed, replica: Replica): void {
  replica.counters.streamsReplaced++
  stream.close(REPLACED_RETRY_MS)
}

export function listChanged(list: ListKind): string {
  return notificationMessage(`notifications/${list}/list_changed`)
}

export function updated(uri: string): string {
  return notificationMessage('notifications/resources/updated', { uri })
}
