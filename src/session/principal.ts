/**
 * Who a request speaks for, reduced to a short hash that sessions and streams are bound to.
 *
 * The hash covers the verified identity, never a token's text: tokens are refreshed while the person stays the same.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'
import { encodeBase64url } from '../wire/base64url.ts'

/** A verified identity: what `auth` returns for a request. */
export interface Identity {
  /** Who vouches for it, for example the issuer of the token. */
  readonly issuer: string
  /** The person or service. Either this or `clientId` is needed. */
  readonly subject?: string
  /** The OAuth client, where there is no subject. */
  readonly clientId?: string
  /** Whom the token was issued for: this server. */
  readonly audience?: string
  readonly scopes?: readonly string[]
  /** When the credentials end, in milliseconds since 1970. A request that began before goes on. */
  readonly expiresAt?: number
  /** Whatever else handlers should see as `ctx.auth.claims`. */
  readonly claims?: { readonly [name: string]: unknown }
}

/** The principal of a request without an identity: a value of its own, equal to no identity. */
export const ANONYMOUS = ''

/** The bytes of a principal inside a session id. */
export const PRINCIPAL_BYTES = 16

const CACHE_SIZE = 10_000

/** Hashes identities, remembering the recent ones. */
export class Principals {
  readonly #crypto: Platform['crypto']
  readonly #known = new Map<string, string>()

  constructor(platform: Pick<Platform, 'crypto'>) {
    this.#crypto = platform.crypto
  }

  /** How many identities are remembered (at most 10,000). */
  get size(): number {
    return this.#known.size
  }

  /**
   * @returns 16 bytes in base64url, or {@link ANONYMOUS}.
   * @throws {TypeError} for an identity that names nobody.
   */
  async of(identity: Identity | undefined): Promise<string> {
    if (identity === undefined) return ANONYMOUS
    const { issuer, subject, clientId, audience } = identity
    const name = subject || clientId
    // An object would be reduced to its JSON, in which two people can look the same.
    if (typeof issuer !== 'string' || issuer === '' || typeof name !== 'string' || name === '') {
      throw new TypeError(
        'auth must return an identity with an issuer and a subject or a clientId, all of them strings.',
      )
    }
    const text = JSON.stringify([issuer, subject ? ['subject', subject] : ['client', clientId], audience ?? null])
    const known = this.#known.get(text)
    if (known !== undefined) return known
    const hash = await this.#crypto.sha256(new TextEncoder().encode(`fairlead principal ${text}`))
    const principal = encodeBase64url(hash.subarray(0, PRINCIPAL_BYTES))
    if (this.#known.size >= CACHE_SIZE) this.#known.clear()
    this.#known.set(text, principal)
    return principal
  }
}
