/**
 * Who is asking: the one function through which a server learns it.
 *
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'

/** The request as authentication sees it: nothing of the body is read before it has passed. */
export interface AuthRequest {
  readonly method: string
  /** The path without the query. */
  readonly path: string
  /** A header by its name in any case, or `undefined`. */
  header(name: string): string | undefined
}

/** A refusal in detail. */
export interface AuthRefusal {
  /** 401: say who you are; 403: known, but not allowed. */
  readonly refused: 401 | 403
  /** The `WWW-Authenticate` header. Default `Bearer`, with `error="insufficient_scope"` for 403. */
  readonly challenge?: string
  /** A sentence for the client. */
  readonly message?: string
}

/**
 * Verifies a request and returns who it speaks for. `undefined` refuses with 401; `'anonymous'` lets the request in
 * as nobody. Sessions and streams are bound to the identity (issuer, subject or client, audience), not to the token.
 *
 * @example
 * ```ts
 * await serve(server, {
 *   auth: async (request) => {
 *     const user = await users.byKey(request.header('x-api-key'))
 *     return user && { issuer: 'https://example.com', subject: user.id }
 *   },
 * })
 * ```
 * @see the specification, basic/authorization
 */
export type Authenticate = (request: AuthRequest) => MaybePromise<Identity | 'anonymous' | AuthRefusal | undefined>

export function isRefusal(value: Identity | AuthRefusal): value is AuthRefusal {
  return 'refused' in value
}

/**
 * The challenge of a refusal. Authors put descriptions into it, and those may quote the request: what a header can't
 * hold becomes a question mark.
 */
export function challengeOf(refusal: AuthRefusal | undefined): string {
  const challenge = refusal?.challenge ?? (refusal?.refused === 403 ? 'Bearer error="insufficient_scope"' : 'Bearer')
  return challenge.replace(/[^ -~]/g, '?')
}
