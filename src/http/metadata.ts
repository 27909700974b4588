/**
 * What the server publishes about itself as an OAuth resource, beside the endpoint.
 *
 * @see RFC 9728, section 3
 * @module
 */
import type { ResourceMetadata } from '../auth/authenticator.ts'
import { WELL_KNOWN } from '../auth/protected-resource.ts'
import { CORS_ALLOW_HEADERS } from '../wire/headers.ts'
import type { HttpHeaders, HttpReply, HttpRequest } from './http-message.ts'
import { JSON_HEADERS, methodNotAllowed, NO_CONTENT } from './replies.ts'

/** It is public, and a client in a browser reads it before it has any rights. */
const PUBLIC: HttpHeaders = ['access-control-allow-origin', '*']

const PREFLIGHT: HttpHeaders = [
  ...PUBLIC,
  'access-control-allow-methods',
  'GET',
  'access-control-allow-headers',
  CORS_ALLOW_HEADERS,
]

/** Short, because it changes with a deployment and clients read it rarely. */
const CACHED: HttpHeaders = ['cache-control', 'max-age=60']

/** The answer to a request for the metadata; `undefined` for any other path. */
export function metadataReply(resource: ResourceMetadata, request: HttpRequest): HttpReply | undefined {
  if (!request.path.startsWith(WELL_KNOWN) || !resource.isAt(request.path)) return undefined
  if (request.method === 'OPTIONS') return { ...NO_CONTENT, headers: PREFLIGHT }
  if (request.method !== 'GET') return methodNotAllowed('GET, OPTIONS', 'The metadata can be read.')
  return { status: 200, headers: [...JSON_HEADERS, ...PUBLIC, ...CACHED], body: resource.document(request) }
}
