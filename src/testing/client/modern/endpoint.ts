/**
 * The MCP endpoint as a modern client sees it: every message is a POST whose headers repeat what the body is about, and
 * every answer belongs to one request.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Request Metadata"
 * @module
 */
import { JSON_TYPE, PROTOCOL_VERSION, SSE_TYPE } from '../../../wire/headers.ts'
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import { type ClientError, httpRefusal, rpcErrorOf, rpcFailure } from '../errors.ts'
import type { Answer } from '../exchange.ts'
import type { Line } from '../line.ts'
import type { ExchangePurpose } from '../observation.ts'
import type { ClientRevision } from '../revisions.ts'
import { headerValue } from './header-value.ts'
import type { ParamHeaders } from './param-headers.ts'

const METHOD = 'mcp-method'
const NAME = 'mcp-name'

/** The member of the params that `Mcp-Name` repeats. */
const NAMED_BY: Readonly<Record<string, string>> = {
  'tools/call': 'name',
  'prompts/get': 'name',
  'resources/read': 'uri',
}

export interface Endpoint {
  post(message: JsonObject, signal: AbortSignal, purpose?: ExchangePurpose): Promise<Answer>
  /** The error for an answer whose HTTP status refuses a message: in this era errors of JSON-RPC have statuses too. */
  refusal(method: string, answer: Answer): ClientError
}

export function createEndpoint(line: Line, revision: ClientRevision, paramHeaders: ParamHeaders): Endpoint {
  return {
    post(message, signal, purpose) {
      const method = String(message['method'])
      const params = isObject(message['params']) ? message['params'] : {}
      const name = params[NAMED_BY[method] ?? '']
      return line.exchanger.send({
        method: 'POST',
        headers: {
          ...line.headers,
          accept: `${JSON_TYPE}, ${SSE_TYPE}`,
          'content-type': JSON_TYPE,
          [PROTOCOL_VERSION]: revision.name,
          [METHOD]: headerValue(method),
          ...(typeof name === 'string' ? { [NAME]: headerValue(name) } : {}),
          ...(method === 'tools/call' ? paramHeaders.of(String(name), params['arguments']) : {}),
        },
        body: JSON.stringify(message),
        signal,
        ...(purpose === undefined ? {} : { purpose }),
      })
    },
    refusal(method, answer) {
      const rpc = answer.kind === 'text' ? rpcErrorOf(answer.json) : undefined
      return rpc ? rpcFailure(method, rpc, answer.status) : httpRefusal(method, answer.status)
    },
  }
}
