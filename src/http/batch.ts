/**
 * Batches (2025-03-26): several messages in one body, their answers together.
 *
 * @see the specification 2025-03-26, basic/transports
 * @module
 */
import type { CallServices } from '../call/services.ts'
import { RequestStream, type StreamOwner } from '../session/request-stream.ts'
import type { Session } from '../session/session.ts'
import { McpError } from '../wire/errors.ts'
import { errorMessage, type RequestId } from '../wire/jsonrpc.ts'
import { type Answer, openStream, type Reply } from './answer.ts'
import { sseReply } from './replies.ts'

/** Collects the answers of a batch. The events of its stream carry no ids: an id belongs to one request. */
export class BatchAnswer implements StreamOwner {
  readonly #services: CallServices
  readonly #session: Session
  readonly #reply: Reply
  readonly #stream: RequestStream | undefined
  readonly #texts: string[] = []
  /** The calls that are not done yet, by their request. */
  readonly #calls = new Map<RequestId, StreamOwner>()
  #open: number

  /** @param requests how many answers there will be; at least one. */
  constructor(services: CallServices, session: Session, requests: number, json: boolean, reply: Reply) {
    this.#services = services
    this.#session = session
    this.#reply = reply
    this.#open = requests
    if (!json) {
      const stream = new RequestStream(services.replica, session, 0, 0, false)
      stream.opener = { openStream: () => openStream(stream, reply) }
      stream.owner = this
      stream.openAfterTurn()
      this.#stream = stream
    }
  }

  /** The outlet of one request of the batch. */
  member(id: RequestId): Answer {
    return {
      own: (call) => {
        this.#calls.set(id, call)
      },
      wait: () => {},
      notify: (text) => {
        if (this.#stream === undefined) this.#services.replica.counters.notificationsDropped++
        else this.#stream.send(text)
      },
      sendAsk: (text, askId, withdrawn) => {
        if (this.#stream !== undefined) return this.#stream.sendAsk(text, askId)
        return this.#services.sessionStreams.route(this.#session, 600_000).sendAsk(text, askId, withdrawn)
      },
      finish: (text) => {
        this.#calls.delete(id)
        this.finish(text ?? errorMessage(id, new McpError('cancelled', 'The client cancelled the request.')))
      },
      closeConnection: () => {},
    }
  }

  unanswered(): readonly RequestId[] {
    return [...this.#calls.keys()]
  }

  streamBroken(reason: McpError): void {
    for (const call of [...this.#calls.values()]) call.streamBroken(reason)
  }

  /** Takes one answer; with the last one the HTTP answer is complete. */
  finish(text: string): void {
    this.#open--
    if (this.#stream === undefined) {
      this.#texts.push(text)
      if (this.#open === 0)
        this.#reply.reply({
          status: 200,
          headers: ['content-type', 'application/json'],
          body: `[${this.#texts.join()}]`,
        })
      return
    }
    if (this.#open > 0) {
      this.#stream.send(text)
      return
    }
    const body = this.#stream.finish(text)
    if (body !== undefined) this.#reply.reply(sseReply(body))
  }
}
