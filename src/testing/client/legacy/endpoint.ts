/**
 * The MCP endpoint as a legacy client sees it: which headers go with which message, and what a refusal means.
 *
 * @see the specification, basic/transports, "Streamable HTTP"
 * @module
 */
import { JSON_TYPE, LAST_EVENT_ID, PROTOCOL_VERSION, SESSION_ID, SSE_TYPE } from '../../../wire/headers.ts'
import type { JsonObject } from '../../../wire/jsonrpc.ts'
import { ClientError, httpRefusal, rpcErrorOf } from '../errors.ts'
import type { Answer, Exchanger } from '../exchange.ts'
import type { Negotiated } from '../negotiated.ts'
import type { ExchangePurpose, HeaderRecord } from '../observation.ts'

export interface Endpoint {
  /** Every JSON-RPC message of the client is a POST of its own. */
  post(message: JsonObject, signal: AbortSignal, purpose?: ExchangePurpose): Promise<Answer>
  /** Opens the session stream, or with `lastEventId` goes on with a stream. */
  get(purpose: ExchangePurpose, signal: AbortSignal, lastEventId?: string): Promise<Answer>
  delete(signal: AbortSignal): Promise<Answer>
  /** The error for an answer whose HTTP status refuses a message. */
  refusal(what: string, answer: Answer): ClientError
}

export interface EndpointOptions {
  readonly exchanger: Exchanger
  /** Sent with everything. */
  readonly headers: HeaderRecord
  /** What was negotiated, once it is. */
  readonly session: () => Negotiated | undefined
}

export function createEndpoint({ exchanger, headers, session }: EndpointOptions): Endpoint {
  function sessionHeaders(): Record<string, string> {
    const negotiated = session()
    const record: Record<string, string> = {}
    if (negotiated?.sessionId !== undefined) record[SESSION_ID] = negotiated.sessionId
    if (negotiated?.revision.versionHeader) record[PROTOCOL_VERSION] = negotiated.revision.name
    return record
  }

  return {
    post(message, signal, purpose) {
      const content = { accept: `${JSON_TYPE}, ${SSE_TYPE}`, 'content-type': JSON_TYPE }
      // A session begins with initialize: an older session has no part in it.
      const session = message['method'] === 'initialize' ? {} : sessionHeaders()
      return exchanger.send({
        method: 'POST',
        headers: { ...headers, ...content, ...session },
        body: JSON.stringify(message),
        signal,
        ...(purpose === undefined ? {} : { purpose }),
      })
    },
    get(purpose, signal, lastEventId) {
      const record: Record<string, string> = { ...headers, accept: SSE_TYPE, ...sessionHeaders() }
      if (lastEventId !== undefined) record[LAST_EVENT_ID] = lastEventId
      return exchanger.send({ method: 'GET', headers: record, signal, purpose })
    },
    delete(signal) {
      return exchanger.send({ method: 'DELETE', headers: { ...headers, ...sessionHeaders() }, signal })
    },
    refusal(what, answer) {
      const { status } = answer
      const rpc = answer.kind === 'text' ? rpcErrorOf(answer.json) : undefined
      const details = rpc ? { status, rpc } : { status }
      if (status === 404 && what !== 'initialize' && session()?.sessionId !== undefined) {
        return new ClientError('session_not_found', `${what}: the session is gone (404).`, details)
      }
      return httpRefusal(what, status, rpc)
    },
  }
}
