/**
 * Bearer tokens: the server as an OAuth resource, whatever the tokens are and however they are verified.
 *
 * @see RFC 6750; the specification, basic/authorization, "Access Token Usage"
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'
import type { AuthContext, AuthScheme } from './authenticator.ts'
import { checkIssuer } from './discovery.ts'
import { ProtectedResource, type ResourceOptions } from './protected-resource.ts'
import type { ScopeHierarchy } from './scopes.ts'
import { TokenAuthenticator, type VerifyToken } from './token-authenticator.ts'
import { TokenRefused } from './token-refused.ts'

/** What all schemes with bearer tokens take. */
export interface TokenOptions extends ResourceOptions {
  /** Scopes that include others, for example `{ 'files:write': ['files:read'] }`. Default: none does. */
  readonly scopeHierarchy?: ScopeHierarchy
  /**
   * Milliseconds that a verified token is taken for good without looking at it again; never beyond its expiry.
   */
  readonly cache?: number
}

/** Options of {@link bearer}. */
export interface BearerOptions extends TokenOptions {
  /** Who issues the tokens: clients are sent there. */
  readonly issuer: string
  /**
   * Verifies a token, its audience included: it MUST have been issued for this server. Returns whom it speaks for, or
   * `undefined` for a token that is not accepted.
   */
  readonly verify: (token: string, resource: readonly string[]) => MaybePromise<Identity | undefined>
}

/**
 * Bearer tokens that a function of yours verifies: metadata, challenges, scopes and caching come with it.
 *
 * @example
 * ```ts
 * auth: bearer({ issuer: 'https://login.example.com', resource: 'https://mcp.example.com/mcp', verify: lookUpToken })
 * ```
 */
export function bearer(options: BearerOptions): AuthScheme {
  const { verify } = options
  if (typeof verify !== 'function') throw new TypeError('bearer needs verify, a function.')
  return tokenScheme('bearer', options, checkIssuer(options.issuer, 'bearer'), (_, resource) => async (token) => {
    const identity = await verify(token, resource.identifiers)
    if (!identity) throw new TokenRefused('The token is not valid.')
    return identity
  })
}

/**
 * @param name the function that the author called, for errors.
 * @param begin makes the verifying function; it may look up the authorization server first.
 */
export function tokenScheme(
  name: string,
  options: TokenOptions,
  issuer: string,
  begin: (context: AuthContext, resource: ProtectedResource) => MaybePromise<VerifyToken>,
): AuthScheme {
  return {
    start: async (context) => {
      const resource = new ProtectedResource(options, [issuer], context.local, name)
      return new TokenAuthenticator(context, resource, options, await begin(context, resource))
    },
  }
}
