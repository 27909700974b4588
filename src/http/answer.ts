/**
 * How one request is answered over HTTP: as JSON, as SSE, or as whichever fits once it is known.
 *
 * @see the specification, basic/transports, "Sending Messages to the Server"
 * @module
 */
import type { CallOutlet } from '../call/outlet.ts'
import type { CallServices } from '../call/services.ts'
import type { Timer } from '../engine/platform.ts'
import { completeStream } from '../session/complete-stream.ts'
import { RequestStream, type StreamOpener, type StreamOwner } from '../session/request-stream.ts'
import type { Session } from '../session/session.ts'
import { McpError } from '../wire/errors.ts'
import { errorMessage, type RequestId } from '../wire/jsonrpc.ts'
import type { HttpReply } from './http-message.ts'
import { jsonReply, SSE_HEADERS, sseReply } from './replies.ts'

/** Where the one HTTP answer of a request goes. */
export interface Reply {
  reply(reply: HttpReply): void
}

/** An outlet that learns whose call it serves. */
export interface Answer extends CallOutlet {
  /** The call that hears when the stream breaks. */
  own(owner: StreamOwner): void
  /** The call goes on after the function that started it has returned. */
  wait(): void
}

/** How long `'auto'` waits for a silent call before it opens a stream. */
export const AUTO_WAIT_MS = 1_000

/** How long a question in a JSON answer waits in the mailbox at most. */
const MAILBOX_ASK_MS = 600_000

/**
 * An answer that becomes a stream when something has to be sent, or waited for, before the call ends. A call that ends
 * first never has one.
 */
abstract class StreamingAnswer implements Answer, StreamOpener {
  protected readonly services: CallServices
  protected readonly session: Session
  protected readonly number: number
  protected readonly id: RequestId
  protected readonly pending: Reply
  protected ended = false
  protected stream: RequestStream | undefined
  #owner: StreamOwner | undefined

  constructor(services: CallServices, session: Session, number: number, id: RequestId, pending: Reply) {
    this.services = services
    this.session = session
    this.number = number
    this.id = id
    this.pending = pending
  }

  /** A call that is done within its turn never gets that far. */
  wait(): void {
    if (this.stream === undefined) this.services.replica.turns.add(this)
  }

  /** Called by {@link Replica.turns}. */
  turnEnded(): void {
    if (!this.ended && this.stream === undefined) this.waitOn()
  }

  own(owner: StreamOwner): void {
    this.#owner = owner
    if (this.stream !== undefined) this.stream.owner = owner
  }

  notify(text: string): void {
    this.begin().send(text)
  }

  sendAsk(text: string, id: string | undefined): void {
    this.begin().sendAsk(text, id)
  }

  finish(text: string | undefined): void {
    this.ended = true
    this.waitOver()
    if (this.stream === undefined) {
      this.pending.reply(this.whole(text))
      return
    }
    const body = this.stream.finish(text)
    if (body !== undefined) this.pending.reply(sseReply(body))
  }

  closeConnection(): void {
    this.begin().closeConnection()
  }

  openStream(stream: RequestStream): void {
    openStream(stream, this.pending)
  }

  /** The turn is over, and the call has neither sent anything nor ended. */
  protected abstract waitOn(): void

  /** Nobody waits any more for what {@link waitOn} began. */
  protected waitOver(): void {}

  /** The reply of a call that has only its answer, or, cancelled, not even that. */
  protected abstract whole(text: string | undefined): HttpReply

  /** The stream, which is there from its first use on. It opens when the turn is over. */
  protected begin(): RequestStream {
    if (this.stream !== undefined) return this.stream
    this.waitOver()
    const stream = new RequestStream(this.services.replica, this.session, this.number, this.id, !this.session.stateless)
    stream.prime()
    stream.owner = this.#owner
    stream.opener = this
    stream.openAfterTurn()
    this.stream = stream
    return stream
  }
}

/** Answers with SSE whatever happens. */
export class SseAnswer extends StreamingAnswer {
  protected override waitOn(): void {
    this.begin().open()
  }

  protected override whole(text: string | undefined): HttpReply {
    const { replica } = this.services
    if (text === undefined) return sseReply(this.begin().finish(undefined) ?? '')
    return sseReply(completeStream(replica, this.session, this.number, this.id, text))
  }
}

/** Answers with one JSON object. What the handler reports on the way has no stream, and is dropped and counted. */
export class JsonAnswer implements Answer {
  readonly #services: CallServices
  readonly #session: Session
  readonly #id: RequestId
  readonly #reply: Reply

  constructor(services: CallServices, session: Session, id: RequestId, reply: Reply) {
    this.#services = services
    this.#session = session
    this.#id = id
    this.#reply = reply
  }

  own(): void {}

  wait(): void {}

  notify(): void {
    this.#services.replica.counters.notificationsDropped++
  }

  sendAsk(text: string, id: string | undefined, withdrawn?: string): void | Promise<void> {
    return this.#services.sessionStreams.route(this.#session, MAILBOX_ASK_MS).sendAsk(text, id, withdrawn)
  }

  finish(text: string | undefined): void {
    this.#reply.reply(wholeJson(this.#id, text))
  }

  closeConnection(): void {}
}

/** Answers with JSON when the call ends without having sent anything, else with SSE from its first message on. */
export class AutoAnswer extends StreamingAnswer {
  #timer: Timer | undefined

  protected override waitOn(): void {
    this.#timer = this.services.replica.wheel.after(AUTO_WAIT_MS, () => this.begin().open())
  }

  protected override waitOver(): void {
    this.#timer?.cancel()
  }

  protected override whole(text: string | undefined): HttpReply {
    return wholeJson(this.id, text)
  }
}

/** A cancelled request gets no answer, but its HTTP request has to end. */
function wholeJson(id: RequestId, text: string | undefined): HttpReply {
  return jsonReply(text ?? errorMessage(id, new McpError('cancelled', 'The client cancelled the request.')))
}

/** Answers with a stream, which the adapter attaches to the connection. */
export function openStream(stream: RequestStream, reply: Reply): void {
  reply.reply({
    status: 200,
    headers: SSE_HEADERS,
    open: (sink) => {
      stream.attach(sink, -1)
    },
  })
}
