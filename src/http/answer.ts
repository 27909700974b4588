/**
 * How one request is answered over HTTP: as JSON, as SSE, or as whichever fits once it is known.
 *
 * @see the specification, basic/transports, "Sending Messages to the Server"
 * @module
 */
import type { CallOutlet } from '../call/call.ts'
import type { CallServices } from '../call/services.ts'
import type { Timer } from '../engine/platform.ts'
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
const AUTO_WAIT_MS = 1_000

/** How long a question in a JSON answer waits in the mailbox at most. */
const MAILBOX_ASK_MS = 600_000

/** Answers with SSE from the start. */
export class SseAnswer implements Answer, StreamOpener {
  readonly #stream: RequestStream
  readonly #reply: Reply

  constructor(services: CallServices, session: Session, number: number, id: RequestId, reply: Reply) {
    const { replica } = services
    this.#reply = reply
    this.#stream = new RequestStream(replica, session, number, id, !session.stateless)
    this.#stream.prime()
    this.#stream.opener = this
  }

  wait(): void {
    this.#stream.openAfterTurn()
  }

  own(owner: StreamOwner): void {
    this.#stream.owner = owner
  }

  notify(text: string): void {
    this.#stream.send(text)
  }

  sendAsk(text: string, id: string | undefined): void {
    this.#stream.sendAsk(text, id)
  }

  finish(text: string | undefined): void {
    const body = this.#stream.finish(text)
    if (body !== undefined) this.#reply.reply(sseReply(body))
  }

  closeConnection(): void {
    this.#stream.closeConnection()
  }

  openStream(stream: RequestStream): void {
    openStream(stream, this.#reply)
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

  sendAsk(text: string, id: string | undefined): void | Promise<void> {
    return this.#services.sessionStreams.route(this.#session, MAILBOX_ASK_MS).sendAsk(text, id)
  }

  /** A cancelled request gets no answer, but its HTTP request has to end. */
  finish(text: string | undefined): void {
    const body = text ?? errorMessage(this.#id, new McpError('cancelled', 'The client cancelled the request.'))
    this.#reply.reply(jsonReply(body))
  }

  closeConnection(): void {}
}

/** Answers with JSON when the call ends without having sent anything, else with SSE from its first message on. */
export class AutoAnswer implements Answer, StreamOpener {
  readonly #services: CallServices
  readonly #session: Session
  readonly #number: number
  readonly #id: RequestId
  readonly #reply: Reply
  #stream: RequestStream | undefined
  #owner: StreamOwner | undefined
  #timer: Timer | undefined
  #ended = false

  constructor(services: CallServices, session: Session, number: number, id: RequestId, reply: Reply) {
    this.#services = services
    this.#session = session
    this.#number = number
    this.#id = id
    this.#reply = reply
  }

  /** A call that is done within its turn never needs the timer. */
  wait(): void {
    this.#services.replica.turns.add(this)
  }

  turnEnded(): void {
    if (this.#ended || this.#stream !== undefined) return
    this.#timer = this.#services.replica.wheel.after(AUTO_WAIT_MS, () => this.#open().open())
  }

  own(owner: StreamOwner): void {
    this.#owner = owner
    if (this.#stream !== undefined) this.#stream.owner = owner
  }

  notify(text: string): void {
    this.#open().send(text)
  }

  sendAsk(text: string, id: string | undefined): void {
    this.#open().sendAsk(text, id)
  }

  finish(text: string | undefined): void {
    this.#ended = true
    this.#timer?.cancel()
    if (this.#stream === undefined) {
      new JsonAnswer(this.#services, this.#session, this.#id, this.#reply).finish(text)
      return
    }
    const body = this.#stream.finish(text)
    if (body !== undefined) this.#reply.reply(sseReply(body))
  }

  closeConnection(): void {
    this.#open().closeConnection()
  }

  openStream(stream: RequestStream): void {
    openStream(stream, this.#reply)
  }

  #open(): RequestStream {
    if (this.#stream !== undefined) return this.#stream
    this.#timer?.cancel()
    const stream = new RequestStream(
      this.#services.replica,
      this.#session,
      this.#number,
      this.#id,
      !this.#session.stateless,
    )
    stream.prime()
    stream.owner = this.#owner
    stream.opener = this
    stream.openAfterTurn()
    this.#stream = stream
    return stream
  }
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
