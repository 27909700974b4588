/**
 * Scopes per tool, resource and prompt: a client that lacks one learns it before the request starts, with the status and
 * the challenge that make it ask for more.
 *
 * @see the specification, basic/authorization, "Scope Challenge Handling"
 * @module
 */
import type { Admitted } from '../auth/authenticator.ts'
import { bearerChallenge } from '../auth/challenge.ts'
import { hasScopes } from '../auth/scopes.ts'
import { declaredScopes, neededScopes } from '../server/needed-scopes.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonRpcRequest } from '../wire/jsonrpc.ts'
import { refuse } from './admission.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpRequest, TextReply } from './http-message.ts'

/** The scopes that a request needs and does not have all of. */
function missingScopes(
  parts: EndpointParts,
  admitted: Admitted,
  message: JsonRpcRequest,
): readonly string[] | undefined {
  if (!parts.definition.restricted) return undefined
  try {
    const needed = neededScopes(parts.definition, message.method, message.params, admitted.identity)
    return hasScopes(admitted.identity?.scopes, needed) ? undefined : needed
  } catch {
    // A rule of the author that throws does so again where the request is handled, and is reported there.
    return undefined
  }
}

/** The refusal of a request that needs scopes which it does not have. */
export function stepUp(
  parts: EndpointParts,
  request: HttpRequest,
  admitted: Admitted,
  message: JsonRpcRequest,
): TextReply | undefined {
  const needed = missingScopes(parts, admitted, message)
  if (needed === undefined) return undefined
  parts.services.replica.counters.requestsRefused++
  const { auth } = parts
  const sentence = scopeSentence(needed)
  if (auth !== undefined && admitted.identity === undefined) {
    return refuse(401, auth.challenge(request, { scopes: needed }), sentence, message.id)
  }
  // Clients up to 2025-11-25 ask for exactly what the challenge names: without the scopes that they have, they lose them.
  const declared = declaredScopes(parts.definition)
  const kept = (admitted.identity?.scopes ?? []).filter((scope) => declared.has(scope))
  const problem = { error: 'insufficient_scope', description: sentence, scopes: [...kept, ...needed] } as const
  return refuse(403, auth?.challenge(request, problem) ?? bearerChallenge(problem), sentence, message.id)
}

/** The same as an error, for one message of several: it can't have an HTTP status of its own. */
export function scopeError(parts: EndpointParts, admitted: Admitted, message: JsonRpcRequest): McpError | undefined {
  const missing = missingScopes(parts, admitted, message)
  return missing && new McpError('insufficient_scope', scopeSentence(missing), { data: { scopes: missing } })
}

function scopeSentence(needed: readonly string[]): string {
  return `This needs the scopes: ${needed.join(' ')}`
}
