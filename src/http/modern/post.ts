/**
 * POST in the modern era: one message that says all about itself, and its answer. Nothing of the legacy era takes part:
 * a session id, an event id to resume from and what a session has set are not even looked at.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Sending Messages"
 * @module
 */
import type { MaybePromise } from '../../engine/platform.ts'
import { requestSession, startModern } from '../../server/modern-call.ts'
import { envelopeVersion, readEnvelope } from '../../wire/envelope.ts'
import { McpError, toMcpError } from '../../wire/errors.ts'
import type { JsonRpcRequest, MessageKind } from '../../wire/jsonrpc.ts'
import { parseAccept } from '../../wire/media-type.ts'
import type { Admitted } from '../admission.ts'
import type { EndpointParts } from '../endpoint-parts.ts'
import type { HttpReply, HttpRequest } from '../http-message.ts'
import { tooManyCalls, tooManyStreams } from '../load-limits.ts'
import { PendingReply } from '../pending-reply.ts'
import { ACCEPTED, errorReply } from '../replies.ts'
import { stepUp } from '../step-up.ts'

import { ModernAnswer } from './answer.ts'
import { checkParamHeaders, checkStandardHeaders, checkVersionHeader } from './headers.ts'

export function postModern(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  body: unknown,
  text: string,
  kind: MessageKind,
): MaybePromise<HttpReply> {
  // The revision has no notification of a client over HTTP, and lets none be answered.
  if (kind === 'notification') return ACCEPTED
  if (kind === 'response') {
    return errorReply(
      new McpError('invalid_request', 'Answers to questions travel in inputResponses of the retried request.'),
    )
  }
  const message = body as JsonRpcRequest
  try {
    return take(parts, request, admitted, message, text)
  } catch (thrown) {
    const error = toMcpError(thrown)
    return errorReply(error, message.id, undefined, error.code === 'invalid_params' ? 400 : error.status)
  }
}

/** @throws {McpError} what refuses a request before it is handled. */
function take(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  message: JsonRpcRequest,
  text: string,
): MaybePromise<HttpReply> {
  const { method, params } = message
  checkVersionHeader(request, envelopeVersion(params))
  const envelope = readEnvelope(params)
  checkStandardHeaders(request, message)
  if (method === 'tools/call') {
    const tool = parts.definition.tools.get(String(params?.['name']), admitted.identity)
    if (tool !== undefined && tool.headers.length > 0) checkParamHeaders(request, tool.headers, params?.['arguments'])
  }
  const listens = method === 'subscriptions/listen'
  if (listens && !parseAccept(request.header('accept')).sse) {
    throw new McpError('not_acceptable', 'Accept must list text/event-stream.')
  }
  checkLimits(parts, admitted.principal, listens)
  const denied = parts.definition.restricted ? stepUp(parts, request, admitted, message) : undefined
  if (denied !== undefined) return denied
  const reply = new PendingReply()
  // The answer to it is a stream of notifications, whatever the server prefers.
  const mode = listens ? 'auto' : parts.jsonResponseModern
  const answer = new ModernAnswer(parts.services.replica, admitted.principal, message.id, mode, reply)
  const session = requestSession(parts.serving, envelope, admitted.principal)
  const exchange = { session, identity: admitted.identity, headers: request, request: message, text, outlet: answer }
  void startModern(parts.serving, exchange, (call) => answer.own(call))
  if (reply.settled !== undefined) return reply.settled
  answer.wait(request)
  return reply.wait()
}

/** Subscriptions and parked calls are in flight, and busy with nothing. */
function checkLimits({ services }: EndpointParts, principal: string, streams: boolean): void {
  const { replica, listens, parking } = services
  const crowded = streams
    ? tooManyStreams(replica, principal)
    : tooManyCalls(replica, principal, replica.calls.size - listens.size - parking.size)
  if (crowded !== undefined) throw crowded
}
