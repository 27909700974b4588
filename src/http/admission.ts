/**
 * What is checked before a body is read: Host and Origin, the method, the headers that a method needs, and who asks.
 *
 * @module
 */
import { type AuthRefusal, isRefusal } from '../auth/authenticate.ts'
import { type Admitted, type Authenticator, NOBODY } from '../auth/authenticator.ts'
import { headerText } from '../auth/challenge.ts'
import type { MaybePromise } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import { PROTOCOL_VERSION } from '../wire/headers.ts'
import type { RequestId } from '../wire/jsonrpc.ts'
import { isJsonContentType, parseAccept } from '../wire/media-type.ts'
import { revisionNamed, SUPPORTED } from '../wire/revision.ts'
import type { HttpReply, HttpRequest, TextReply } from './http-message.ts'
import type { JsonResponse } from './options.ts'
import { errorReply } from './replies.ts'

export { type Admitted, NOBODY }

/** Checks the headers of a POST. */
export function checkPost(request: HttpRequest, jsonResponse: JsonResponse): McpError | undefined {
  const type = request.header('content-type')
  if (!isJsonContentType(type)) {
    return new McpError('unsupported_media_type', 'Content-Type must be application/json, in UTF-8.')
  }
  const accepted = parseAccept(request.header('accept'))
  // A server that only ever answers with JSON has no use for the other type; all else needs both, as clients MUST send.
  if (!accepted.json || (!accepted.sse && jsonResponse !== true)) {
    return new McpError('not_acceptable', 'Accept must list application/json and text/event-stream.')
  }
  // Its version is judged together with its body, which says of which era it is.
  return undefined
}

/** Checks the headers of a GET. */
export function checkGet(request: HttpRequest): McpError | undefined {
  if (!parseAccept(request.header('accept')).sse) {
    return new McpError('not_acceptable', 'Accept must list text/event-stream.')
  }
  return checkVersion(request)
}

/** "If the server receives a request with an invalid or unsupported MCP-Protocol-Version, it MUST respond with 400". */
export function checkVersion(request: HttpRequest): McpError | undefined {
  const version = request.header(PROTOCOL_VERSION)
  if (version === undefined || revisionNamed(version) !== undefined) return undefined
  return unsupportedVersion(version)
}

export function unsupportedVersion(version: string): McpError {
  return new McpError('unsupported_version', `MCP-Protocol-Version must be one of ${SUPPORTED.join(', ')}.`, {
    data: { supported: SUPPORTED, requested: version.slice(0, 64) },
  })
}

/** Asks `auth` who the request speaks for. */
export function authenticate(auth: Authenticator, request: HttpRequest): MaybePromise<Admitted | TextReply> {
  const verdict = auth.admit(request)
  return verdict instanceof Promise
    ? verdict.then((late) => settle(auth, request, late))
    : settle(auth, request, verdict)
}

function settle(
  auth: Authenticator,
  request: HttpRequest,
  verdict: Admitted | AuthRefusal | undefined,
): Admitted | TextReply {
  if (verdict === undefined) return refuse(401, auth.challenge(request), undefined)
  if (!isRefusal(verdict)) return verdict
  const { refused, message } = verdict
  const problem = refused === 403 ? ({ error: 'insufficient_scope' } as const) : undefined
  return refuse(refused, verdict.challenge ?? auth.challenge(request, problem), message)
}

/** What each refusal says when it says nothing itself. */
const REFUSALS = {
  400: ['invalid_request', 'The credentials are malformed.'],
  401: ['unauthorized', 'This server needs authentication.'],
  403: ['insufficient_scope', 'This identity may not use the server.'],
} as const

/** A refusal with its challenge. */
export function refuse(
  status: AuthRefusal['refused'],
  challenge: string,
  message: string | undefined,
  id?: RequestId,
): TextReply {
  const [code, sentence] = REFUSALS[status]
  return errorReply(new McpError(code, message ?? sentence), id, ['www-authenticate', headerText(challenge)])
}

/** Whether what came back is an answer rather than an admission. */
export function isReply(value: Admitted | HttpReply): value is HttpReply {
  return 'status' in value
}

export type Admission = MaybePromise<Admitted | HttpReply>
