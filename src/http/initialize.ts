/**
 * `initialize`: where a session is born. Nothing is stored for it: its id says it all.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import { negotiate } from '../server/initialize.ts'
import type { Session } from '../session/session.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { SESSION_ID } from '../wire/headers.ts'
import { type JsonRpcRequest, resultMessage } from '../wire/jsonrpc.ts'
import { sseEvent } from '../wire/sse.ts'
import type { Admitted } from './admission.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { errorReply, jsonReply, sseReply } from './replies.ts'

export function initialize(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  message: JsonRpcRequest,
): MaybePromise<HttpReply> {
  if (request.header(SESSION_ID) !== undefined && !parts.stateless) {
    return errorReply(
      new McpError('invalid_request', 'initialize opens a session; this request is inside one.'),
      message.id,
    )
  }
  try {
    const { facts, result } = negotiate(parts.definition, message.params ?? {}, !parts.stateless)
    const text = resultMessage(message.id, result)
    if (parts.stateless) return reply(parts, text)
    const { sessions, replica } = parts.services
    const session = sessions.create({
      expiresAt: replica.platform.now() + parts.sessionTtlMs,
      revision: facts.revision,
      capabilities: facts.capabilities,
      client: facts.client,
      principal: admitted.principal,
      extensions: facts.extensions,
    })
    if (session instanceof Promise) return session.then((late) => opened(parts, late, text))
    return opened(parts, session, text)
  } catch (thrown) {
    return errorReply(toMcpError(thrown), message.id, undefined, 200)
  }
}

function opened(parts: EndpointParts, session: Session, text: string): HttpReply {
  parts.serving.runSessionHooks(session, 'open')
  return reply(parts, text, session.token)
}

/** There is no session yet that could resume a stream, so its event has no id. */
function reply(parts: EndpointParts, text: string, sessionId?: string): HttpReply {
  const plain = parts.jsonResponse === false ? sseReply(sseEvent(undefined, text)) : jsonReply(text)
  if (sessionId === undefined) return plain
  return { status: plain.status, headers: plain.headers.concat(SESSION_ID, sessionId), body: plain.body }
}
