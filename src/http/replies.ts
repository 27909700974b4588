/**
 * The answers that need no work: header constants, and errors.
 *
 * @module
 */
import { McpError } from '../wire/errors.ts'
import { JSON_TYPE, SSE_TYPE } from '../wire/headers.ts'
import { errorMessage, type RequestId } from '../wire/jsonrpc.ts'
import type { HttpHeaders, HttpReply, TextReply } from './http-message.ts'

export const JSON_HEADERS: HttpHeaders = ['content-type', JSON_TYPE]

/** No proxy may hold events back or compress them: an event that waits in a buffer is an event lost to the user. */
export const SSE_HEADERS: HttpHeaders = [
  'content-type',
  SSE_TYPE,
  'cache-control',
  'no-cache, no-transform',
  'x-accel-buffering',
  'no',
]

/** A body that is complete may be held back by a proxy: no event of it waits for another. */
const COMPLETE_SSE_HEADERS: HttpHeaders = ['content-type', SSE_TYPE, 'cache-control', 'no-cache']

const NO_HEADERS: HttpHeaders = []

/** For notifications and answers: "202 Accepted with no body". */
export const ACCEPTED: TextReply = { status: 202, headers: NO_HEADERS, body: '' }

export const NO_CONTENT: TextReply = { status: 204, headers: NO_HEADERS, body: '' }

export function jsonReply(body: string): TextReply {
  return { status: 200, headers: JSON_HEADERS, body }
}

/** A stream that has ended before its first byte left. */
export function sseReply(body: string): TextReply {
  return { status: 200, headers: COMPLETE_SSE_HEADERS, body }
}

/** Seconds after which a client may try again, where the error is one of load or of time. */
const RETRY_AFTER: Readonly<Partial<Record<McpError['code'], string>>> = { too_many_requests: '1', unavailable: '5' }

/** An error that ends the HTTP request, with its own status unless another one is due. */
export function errorReply(
  error: McpError,
  id?: RequestId,
  more: HttpHeaders = NO_HEADERS,
  status: number = error.status,
): TextReply {
  return { status, headers: [...errorHeaders(error), ...more], body: errorMessage(id, error) }
}

/** The headers of a body that is nothing but this error. */
export function errorHeaders({ code }: McpError): HttpHeaders {
  const retryAfter = RETRY_AFTER[code]
  return retryAfter === undefined ? JSON_HEADERS : [...JSON_HEADERS, 'retry-after', retryAfter]
}

/** A refusal for a time. */
export function waitReply(error: McpError, seconds: number): TextReply {
  const headers = [...JSON_HEADERS, 'retry-after', String(seconds)]
  return { status: error.status, headers, body: errorMessage(undefined, error) }
}

export function withHeaders(reply: HttpReply, more: HttpHeaders): HttpReply {
  return { ...reply, headers: [...reply.headers, ...more] }
}

export function methodNotAllowed(allow: string, message: string): TextReply {
  return errorReply(new McpError('method_not_allowed', message), undefined, ['allow', allow])
}
