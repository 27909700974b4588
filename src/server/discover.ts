/**
 * `server/discover`: what the server is and can, before anything else is asked.
 *
 * @see the specification 2026-07-28, server/discover
 * @module
 */
import type { Call } from '../call/call.ts'
import { SUPPORTED } from '../wire/revision.ts'
import { listHints } from './cache-hints.ts'
import type { Definition } from './definition.ts'

export function discover(call: Call, definition: Definition): object {
  const { instructions, cache } = definition.identity
  return {
    supportedVersions: SUPPORTED,
    capabilities: definition.capabilities(call.session.facts.revision, call.services.stateful),
    ...(instructions !== undefined && { instructions }),
    ...listHints(call, cache, definition.middleware.length > 0),
  }
}
