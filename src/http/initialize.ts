/**
 * `initialize`: where a session is born. Nothing is stored for it: its id says it all.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import { negotiate } from '../server/initialize.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { SESSION_ID } from '../wire/headers.ts'
import { type JsonRpcRequest, resultMessage } from '../wire/jsonrpc.ts'
import { sseEvent } from '../wire/sse.ts'
import type { Admitted } from './admission.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { errorReply, jsonReply, sseReply, withHeaders } from './replies.ts'

export async function initialize(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  message: JsonRpcRequest,
): Promise<HttpReply> {
  if (request.header(SESSION_ID) !== undefined && !parts.stateless) {
    return errorReply(
      new McpError('invalid_request', 'initialize opens a session; this request is inside one.'),
      message.id,
    )
  }
  try {
    const { facts, result } = negotiate(parts.definition, message.params ?? {}, !parts.stateless)
    const reply =
      parts.jsonResponse === false ? sseAnswer(message, result) : jsonReply(resultMessage(message.id, result))
    if (parts.stateless) return reply
    const { sessions, replica } = parts.services
    const expiresAt = replica.platform.now() + parts.sessionTtlMs
    const session = await sessions.create({ ...facts, expiresAt, principal: admitted.principal })
    parts.serving.runSessionHooks(session, 'open')
    return withHeaders(reply, [SESSION_ID, session.token])
  } catch (thrown) {
    return errorReply(toMcpError(thrown), message.id, undefined, 200)
  }
}

/** There is no session yet that could resume the stream, so its event has no id. */
function sseAnswer(message: JsonRpcRequest, result: object): HttpReply {
  return sseReply(sseEvent(undefined, resultMessage(message.id, result)))
}
