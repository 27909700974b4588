/**
 * DPoP: a client proves with every request that it has the key which its token is bound to.
 *
 * @see RFC 9449, section 4.3
 * @module
 */
import { calculateJwkThumbprint, EmbeddedJWK, errors, type JWK, jwtVerify } from 'jose'
import type { Platform } from '../engine/platform.ts'
import { ALGORITHMS } from './algorithms.ts'
import type { AuthRequest } from './authenticate.ts'
import { type ProtectedResource, sameAudience } from './protected-resource.ts'
import { TokenRefused } from './token-refused.ts'

/** How old a proof may be, and how far the clocks may differ. */
const MAX_AGE_S = 60
const TOLERANCE_S = 30
const REMEMBERED_MS = (MAX_AGE_S + 2 * TOLERANCE_S) * 1000

/** Proofs remembered in each of two generations, and the characters of one id. */
const MAX_PROOFS = 50_000
const MAX_ID = 256

export class ProofChecker {
  readonly #platform: Platform
  readonly #resource: ProtectedResource
  /** Proofs that were used, in two generations: a proof works once. */
  #young = new Set<string>()
  #old = new Set<string>()
  #turnedAt = Number.NEGATIVE_INFINITY

  constructor(platform: Platform, resource: ProtectedResource) {
    this.#platform = platform
    this.#resource = resource
  }

  /**
   * Checks the proof that a request brings along for a token, after the token itself.
   *
   * @param thumbprint of the key that the token is bound to.
   * @throws {TokenRefused}
   */
  async check(request: AuthRequest, token: string, thumbprint: string): Promise<void> {
    const proof = request.header('dpop')
    if (proof === undefined) throw refused('The request has no proof.')
    const { jwk, claims } = await this.#open(proof)
    if (claims['htm'] !== request.method) throw refused('The proof is for another method.')
    if (!this.#isHere(claims['htu'], request)) throw refused('The proof is for another URL.')
    const hash = await this.#platform.crypto.sha256(new TextEncoder().encode(token))
    if (claims['ath'] !== this.#platform.base64url(hash)) throw refused('The proof is for another token.')
    if ((await calculateJwkThumbprint(jwk)) !== thumbprint) throw refused('The proof is of another key.')
    this.#useOnce(`${thumbprint}.${claims['jti']}`)
  }

  async #open(proof: string): Promise<{ readonly jwk: JWK; readonly claims: Record<string, unknown> }> {
    try {
      const { payload, protectedHeader } = await jwtVerify(proof, EmbeddedJWK, {
        typ: 'dpop+jwt',
        algorithms: [...ALGORITHMS],
        currentDate: new Date(this.#platform.now()),
        maxTokenAge: MAX_AGE_S,
        clockTolerance: TOLERANCE_S,
        requiredClaims: ['jti', 'htm', 'htu', 'ath'],
      })
      if (typeof payload.jti !== 'string' || payload.jti.length > MAX_ID) throw refused('The proof has no proper id.')
      return { jwk: protectedHeader.jwk as JWK, claims: payload }
    } catch (thrown) {
      if (thrown instanceof TokenRefused) throw thrown
      // A key in the proof may be anything at all, and so may be what comes of using it.
      throw refused(thrown instanceof errors.JWTExpired ? 'The proof is too old.' : 'The proof is not valid.')
    }
  }

  /** Behind a proxy the path here may be another one than the client sees: then it is that of the resource. */
  #isHere(htu: unknown, request: AuthRequest): boolean {
    if (typeof htu !== 'string') return false
    const bare = htu.replace(/[?#].*$/, '')
    return this.#resource.identifiers.some(
      (resource) => sameAudience(bare, resource) || sameAudience(bare, new URL(resource).origin + request.path),
    )
  }

  #useOnce(id: string): void {
    const now = this.#platform.now()
    if (now - this.#turnedAt >= REMEMBERED_MS || this.#young.size >= MAX_PROOFS) {
      this.#old = this.#young
      this.#young = new Set()
      this.#turnedAt = now
    }
    if (this.#young.has(id) || this.#old.has(id)) throw refused('The proof was used before.')
    this.#young.add(id)
  }
}

function refused(message: string): TokenRefused {
  return new TokenRefused(message, { error: 'invalid_dpop_proof' })
}
