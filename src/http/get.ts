/**
 * GET: opens the session stream, or resumes a stream after `Last-Event-ID`.
 *
 * @see the specification, basic/transports, "Listening for Messages from the Server" and "Resumability and Redelivery"
 * @module
 */
import { type RequestEventId, readEventId } from '../session/event-id.ts'
import { finalEvent, lostEvent } from '../session/final-event.ts'
import { Session } from '../session/session.ts'
import type { LostReason } from '../session/stream-log.ts'
import { skipEvents } from '../session/stream-window.ts'
import { McpError } from '../wire/errors.ts'
import { LAST_EVENT_ID } from '../wire/headers.ts'
import { ssePriming, sseRetry } from '../wire/sse.ts'
import type { Admitted } from './admission.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { tooManyStreams } from './load-limits.ts'
import { errorReply, methodNotAllowed, SSE_HEADERS, sseReply } from './replies.ts'
import { findSession } from './session-lookup.ts'

export async function get(parts: EndpointParts, request: HttpRequest, admitted: Admitted): Promise<HttpReply> {
  if (parts.stateless) return methodNotAllowed('POST', 'This server is stateless: it has no session stream.')
  const session = await findSession(parts, request, admitted.principal, undefined)
  if (!(session instanceof Session)) return session
  const { replica } = parts.services
  const crowded = tooManyStreams(replica, admitted.principal, session.openStreams)
  if (crowded !== undefined) return errorReply(crowded)
  const last = request.header(LAST_EVENT_ID)
  if (last === undefined || last === '') return openSessionStream(parts, session, undefined)
  const id = readEventId(session.eventKey, last)
  if (id === undefined) {
    return errorReply(new McpError('invalid_request', 'Last-Event-ID is not an event id of this session.'))
  }
  return id.stream === 'session' ? openSessionStream(parts, session, id) : resume(parts, session, id, last)
}

function openSessionStream(
  parts: EndpointParts,
  session: Session,
  from: Parameters<EndpointParts['services']['sessionStreams']['open']>[2],
): HttpReply {
  // Request streams can still be resumed: their calls run on until the deadline, and someone waits for each.
  if (parts.services.replica.draining) return errorReply(new McpError('unavailable', 'The server is shutting down.'))
  return {
    status: 200,
    headers: SSE_HEADERS,
    open: (sink) => parts.services.sessionStreams.open(session, sink, from),
  }
}

async function resume(parts: EndpointParts, session: Session, id: RequestEventId, last: string): Promise<HttpReply> {
  const { replica } = parts.services
  const { counters, retry } = replica
  if (id.final) return complete(parts)
  // An event that repeats the id: some clients forget where they were after a resume that brought nothing.
  const lead = session.facts.revision.primingEvent ? ssePriming(last, retry.next()) : sseRetry(retry.next())
  const lost = (reason: LostReason): HttpReply => {
    counters.streamsLost++
    return sseReply(lead + lostEvent(session, id, id.sequence + 1, reason))
  }
  if (id.replica !== replica.id) {
    const { peers } = replica
    if (peers === undefined) return lost('replica_lost')
    counters.streamsResumed++
    if (await peers.isOver(id)) return complete(parts)
    return { status: 200, headers: SSE_HEADERS, open: (sink) => peers.relay(session, id, sink, lead) }
  }
  counters.streamsResumed++
  const stream = replica.streams.get(id.call)
  if (stream !== undefined) {
    if (!stream.canAttach(id.sequence)) return lost('stream_lost')
    return {
      status: 200,
      headers: SSE_HEADERS,
      open: (sink) => {
        // Between the check and the connection the window may have moved on.
        if (stream.attach(sink, id.sequence, lead)) return
        sink.write(lead)
        sink.destroy()
      },
    }
  }
  const finished = replica.finished.get(id.call)
  if (finished === undefined || finished.first > id.sequence + 1) return lost('stream_lost')
  const events = finished.bare ? finalEvent(session, id, finished.first, finished.text) : finished.text
  const rest = skipEvents(events, id.sequence + 1 - finished.first)
  return rest === '' ? complete(parts) : sseReply(lead + rest)
}

/** Nothing comes after the final event. With any success an old client would come back for ever. */
function complete(parts: EndpointParts): HttpReply {
  parts.services.replica.counters.streamsComplete++
  return errorReply(new McpError('stream_complete', 'The stream is complete; there is nothing to resume.'), undefined, [
    'allow',
    'POST, DELETE',
  ])
}
