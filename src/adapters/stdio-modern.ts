/**
 * Modern requests over standard input and output: each line says all about itself, and all share one channel.
 *
 * @see the specification 2026-07-28, basic/transports/stdio
 * @module
 */
import type { CallOutlet } from '../call/outlet.ts'
import type { Cancellable } from '../call/parking.ts'
import { requestSession, startModern } from '../server/modern-call.ts'
import type { Serving } from '../server/serving.ts'
import { ANONYMOUS } from '../session/principal.ts'
import { readEnvelope } from '../wire/envelope.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { errorMessage, type JsonRpcRequest, type RequestId } from '../wire/jsonrpc.ts'

const NO_HEADERS = { header: () => undefined }

export class ModernLines {
  readonly #serving: Serving
  readonly #write: (line: string) => void
  /** Requests that have no answer yet; `undefined` until their call has begun. */
  readonly #inFlight = new Map<RequestId, Cancellable | undefined>()

  constructor(serving: Serving, write: (line: string) => void) {
    this.#serving = serving
    this.#write = write
  }

  /** @param answer where the one answer goes; everything else is written at once. */
  take(message: JsonRpcRequest, answer: (text: string) => void): void {
    const { id } = message
    try {
      if (this.#inFlight.has(id)) throw new McpError('invalid_request', 'A request with this id is already in flight.')
      const session = requestSession(this.#serving, readEnvelope(message.params), ANONYMOUS)
      this.#inFlight.set(id, undefined)
      const exchange = {
        session,
        identity: undefined,
        headers: NO_HEADERS,
        request: message,
        text: JSON.stringify(message),
        outlet: this.#outlet(id, answer),
      }
      void startModern(this.#serving, exchange, (call) => {
        if (this.#inFlight.has(id)) this.#inFlight.set(id, call)
      })
    } catch (thrown) {
      answer(errorMessage(id, toMcpError(thrown)))
    }
  }

  /** "To cancel an in-flight request, the client MUST send a notifications/cancelled". `false`: it is none of these. */
  cancel(id: RequestId): boolean {
    if (!this.#inFlight.has(id)) return false
    this.#inFlight.get(id)?.abort(new McpError('cancelled', 'The client cancelled the request.'), false)
    this.#inFlight.delete(id)
    return true
  }

  #outlet(id: RequestId, answer: (text: string) => void): CallOutlet {
    return {
      notify: (text) => {
        if (this.#inFlight.has(id)) this.#write(text)
      },
      sendAsk: () => {},
      finish: (text) => {
        if (this.#inFlight.delete(id) && text !== undefined) answer(text)
      },
      closeConnection: () => {},
    }
  }
}
