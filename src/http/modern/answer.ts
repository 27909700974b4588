/**
 * How one modern request is answered over HTTP: as JSON, as SSE, or as whichever fits once it is known. In this era an
 * error may have a status of its own, as long as nothing was sent before it.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Receiving Messages"
 * @module
 */
import type { CallOutlet } from '../../call/outlet.ts'
import type { Cancellable } from '../../call/parking.ts'
import type { Timer } from '../../engine/platform.ts'
import type { Replica } from '../../session/replica.ts'
import { ResponseStream, type StreamUser } from '../../session/response-stream.ts'
import { ERRORS, McpError } from '../../wire/errors.ts'
import { errorMessage, type RequestId } from '../../wire/jsonrpc.ts'
import { sseEvent } from '../../wire/sse.ts'
import { AUTO_WAIT_MS, type Reply } from '../answer.ts'
import type { HttpRequest } from '../http-message.ts'
import type { JsonResponse } from '../options.ts'
import { errorHeaders, jsonReply, SSE_HEADERS, sseReply } from '../replies.ts'

export class ModernAnswer implements CallOutlet, StreamUser {
  readonly #replica: Replica
  readonly #principal: string
  readonly #id: RequestId
  readonly #mode: JsonResponse
  readonly #pending: Reply
  #call: Cancellable | undefined
  #stream: ResponseStream | undefined
  #finished = false
  #gone = false
  #waiting = false
  #timer: Timer | undefined

  constructor(replica: Replica, principal: string, id: RequestId, mode: JsonResponse, pending: Reply) {
    this.#replica = replica
    this.#principal = principal
    this.#id = id
    this.#mode = mode
    this.#pending = pending
  }

  /** The call that a disconnect cancels. It may be known only after the client has left: a retry is opened first. */
  own(call: Cancellable): void {
    this.#call = call
    if (this.#gone) this.#cancel()
    else if (this.#waiting) this.#openLater()
  }

  /** The call goes on after the function that started it has returned. */
  wait(request: HttpRequest): void {
    if (this.#finished) return
    this.#waiting = true
    request.onDisconnect?.(() => this.streamGone())
    // A retry that has not found its call yet may still be refused, with a status of its own.
    if (this.#call !== undefined) this.#openLater()
  }

  /** Called by {@link Replica.turns}. */
  turnEnded(): void {
    if (this.#finished || this.#stream !== undefined) return
    if (this.#mode === false) this.#open()
    else this.#timer = this.#replica.wheel.after(AUTO_WAIT_MS, () => this.#open())
  }

  /** "Closing the SSE response stream MUST be treated by the server as cancellation of that request." */
  streamGone(): void {
    if (this.#finished) return
    this.#finished = this.#gone = true
    this.#timer?.cancel()
    this.#cancel()
    // Nobody reads it, but the HTTP exchange has to end.
    if (this.#stream === undefined) this.#pending.reply(jsonReply(''))
  }

  notify(text: string): void {
    if (this.#finished || this.#mode === true) {
      this.#replica.counters.notificationsDropped++
      return
    }
    this.#open().send(text)
  }

  sendAsk(): void {}

  finish(text: string | undefined, error?: McpError): void {
    if (this.#finished) return
    this.#finished = true
    this.#timer?.cancel()
    if (this.#stream !== undefined) {
      this.#stream.finish(text)
      return
    }
    const body = text ?? errorMessage(this.#id, new McpError('cancelled', 'The request was cancelled.'))
    const status = error && ERRORS[error.code].modernStatus
    if (status !== undefined) this.#pending.reply({ status, headers: errorHeaders(error!), body })
    else this.#pending.reply(this.#mode === false ? sseReply(sseEvent(undefined, body)) : jsonReply(body))
  }

  closeConnection(): void {}

  #openLater(): void {
    if (!this.#finished && this.#stream === undefined && this.#mode !== true) this.#replica.turns.add(this)
  }

  #cancel(): void {
    this.#call?.abort(new McpError('cancelled', 'The client closed the connection.'), false)
  }

  #open(): ResponseStream {
    if (this.#stream !== undefined) return this.#stream
    this.#timer?.cancel()
    const stream = new ResponseStream(this.#replica, this.#principal, this)
    this.#stream = stream
    this.#pending.reply({ status: 200, headers: SSE_HEADERS, open: (sink) => stream.attach(sink) })
    return stream
  }
}
