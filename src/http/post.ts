/**
 * POST: one message in (or, in 2025-03-26, several), its answer out.
 *
 * @see the specification, basic/transports, "Sending Messages to the Server"
 * @module
 */
import { Call } from '../call/call.ts'
import { takeNotification, takeResponse } from '../call/incoming.ts'
import type { MaybePromise } from '../engine/platform.ts'
import type { Session } from '../session/session.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { PROTOCOL_VERSION, SESSION_ID } from '../wire/headers.ts'
import { parseJson } from '../wire/json-guard.ts'
import {
  classify,
  errorMessage,
  isObject,
  isRequestId,
  type JsonObject,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
  type RequestId,
} from '../wire/jsonrpc.ts'
import { ASSUMED, revisionNamed } from '../wire/revision.ts'
import type { Admitted } from './admission.ts'
import { type Answer, AutoAnswer, JsonAnswer, type Reply, SseAnswer } from './answer.ts'
import { BatchAnswer } from './batch.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import { eraOf } from './era.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { initialize } from './initialize.ts'
import { tooManyCalls } from './load-limits.ts'
import { postModern } from './modern/post.ts'
import { PendingReply } from './pending-reply.ts'
import { ACCEPTED, errorReply } from './replies.ts'
import { findSession } from './session-lookup.ts'
import { scopeError, stepUp } from './step-up.ts'

export function post(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  text: string,
): MaybePromise<HttpReply> {
  let body: unknown
  try {
    body = parseJson(text)
    if (Array.isArray(body)) return postBatch(parts, request, admitted, body)
  } catch (thrown) {
    return errorReply(toMcpError(thrown))
  }
  const kind = classify(body)
  if (typeof kind === 'object') return errorReply(new McpError('invalid_request', kind.invalid), readableId(body))
  const era = eraOf(request, body as { readonly params?: JsonObject })
  if (era === 'modern') return postModern(parts, request, admitted, body, text, kind)
  if (era !== 'legacy') return errorReply(era, readableId(body))
  const id = kind === 'request' ? (body as JsonRpcRequest).id : undefined
  if (kind === 'request' && (body as JsonRpcRequest).method === 'initialize') {
    return initialize(parts, request, admitted, body as JsonRpcRequest)
  }
  const found = findSession(parts, request, admitted.principal, id)
  if (found instanceof Promise) {
    return found.then((session) => (isReply(session) ? session : take(parts, request, admitted, session, body, kind)))
  }
  return isReply(found) ? found : take(parts, request, admitted, found, body, kind)
}

function isReply(value: Session | HttpReply): value is HttpReply {
  return 'status' in value
}

/** The id of a message that is otherwise invalid, where it can be read. */
export function readableId(body: unknown): RequestId | undefined {
  return isObject(body) && isRequestId(body['id']) && body['method'] !== undefined ? body['id'] : undefined
}

function take(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  session: Session,
  body: unknown,
  kind: 'request' | 'notification' | 'response',
): MaybePromise<HttpReply> {
  if (kind !== 'request') {
    const taken = takeMessage(parts, session, body, kind)
    return taken === undefined ? ACCEPTED : taken.then(() => ACCEPTED)
  }
  const message = body as JsonRpcRequest
  const refused = checkRequest(parts, session, message)
  if (refused !== undefined) return errorReply(refused, message.id)
  const denied = parts.definition.restricted ? stepUp(parts, request, admitted, message) : undefined
  if (denied !== undefined) return denied
  const number = parts.services.replica.nextCall()
  const reply = new PendingReply()
  const answer = answerFor(parts, session, number, message.id, reply)
  start(parts, request, admitted, session, message, number, answer)
  if (reply.settled !== undefined) return reply.settled
  answer.wait()
  return reply.wait()
}

/** Takes what has no answer. 202 is due when the promise, if there is one, resolves. */
function takeMessage(
  parts: EndpointParts,
  session: Session,
  body: unknown,
  kind: 'notification' | 'response',
): void | Promise<void> {
  if (kind === 'notification') return takeNotification(parts.services, session, body as JsonRpcNotification)
  return takeResponse(parts.services, session, body as JsonRpcResponse)
}

/** Runs a request; its answer goes where `answer` leads. */
export function start(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  session: Session,
  message: JsonRpcRequest,
  number: number,
  answer: Answer,
): void {
  const call = new Call(parts.services, session, admitted.identity, request, message, number, answer)
  answer.own(call)
  call.run(parts.definition.dispatch)
  if (!session.stateless && parts.services.replica.cancelled.take(session.facts.uid, message.id)) {
    call.abort(new McpError('cancelled', 'The client cancelled the request.'), false)
  }
}

/** Refuses a request that may not start. */
export function checkRequest(parts: EndpointParts, session: Session, message: JsonRpcRequest): McpError | undefined {
  const { limits, counters, calls } = parts.services.replica
  if (message.method === 'initialize') {
    return new McpError('invalid_request', 'initialize stands alone: not inside a session, not inside a batch.')
  }
  if (session.find(message.id) !== undefined) {
    return new McpError('invalid_request', 'A request with this id is already in flight in this session.')
  }
  if (session.inFlight.length >= limits.callsPerSession) {
    counters.limitsHit++
    return new McpError('too_many_requests', `A session may have ${limits.callsPerSession} requests in flight.`)
  }
  return tooManyCalls(parts.services.replica, session.facts.principal, calls.size)
}

function answerFor(parts: EndpointParts, session: Session, number: number, id: RequestId, reply: Reply): Answer {
  if (parts.jsonResponse === true) return new JsonAnswer(parts.services, session, id, reply)
  if (parts.jsonResponse === 'auto') return new AutoAnswer(parts.services, session, number, id, reply)
  return new SseAnswer(parts.services, session, number, id, reply)
}

async function postBatch(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  bodies: readonly unknown[],
): Promise<HttpReply> {
  const era = eraOf(request, {})
  if (era !== 'legacy') {
    return errorReply(
      era === 'modern' ? new McpError('invalid_request', 'The body must be one JSON-RPC message.') : era,
    )
  }
  const session = await findBatchSession(parts, request, admitted.principal)
  if (isReply(session)) return session
  const { limits } = parts.services.replica
  if (!session.facts.revision.batches) {
    return errorReply(
      new McpError('invalid_request', `${session.facts.revision.name} has no batches: send one message.`),
    )
  }
  if (bodies.length === 0 || bodies.length > limits.batch) {
    return errorReply(new McpError('invalid_request', `A batch has 1 to ${limits.batch} messages.`))
  }
  const answered = bodies.map((body) => {
    const kind = classify(body)
    return { body, kind, answered: typeof kind === 'object' || kind === 'request' }
  })
  const answers = answered.filter((entry) => entry.answered).length
  for (const { body, kind } of answered) {
    if (kind === 'notification' || kind === 'response') await takeMessage(parts, session, body, kind)
  }
  if (answers === 0) return ACCEPTED
  const reply = new PendingReply()
  const batch = new BatchAnswer(parts.services, session, answers, parts.jsonResponse === true, reply)
  for (const { body, kind } of answered) {
    if (typeof kind === 'object') {
      batch.finish(errorMessage(readableId(body), new McpError('invalid_request', kind.invalid)))
    } else if (kind === 'request') {
      const message = body as JsonRpcRequest
      const refused = checkRequest(parts, session, message) ?? scopeError(parts, admitted, message)
      const number = parts.services.replica.nextCall()
      if (refused !== undefined) batch.finish(errorMessage(message.id, refused))
      else start(parts, request, admitted, session, message, number, batch.member(message.id))
    }
  }
  return reply.wait()
}

/** A batch outside a session is possible only without sessions, and then only where the revision is the assumed one. */
async function findBatchSession(
  parts: EndpointParts,
  request: HttpRequest,
  principal: string,
): Promise<Session | HttpReply> {
  const version = request.header(PROTOCOL_VERSION)
  const revision = version === undefined ? ASSUMED : revisionNamed(version)
  if (request.header(SESSION_ID) === undefined && revision?.batches !== true) {
    return errorReply(new McpError('invalid_request', 'The body must be one JSON-RPC message, not an array.'))
  }
  return findSession(parts, request, principal, undefined)
}
