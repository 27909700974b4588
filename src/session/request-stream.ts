/**
 * The request stream: the answer to one POST as SSE. It outlives its connection: events go on into its window, and the
 * client comes back for them with the id of the last one that it saw.
 *
 * What is sent within one turn of the event loop leaves in one write; a call that ends within its first turn never
 * opens a stream at all: its events are the body of a complete response.
 *
 * @see the specification, basic/transports, "Sending Messages to the Server" and "Resumability and Redelivery"
 * @module
 */
import type { Timer } from '../engine/platform.ts'
import type { McpError } from '../wire/errors.ts'
import { errorMessage, type RequestId } from '../wire/jsonrpc.ts'
import { SSE_KEEP_ALIVE, sseEvent, ssePriming, sseRetry } from '../wire/sse.ts'
import { requestEventId, requestEventMiddle } from './event-id.ts'
import type { EventSink } from './event-sink.ts'
import type { Reader } from './inbox.ts'
import type { Replica } from './replica.ts'
import type { Session } from './session.ts'
import { lostError, streamLogOf } from './stream-log.ts'
import { StreamSpill } from './stream-spill.ts'
import { StreamWindow, type WindowChunk } from './stream-window.ts'

/** Comments this far apart keep proxies, which cut at 60 s at the earliest, from closing a silent stream. */
export const KEEP_ALIVE_MS = 15_000

/** Who gives the stream its first connection. An object rather than a function, because every call has one. */
export interface StreamOpener {
  /** The answer has to become a stream: attach a connection. */
  openStream(stream: RequestStream): void
}

/** What the owner of a stream hears about it. */
export interface StreamOwner {
  /** Of a stream that answers several requests (a batch): those that have no answer yet. */
  unanswered?(): readonly RequestId[]
  /** The stream can no longer bring its events: the client was told so with `reason`. */
  streamBroken(reason: McpError): void
}

export class RequestStream {
  readonly session: Session
  readonly call: number
  readonly requestId: RequestId
  readonly #replica: Replica
  readonly #resumable: boolean
  readonly #begin: string
  readonly #middle: string
  #sequence = 0
  /** What the first connection gets before the first event. It is no event: a resume neither counts nor repeats it. */
  #lead = ''
  /** Events gathered in this turn. */
  #gathered = ''
  #gatheredFirst = 0
  #gatheredExempt = 0
  #window: StreamWindow | undefined
  #sink: EventSink | undefined
  /** The last event given to a socket. */
  #sent = -1
  #blocked = false
  #flushing = false
  #finished = false
  /** The answer is on its way to the adapter, which attaches its connection a moment later. */
  #opening = false
  /** The handler closed the connection in that moment. */
  #closeOnAttach = false
  #broken = false
  #keepAlive: Timer | undefined
  #wroteAt = 0
  #stall: Timer | undefined
  /** Where the events go, too, since a connection broke. */
  #spill: StreamSpill | undefined
  /** Told once, when the first turn ends and the answer has to become a stream. */
  opener: StreamOpener | undefined
  owner: StreamOwner | undefined

  constructor(replica: Replica, session: Session, call: number, requestId: RequestId, resumable: boolean) {
    this.#replica = replica
    this.session = session
    this.call = call
    this.requestId = requestId
    this.#resumable = resumable
    this.#begin = replica.eventBegin
    this.#middle = resumable ? requestEventMiddle(call, requestId) : ''
  }

  get finished(): boolean {
    return this.#finished
  }

  get connected(): boolean {
    return this.#sink !== undefined
  }

  /** Begins with the priming event, where the revision has one. Otherwise a client has nothing to resume from yet. */
  prime(): void {
    if (!this.#resumable) return
    if (this.session.facts.revision.primingEvent) {
      this.#gathered += ssePriming(this.#eventId(false), this.#replica.retry.next())
    } else {
      this.#lead = sseRetry(this.#replica.retry.next())
    }
  }

  /** Sends one message. `exempt`: a question, which the window's count does not push out. */
  send(data: string, exempt = false): void {
    if (this.#finished || this.#broken) return
    if (exempt) this.#gatheredExempt++
    this.#gathered += sseEvent(this.#id(false), data)
    this.#schedule()
  }

  /** The way of a call's questions to the client. */
  sendAsk(text: string, id: string | undefined): void {
    this.send(text, id !== undefined)
  }

  /**
   * The answer: the last event; `undefined` ends the stream of a cancelled request without one.
   *
   * @returns the whole stream as text when nothing of it has left yet; otherwise the event goes out on the open
   * connection or waits for the client to come back.
   */
  finish(data: string | undefined): string | undefined {
    if (this.#finished || this.#broken) return undefined
    this.#finished = true
    if (data !== undefined) {
      this.#gatheredExempt++
      this.#gathered += sseEvent(this.#id(true), data)
    } else if (this.#spill !== undefined) {
      this.#sequence++
    }
    if (this.opener !== undefined) {
      const body = this.#gathered
      this.opener = undefined
      this.#gathered = ''
      if (this.#resumable) this.#replica.finished.put(this.call, 0, body, false)
      return this.#lead + body
    }
    this.#flush()
    if (data === undefined) this.#spill?.push(this.#silentEnd())
    if (this.#resumable) this.#keep()
    if (this.#resumable) this.#replica.streams.delete(this.call)
    if (!this.#blocked) this.#close()
    return undefined
  }

  /** From now on the answer is a stream. */
  open(): void {
    const opener = this.opener
    if (opener === undefined) return
    this.opener = undefined
    this.#window = new StreamWindow()
    if (this.#resumable) this.#replica.streams.set(this.call, this)
    this.#opening = true
    opener.openStream(this)
  }

  /** Opens the stream, if it is still unanswered when the turn of the event loop is over. */
  openAfterTurn(): void {
    this.#schedule()
  }

  /** Whether everything after event `last` can still be sent. */
  canAttach(last: number): boolean {
    if (last >= this.#gatheredFirst - 1) return true
    return this.#window?.after(last) !== undefined
  }

  /**
   * Gives the stream a connection and sends what came after event `last` (-1: everything).
   *
   * @returns `false` when some of it is no longer held: nothing was sent then.
   */
  attach(sink: EventSink, last: number, lead = ''): boolean {
    this.#gather()
    const window = this.#window
    const missed = last >= this.#sequence - 1 ? '' : window?.after(last)
    if (missed === undefined) return false
    this.#detach(false)
    this.#spill?.lead(undefined)
    this.#sink = sink
    this.session.openStreams++
    this.#replica.streamOpened(this.session.facts.principal)
    sink.onDrain = () => this.#drained(sink)
    sink.onClose = () => {
      if (this.#sink === sink) this.#detach(true)
    }
    this.#sent = this.#sequence - 1
    this.#opening = false
    const text = lead + this.#lead + missed
    // The head of a response leaves with its first bytes; a stream without ids would send none before its first message.
    this.#write(text === '' ? SSE_KEEP_ALIVE : text)
    this.#lead = ''
    if (this.#finished) {
      this.#close()
    } else if (this.#closeOnAttach) {
      this.#closeOnAttach = false
      this.closeConnection()
    }
    return true
  }

  /** Ends the connection, not the stream: the client comes back for the rest. Without ids nobody could, so it stays. */
  closeConnection(): void {
    if (!this.#resumable) return
    if (this.opener !== undefined) this.open()
    this.#flush()
    const sink = this.#sink
    if (sink === undefined) {
      this.#closeOnAttach = this.#opening
      // It may be read on another replica, which this one has not heard of yet.
      this.#spill?.close(this.#sequence - 1)
      return
    }
    this.#close(sseRetry(this.#replica.retry.next()))
  }

  /** Breaks the connection, for revisions whose clients do not come back after a clean end. */
  resetConnection(): void {
    const sink = this.#sink
    this.#detach(true)
    sink?.destroy()
  }

  /** A client came back elsewhere: from now on the events go there, by the log of this stream. */
  handOver(reader: Reader): void {
    if (this.#spill?.admits(reader) === false) return
    const sink = this.#sink
    this.#detach(true)
    sink?.end()
    this.#startSpill()
    this.#spill?.lead(reader)
    this.#spill?.check()
  }

  /** Everything that can still be sent. Called by {@link StreamSpill}, as are the next two. */
  held(): readonly WindowChunk[] {
    const chunks = this.#window?.chunks() ?? []
    return this.#finished && (chunks.at(-1)?.last ?? -1) < this.#sequence - 1 ? [...chunks, this.#silentEnd()] : chunks
  }

  get finalSequence(): number | undefined {
    return this.#finished ? this.#sequence - 1 : undefined
  }

  /** Others took this replica for dead and told the client so: nothing of the stream may be sent any more. */
  fenced(): void {
    const sink = this.#sink
    this.#broken = true
    this.#replica.streams.delete(this.call)
    this.#detach(true)
    sink?.destroy()
    this.owner?.streamBroken(lostError('replica_lost'))
  }

  /** Stands where the answer would be in the log of a request that was cancelled. */
  #silentEnd(): WindowChunk {
    return { first: this.#sequence - 1, last: this.#sequence - 1, text: '' }
  }

  /** Nobody may come back to this process: the events go where every replica finds them. */
  #startSpill(): void {
    const { peers } = this.#replica
    if (peers === undefined || !this.#resumable || this.#broken || this.#spill !== undefined) return
    this.#gather()
    const address = this.#begin.slice(2)
    this.#spill = new StreamSpill(this.#replica, peers, address, streamLogOf(address, this.call), this)
  }

  /** Keeps the window for a resume. */
  #keep(): void {
    const window = this.#window
    this.#replica.finished.put(this.call, window?.first ?? this.#sequence, window?.all() ?? '', false)
  }

  #id(final: boolean): string | undefined {
    if (this.#resumable) return this.#eventId(final)
    this.#sequence++
    return undefined
  }

  #eventId(final: boolean): string {
    const begin = this.#begin
    return requestEventId(this.session.requestEventKey(begin), begin, this.#middle, this.#sequence++, final)
  }

  #schedule(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#replica.turns.add(this)
  }

  /** The turn is over. Called by {@link Replica.turns}. */
  turnEnded(): void {
    this.#flushing = false
    if (this.opener !== undefined) this.open()
    else this.#flush()
  }

  /** Moves what was gathered into the window. */
  #gather(): string {
    const text = this.#gathered
    if (text === '') return ''
    this.#gathered = ''
    this.#window ??= new StreamWindow()
    const first = this.#gatheredFirst
    this.#window.push(first, this.#sequence - 1, text, this.#replica.platform.now(), this.#gatheredExempt)
    this.#spill?.push({ first, last: this.#sequence - 1, text })
    this.#gatheredFirst = this.#sequence
    this.#gatheredExempt = 0
    return text
  }

  #flush(): void {
    const text = this.#gather()
    if (text === '') return
    const window = this.#window!
    if (this.#sink !== undefined && !this.#blocked) this.#deliver(text)
    window.trim(this.#replica.platform.now(), this.#replica.limits)
    const unsent = this.#sink !== undefined && this.#sent < this.#sequence - 1
    if (unsent && window.first! > this.#sent + 1) this.#break()
  }

  /** Sends everything up to now; the last of it together with the end of the connection. */
  #deliver(text: string): void {
    this.#sent = this.#sequence - 1
    if (this.#finished) this.#close(text)
    else this.#write(text)
  }

  #write(text: string): void {
    const sink = this.#sink
    if (sink === undefined) return
    if (text !== '' && !sink.write(text)) {
      this.#blocked = true
      this.#stall = this.#replica.wheel.after(this.#replica.limits.stallMs, () => {
        this.#replica.counters.streamsStalled++
        this.resetConnection()
      })
    }
    this.#wroteAt = this.#replica.platform.now()
    if (this.#keepAlive === undefined) this.#keepAliveIn(KEEP_ALIVE_MS)
  }

  /** One timer per connection, which looks when it is due how long ago the last write was. */
  #keepAliveIn(ms: number): void {
    this.#keepAlive = this.#replica.wheel.after(ms, () => {
      if (this.#sink === undefined) return
      const now = this.#replica.platform.now()
      if (now - this.#wroteAt >= KEEP_ALIVE_MS && !this.#blocked) {
        this.#replica.counters.keepAlives++
        this.#wroteAt = now
        this.#sink.write(SSE_KEEP_ALIVE)
      }
      this.#keepAliveIn(Math.max(1, this.#wroteAt + KEEP_ALIVE_MS - now))
    })
  }

  #drained(sink: EventSink): void {
    if (this.#sink !== sink || !this.#blocked) return
    this.#blocked = false
    this.#stall?.cancel()
    const missed = this.#window?.after(this.#sent)
    if (missed === undefined) {
      this.#break()
      return
    }
    this.#deliver(missed)
  }

  /** The reader was too slow for the window: it gets the error instead of a hole, and the call ends. */
  #break(): void {
    const error = lostError('stream_lost')
    this.#broken = true
    this.#replica.counters.streamsLost++
    this.#replica.streams.delete(this.call)
    const requests = this.owner?.unanswered?.() ?? [this.requestId]
    this.#close(requests.map((id) => sseEvent(this.#id(true), errorMessage(id, error))).join(''))
    this.owner?.streamBroken(error)
  }

  #close(text?: string): void {
    const sink = this.#sink
    this.#detach(true)
    sink?.end(text)
  }

  /** Lets go of the connection. `forget`: it is gone or going; otherwise a newer one takes its place and it is ended. */
  #detach(forget: boolean): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#sink = undefined
    sink.onDrain = undefined
    sink.onClose = undefined
    this.#blocked = false
    this.#keepAlive?.cancel()
    this.#keepAlive = undefined
    this.#stall?.cancel()
    this.session.openStreams--
    this.#replica.streamClosed(this.session.facts.principal)
    if (!forget) sink.end()
    else if (!this.#finished) this.#startSpill()
  }
}
