/**
 * Which era a message belongs to, told per request: by its envelope, and where that is missing by the header that a
 * client of the modern era cannot leave out. Never by the method: both eras may have it.
 *
 * @see the specification 2026-07-28, basic/versioning, "Backward Compatibility"
 * @module
 */
import { hasEnvelope } from '../wire/envelope.ts'
import type { McpError } from '../wire/errors.ts'
import { PROTOCOL_VERSION } from '../wire/headers.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import { type Revision, revisionNamed } from '../wire/revision.ts'
import { unsupportedVersion } from './admission.ts'
import type { HttpRequest } from './http-message.ts'

/** The era of a message, or why it is of none. */
export function eraOf(request: HttpRequest, message: { readonly params?: JsonObject }): Revision['era'] | McpError {
  if (message.params !== undefined && hasEnvelope(message)) return 'modern'
  const version = request.header(PROTOCOL_VERSION)
  if (version === undefined) return 'legacy'
  return revisionNamed(version)?.era ?? unsupportedVersion(version)
}
