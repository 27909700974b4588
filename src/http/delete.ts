/**
 * DELETE: the client ends its session.
 *
 * @see the specification, basic/transports, "Session Management"
 * @module
 */
import { Session } from '../session/session.ts'
import type { Admitted } from './admission.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { methodNotAllowed, NO_CONTENT } from './replies.ts'
import { findSession } from './session-lookup.ts'

export async function remove(parts: EndpointParts, request: HttpRequest, admitted: Admitted): Promise<HttpReply> {
  if (parts.stateless) return methodNotAllowed('POST', 'This server is stateless: there is no session to end.')
  const session = await findSession(parts, request, admitted.principal, undefined)
  if (!(session instanceof Session)) return session
  await parts.services.sessions.delete(session)
  parts.serving.runSessionHooks(session, 'close')
  return NO_CONTENT
}
