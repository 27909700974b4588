/**
 * One exchange of the modern era: a request with its envelope, and the answer that belongs to it alone.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Receiving Messages"
 * @module
 */
import type { JsonObject, RequestId } from '../../../wire/jsonrpc.ts'
import type { RequestOptions } from '../client.ts'
import { ClientError } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import type { Line } from '../line.ts'
import { type Receiver, settle, takeEvent, takeMessage } from '../message.ts'
import type { ExchangePurpose } from '../observation.ts'
import { sendRequest } from '../requests.ts'
import type { Endpoint } from './endpoint.ts'

/** A result of any type, and the HTTP exchange that brought it. */
export interface Sent {
  readonly result: JsonObject
  readonly exchange: number
  /** Resolves when the exchange is over: a stream may end a moment after its response. */
  readonly over: Promise<void>
}

/** Sends a request whose params have their envelope. */
export type Send = (
  method: string,
  params: JsonObject,
  options: RequestOptions,
  purpose?: ExchangePurpose,
) => Promise<Sent>

export function createSend(line: Line, endpoint: Endpoint): Send {
  return async (method, params, options, purpose) => {
    let exchange = 0
    let over = Promise.resolve()
    const exchanging = async (message: JsonObject, signal: AbortSignal, settled: () => boolean): Promise<void> => {
      const answer = await endpoint.post(message, signal, purpose)
      exchange = answer.exchange
      if (answer.status >= 300) {
        if (answer.kind === 'stream') answer.cut()
        throw endpoint.refusal(method, answer)
      }
      await receive(method, answer, settled, line)
    }
    const result = await sendRequest(line, method, params, options, {
      // There is no cancel: "closing the SSE response stream is itself the cancellation signal".
      send: (...what) => {
        const sending = exchanging(...what)
        over = sending.catch(() => {})
        return sending
      },
    })
    return { result, exchange, over }
  }
}

/** Reads what comes for a request until its response has come. Nothing brings a broken stream back. */
async function receive(method: string, answer: Answer, settled: () => boolean, line: Line): Promise<void> {
  const receiver = receiverFor(method, line)
  if (answer.kind === 'stream') {
    const release = line.opened(answer, 'request')
    await answer.read({
      onEvent: ({ data }) => {
        if (data !== '') takeEvent(data, receiver, line)
      },
      onRetry: () => {},
      onComment: () => {},
    })
    release()
    if (!settled()) throw new ClientError('stream_lost', `${method}: the stream ended before the response.`)
    return
  }
  if (answer.json !== undefined) takeMessage(answer.json, receiver, line)
  if (settled()) return
  const type = answer.headers.get('content-type') ?? 'no content type'
  const what = `${method}: HTTP ${answer.status} with ${type} and no JSON-RPC response in it.`
  throw new ClientError('not_mcp', what, { status: answer.status })
}

function receiverFor(method: string, line: Line): Receiver {
  return {
    response: (message) => settle(message, line),
    // "The server MUST NOT send independent JSON-RPC requests on this stream."
    request: (asked: string, id: RequestId) => {
      const what = `${method}: the server sent a request (${asked}, id ${id}) on the stream, which it must not here.`
      line.report(new ClientError('not_mcp', what))
    },
    notification: (name, params) => {
      if (name === 'notifications/progress') line.pending.progress(params)
      line.options.onNotification?.(name, params)
    },
  }
}
