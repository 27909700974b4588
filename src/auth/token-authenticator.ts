/**
 * Judges requests by their access token: remembered, verified, bound to a key, with the scopes that every request needs.
 *
 * @see RFC 6750; RFC 9449, section 7; the specification, basic/authorization, "Access Token Usage"
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'
import { type AccessToken, accessToken } from './access-token.ts'
import type { AuthRefusal, AuthRequest } from './authenticate.ts'
import type { Admitted, AuthContext, Authenticator, Problem } from './authenticator.ts'
import type { TokenOptions } from './bearer.ts'
import { tokenChallenge } from './challenge.ts'
import { ProofChecker } from './dpop.ts'
import type { ProtectedResource } from './protected-resource.ts'
import { expandScopes, hasScopes } from './scopes.ts'
import { TokenRefused } from './token-refused.ts'
import { VerifiedTokens } from './verified-tokens.ts'

/** @throws {TokenRefused} */
export type VerifyToken = (token: string) => Promise<Identity>

/** How long a verified token is remembered by default. */
const CACHE_MS = 60_000

export class TokenAuthenticator implements Authenticator {
  readonly resource: ProtectedResource
  readonly #context: AuthContext
  readonly #options: TokenOptions
  readonly #verify: VerifyToken
  readonly #proofs: ProofChecker
  /** Tokens that need nothing besides, and those that need a proof of their key with every request. */
  readonly #bearer = new VerifiedTokens()
  readonly #bound = new VerifiedTokens()
  /** Tokens being verified: a client that sends ten requests at once has its token verified once. */
  readonly #pending = new Map<string, Promise<Admitted>>()

  constructor(context: AuthContext, resource: ProtectedResource, options: TokenOptions, verify: VerifyToken) {
    this.resource = resource
    this.#context = context
    this.#options = options
    this.#verify = verify
    this.#proofs = new ProofChecker(context.platform, resource)
  }

  get remembered(): number {
    return this.#bearer.size + this.#bound.size
  }

  admit(request: AuthRequest): MaybePromise<Admitted | AuthRefusal | undefined> {
    const header = request.header('authorization')
    if (header === undefined) return undefined
    return this.#bearer.get(header, this.#context.platform.now()) ?? this.#read(request, header)
  }

  challenge(request: AuthRequest, problem?: Problem): string {
    const dpop = this.#options.dpop === 'required' || /^dpop /i.test(request.header('authorization') ?? '')
    return tokenChallenge(dpop, problem, this.resource.scopes, this.resource.metadataUrl(request))
  }

  #read(request: AuthRequest, header: string): MaybePromise<Admitted | AuthRefusal | undefined> {
    const found = accessToken(header)
    if (found === undefined) return undefined
    if (found !== 'malformed') return this.#judge(request, header, found)
    return this.#refuse(request, 400, { error: 'invalid_request', description: 'Send one access token.' })
  }

  async #judge(request: AuthRequest, header: string, token: AccessToken): Promise<Admitted | AuthRefusal> {
    try {
      const known = token.bound ? this.#bound.get(header, this.#context.platform.now()) : undefined
      const admitted = known ?? (await this.#verifyOnce(header, token))
      if (token.bound) await this.#proofs.check(request, token.text, thumbprintOf(admitted.identity)!)
      if (hasScopes(admitted.identity?.scopes, this.resource.scopes)) return admitted
    } catch (thrown) {
      if (!(thrown instanceof TokenRefused)) throw thrown
      const refusal = this.#refuse(request, 401, { error: thrown.error, description: thrown.message })
      return { ...refusal, foreign: thrown.foreign }
    }
    const description = 'The token lacks a scope that every request needs.'
    return this.#refuse(request, 403, { error: 'insufficient_scope', description })
  }

  #verifyOnce(header: string, token: AccessToken): Promise<Admitted> {
    const pending = this.#pending.get(header)
    if (pending !== undefined) return pending
    const admission = this.#admission(header, token).finally(() => this.#pending.delete(header))
    this.#pending.set(header, admission)
    return admission
  }

  async #admission(header: string, { text, bound }: AccessToken): Promise<Admitted> {
    const verified = await this.#verify(text)
    checkBinding(verified, bound, this.#options.dpop === 'required')
    const identity = { ...verified, scopes: expandScopes(verified.scopes ?? [], this.#options.scopeHierarchy) }
    // Every request with this token gets the same object.
    const admitted = await this.#context.admit(deepFreeze(identity))
    const cached = this.#context.platform.now() + (this.#options.cache ?? CACHE_MS)
    const until = Math.min(identity.expiresAt ?? Number.POSITIVE_INFINITY, cached)
    if (hasScopes(identity.scopes, this.resource.scopes)) {
      const tokens = bound ? this.#bound : this.#bearer
      tokens.add(header, { admitted, until })
    }
    return admitted
  }

  #refuse(request: AuthRequest, refused: AuthRefusal['refused'], problem: Problem): AuthRefusal {
    const { description: message } = problem
    return { refused, challenge: this.challenge(request, problem), ...(message !== undefined && { message }) }
  }
}

/** The key that a token is bound to. */
function thumbprintOf(identity: Identity | undefined): string | undefined {
  const confirmation = identity?.claims?.['cnf'] as { readonly jkt?: unknown } | undefined
  return typeof confirmation?.jkt === 'string' ? confirmation.jkt : undefined
}

/**
 * A token that is bound to a key is worth as much to a thief as any other if it is taken without the proof; and bindings
 * that are not known here (certificates, RFC 8705) can't be checked.
 *
 * @throws {TokenRefused}
 */
function checkBinding(identity: Identity, bound: boolean, required: boolean): void {
  const thumbprint = thumbprintOf(identity)
  if (bound && thumbprint === undefined) throw new TokenRefused('The token is not bound to a key of the client.')
  if (bound) return
  if (thumbprint !== undefined) throw new TokenRefused('The token is bound to a key: send it with the scheme DPoP.')
  if (identity.claims?.['cnf'] !== undefined) throw new TokenRefused('The token is bound to what is not checked here.')
  if (required) throw new TokenRefused('This server takes only tokens that are bound to a key (DPoP).')
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  Object.freeze(value)
  for (const inner of Object.values(value)) deepFreeze(inner)
  return value
}
