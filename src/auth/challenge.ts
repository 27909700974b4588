/**
 * `WWW-Authenticate`: what a client is told when it has to say who it is, or to ask for more.
 *
 * @see RFC 6750, section 3; RFC 9449, section 7.1; RFC 9728, section 5.1
 * @module
 */
import { ALGORITHMS } from './algorithms.ts'
import type { Problem } from './authenticator.ts'

/**
 * A challenge for access tokens.
 *
 * @param dpop whether the scheme is DPoP in place of Bearer.
 * @param scopes what the server needs in any case.
 * @param metadataUrl where the metadata of the resource is, if it has some.
 */
export function tokenChallenge(
  dpop: boolean,
  problem: Problem | undefined,
  scopes: readonly string[] = [],
  metadataUrl?: string,
): string {
  // "Servers SHOULD include all scopes required for the current operation in a single challenge".
  const scope = [...new Set([...scopes, ...(problem?.scopes ?? [])])].join(' ')
  const parameters = [
    ['error', problem?.error],
    ['error_description', problem?.description],
    ['scope', scope === '' ? undefined : scope],
    ['algs', dpop ? ALGORITHMS.join(' ') : undefined],
    ['resource_metadata', metadataUrl],
  ]
  const written = parameters.flatMap(([name, value]) => (value === undefined ? [] : [`${name}="${quotable(value)}"`]))
  const scheme = dpop ? 'DPoP' : 'Bearer'
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}

/** A challenge of the scheme `Bearer`, where there is nothing to lead to. */
export function bearerChallenge(problem: Problem | undefined): string {
  return tokenChallenge(false, problem)
}

/** Neither of the two characters that end or change a quoted string may be in it, nor what a header can't hold. */
function quotable(text: string): string {
  return text.replace(/["\\]/g, "'").replace(/[^ -~]/g, '?')
}

/**
 * Several challenges in one header, the first of each authentication scheme: clients read only one of a kind.
 */
export function joinChallenges(challenges: readonly string[]): string {
  const byScheme = new Map<string, string>()
  for (const challenge of challenges) {
    const scheme = challenge.split(' ', 1)[0]!.toLowerCase()
    if (!byScheme.has(scheme)) byScheme.set(scheme, challenge)
  }
  return [...byScheme.values()].join(', ')
}

/** What a header can't hold becomes a question mark: authors put descriptions into it, and those may quote the request. */
export function headerText(challenge: string): string {
  return challenge.replace(/[^ -~]/g, '?')
}
