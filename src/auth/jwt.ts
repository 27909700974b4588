/**
 * `jwt`: access tokens that are signed JSON Web Tokens, verified with the public keys of their issuer.
 *
 * @see RFC 9068; RFC 8725; the specification, basic/authorization, "Token Handling"
 * @module
 */
import { decodeJwt, decodeProtectedHeader, type JWTPayload, type JWTVerifyGetKey, jwtVerify } from 'jose'
import type { Identity } from '../session/principal.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import { ALGORITHMS } from './algorithms.ts'
import type { AuthContext, AuthScheme } from './authenticator.ts'
import { type TokenOptions, tokenScheme } from './bearer.ts'
import { audiences, type ClaimOptions, identityOf } from './claims.ts'
import { checkIssuer } from './discovery.ts'
import { KeySet, type KeySetOptions } from './key-set.ts'
import type { ProtectedResource } from './protected-resource.ts'
import { verifyWith } from './signature.ts'
import { TokenRefused } from './token-refused.ts'

/** Options of {@link jwt}. */
export interface JwtOptions extends TokenOptions, ClaimOptions, KeySetOptions {
  /** Who issues the tokens, exactly as it stands in their claim `iss`. Its metadata and keys are found from it. */
  readonly issuer: string
  /** Signature algorithms that are accepted. Default: all common ones with a public key. */
  readonly algorithms?: readonly string[]
  /** Milliseconds that the clocks of the issuer and of this server may differ. Default 30,000. */
  readonly clockTolerance?: number
}

/** Header types of access tokens; others, such as those of logout tokens, are something else (RFC 8725, section 3.11). */
const TYPES: ReadonlySet<string> = new Set(['at+jwt', 'application/at+jwt', 'jwt', 'application/jwt'])

const CLOCK_TOLERANCE_MS = 30_000

/** After this a token is verified again, so that a key that its issuer has withdrawn does not work much longer. */
const CACHE_MS = 5 * 60_000

/**
 * Access tokens in the form of JWTs.
 *
 * @throws {TypeError} for settings that make no sense.
 * @example
 * ```ts
 * await serve(server, { auth: jwt({ issuer: 'https://login.example.com', resource: 'https://mcp.example.com/mcp' }) })
 * ```
 */
export function jwt(options: JwtOptions): AuthScheme {
  const issuer = checkIssuer(options.issuer, 'jwt')
  const { algorithms = ALGORITHMS } = options
  const unknown = algorithms.find((algorithm) => !ALGORITHMS.includes(algorithm))
  if (unknown !== undefined || algorithms.length === 0) {
    throw new TypeError(`jwt: algorithms are among ${ALGORITHMS.join(', ')}; got ${JSON.stringify(unknown)}.`)
  }
  return tokenScheme('jwt', { cache: CACHE_MS, ...options }, issuer, async (context, resource) => {
    const keys = new KeySet(context, issuer, options)
    await keys.start()
    const verifier = new JwtVerifier(context, resource, keys, { ...options, algorithms })
    return (token) => verifier.verify(token)
  })
}

class JwtVerifier {
  readonly #context: AuthContext
  readonly #resource: ProtectedResource
  readonly #keys: KeySet
  readonly #options: JwtOptions & { readonly algorithms: readonly string[] }

  constructor(
    context: AuthContext,
    resource: ProtectedResource,
    keys: KeySet,
    options: JwtOptions & { readonly algorithms: readonly string[] },
  ) {
    this.#context = context
    this.#resource = resource
    this.#keys = keys
    this.#options = options
  }

  /** @throws {TokenRefused} */
  async verify(token: string): Promise<Identity> {
    const { issuer, audience } = this.#options
    const { iss, kid } = look(token)
    // Before anything else, so that tokens of other issuers cause no requests to this one.
    if (iss !== issuer) throw new TokenRefused('The token is of another issuer.', { foreign: true })
    const claims = await verifyWith(this.#keys, kid !== undefined, (key) => this.#check(token, key))
    return identityOf(claims as JsonObject, issuer, audiences(audience, this.#resource.identifiers), this.#options)
  }

  async #check(token: string, key: JWTVerifyGetKey): Promise<JWTPayload> {
    const { algorithms, issuer, clockTolerance = CLOCK_TOLERANCE_MS } = this.#options
    const { payload, protectedHeader } = await jwtVerify(token, key, {
      algorithms: [...algorithms],
      issuer,
      clockTolerance: clockTolerance / 1000,
      currentDate: new Date(this.#context.platform.now()),
      requiredClaims: ['exp'],
    })
    const { typ = 'jwt' } = protectedHeader
    if (!TYPES.has(String(typ).toLowerCase())) throw new TokenRefused('The token is no access token.')
    return payload
  }
}

/** What the token says of itself, before it is verified. */
function look(token: string): { readonly iss: unknown; readonly kid: unknown } {
  try {
    return { iss: decodeJwt(token).iss, kid: decodeProtectedHeader(token).kid }
  } catch {
    throw new TokenRefused('The token is no JSON Web Token.')
  }
}
