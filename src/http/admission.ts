/**
 * What is checked before a body is read: Host and Origin, the method, the headers that a method needs, and who asks.
 *
 * @module
 */
import { type Authenticate, challengeOf, isRefusal } from '../auth/authenticate.ts'
import type { MaybePromise } from '../engine/platform.ts'
import { ANONYMOUS, type Identity, type Principals } from '../session/principal.ts'
import { McpError } from '../wire/errors.ts'
import { PROTOCOL_VERSION } from '../wire/headers.ts'
import { isJsonContentType, parseAccept } from '../wire/media-type.ts'
import { revisionNamed, SUPPORTED } from '../wire/revision.ts'
import type { HttpReply, HttpRequest, TextReply } from './http-message.ts'
import type { JsonResponse } from './options.ts'
import { errorReply } from './replies.ts'

/** A request that may go on, and who it speaks for. */
export interface Admitted {
  readonly identity: Identity | undefined
  readonly principal: string
}

export const NOBODY: Admitted = { identity: undefined, principal: ANONYMOUS }

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
export async function authenticate(
  auth: Authenticate,
  principals: Principals,
  request: HttpRequest,
): Promise<Admitted | TextReply> {
  const verdict = await auth({
    method: request.method,
    path: request.path,
    header: (name) => request.header(name.toLowerCase()),
  })
  if (verdict === 'anonymous') return NOBODY
  // Also for null and the like, which `user && { … }` yields in untyped code.
  if (!verdict) return refuse(401, challengeOf(undefined), undefined)
  if (isRefusal(verdict)) return refuse(verdict.refused, challengeOf(verdict), verdict.message)
  return { identity: verdict, principal: await principals.of(verdict) }
}

function refuse(status: 401 | 403, challenge: string, message: string | undefined): TextReply {
  const error =
    status === 401
      ? new McpError('unauthorized', message ?? 'This server needs authentication.')
      : new McpError('insufficient_scope', message ?? 'This identity may not use the server.')
  return errorReply(error, undefined, ['www-authenticate', challenge])
}

/** Whether what came back is an answer rather than an admission. */
export function isReply(value: Admitted | HttpReply): value is HttpReply {
  return 'status' in value
}

export type Admission = MaybePromise<Admitted | HttpReply>
