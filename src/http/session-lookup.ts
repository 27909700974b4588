/**
 * From a request to its session, or to the answer that says why there is none.
 *
 * @see the specification, basic/transports, "Session Management"
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import { Session } from '../session/session.ts'
import { MAX_SESSION_ID_BYTES } from '../session/session-id.ts'
import { McpError } from '../wire/errors.ts'
import { PROTOCOL_VERSION, SESSION_ID } from '../wire/headers.ts'
import type { RequestId } from '../wire/jsonrpc.ts'
import { ASSUMED, revisionNamed } from '../wire/revision.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { errorReply } from './replies.ts'

export function findSession(
  parts: EndpointParts,
  request: HttpRequest,
  principal: string,
  id: RequestId | undefined,
): MaybePromise<Session | HttpReply> {
  if (parts.stateless) return statelessSession(parts, request, principal)
  const token = request.header(SESSION_ID)
  if (token === undefined) {
    const message = 'Mcp-Session-Id is missing: send initialize first, then its session id with every request.'
    return errorReply(new McpError('session_required', message), id)
  }
  const { sessions, replica } = parts.services
  const known = sessions.peek(token)
  if (
    known !== undefined &&
    known.state !== undefined &&
    !known.deleted &&
    known.facts.principal === principal &&
    known.facts.expiresAt > replica.platform.now()
  ) {
    return known
  }
  if (token.length > MAX_SESSION_ID_BYTES) {
    replica.counters.sessionsUnknown++
    return gone(id)
  }
  return sessions.open(token, principal).then((opened) => {
    if (opened instanceof Session) return opened
    if (opened === 'gone') return gone(id)
    return errorReply(new McpError('unavailable', 'This session can not be opened right now; try again.'), id)
  })
}

/** One sentence for every case: who asks with a foreign or forged id learns nothing. */
function gone(id: RequestId | undefined): HttpReply {
  return errorReply(new McpError('session_not_found', 'Session not found. Send initialize to open a new one.'), id)
}

/** What stands for a session where there is none: the revision from the header, and nothing declared. */
function statelessSession(parts: EndpointParts, request: HttpRequest, principal: string): Session {
  const version = request.header(PROTOCOL_VERSION)
  const revision = (version === undefined ? undefined : revisionNamed(version)) ?? ASSUMED
  const facts = {
    uid: '',
    birth: '',
    expiresAt: Number.POSITIVE_INFINITY,
    revision,
    capabilities: 0,
    client: { name: '', version: '' },
    principal,
    extensions: '',
  }
  const { ring } = parts.services.replica
  return new Session(facts, '', ring.eventKey(ring.sealingKeyId))
}
