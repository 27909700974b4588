/**
 * `introspection`: tokens that only their issuer can read.
 *
 * @see RFC 7662
 * @module
 */
import type { Identity } from '../session/principal.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import type { AuthContext, AuthScheme } from './authenticator.ts'
import { type TokenOptions, tokenScheme } from './bearer.ts'
import { audiences, type ClaimOptions, identityOf } from './claims.ts'
import { checkIssuer, discover } from './discovery.ts'
import { checkEndpoint, type FetchOptions, fetchJson, ProviderError } from './fetch-json.ts'
import type { ProtectedResource } from './protected-resource.ts'
import { TokenRefused } from './token-refused.ts'

/** Options of {@link introspection}. */
export interface IntrospectionOptions extends TokenOptions, ClaimOptions, FetchOptions {
  /** Who issues the tokens. */
  readonly issuer: string
  /** Where tokens are introspected. Default: as the metadata of the issuer say. */
  readonly endpoint?: string
  /** With what this server shows the issuer who it is. */
  readonly clientId: string
  readonly clientSecret: string
}

/** So long does a token that was revoked work on. */
const CACHE_MS = 60_000

/** Tokens that are not accepted are not asked about again for a moment: a client that tries them tries often. */
const REFUSED_MS = 10_000
const REFUSED_SIZE = 1_000

/** Questions to the issuer at a time: anybody can make up tokens, and the issuer has other things to do. */
const MAX_PENDING = 64

/** How long nobody asks again after a failure. */
const FAILED_MS = 2_000

/**
 * Opaque tokens, which the issuer is asked about.
 *
 * @throws {TypeError} for settings that make no sense.
 * @example
 * ```ts
 * auth: introspection({ issuer: 'https://login.example.com', resource, clientId: 'mcp', clientSecret })
 * ```
 */
export function introspection(options: IntrospectionOptions): AuthScheme {
  const issuer = checkIssuer(options.issuer, 'introspection')
  if (!options.clientId || !options.clientSecret) {
    throw new TypeError('introspection needs clientId and clientSecret: the issuer answers only those it knows.')
  }
  return tokenScheme('introspection', { cache: CACHE_MS, ...options }, issuer, async (context, resource) => {
    const introspector = new Introspector(context, resource, issuer, options)
    await introspector.start()
    return (token) => introspector.verify(token)
  })
}

class Introspector {
  readonly #context: AuthContext
  readonly #resource: ProtectedResource
  readonly #issuer: string
  readonly #options: IntrospectionOptions
  readonly #refused = new Map<string, number>()
  #endpoint: string | undefined
  #pending = 0
  #failure: unknown
  #failedAt = 0

  constructor(context: AuthContext, resource: ProtectedResource, issuer: string, options: IntrospectionOptions) {
    this.#context = context
    this.#resource = resource
    this.#issuer = issuer
    this.#options = options
    this.#endpoint = options.endpoint
  }

  /**
   * Asks about a token that does not exist: so wrong credentials show at the start. An issuer that can't be reached does
   * not keep the server from starting.
   *
   * @throws {ProviderError}
   */
  async start(): Promise<void> {
    try {
      await this.#ask('fairlead-start')
    } catch (thrown) {
      if (!(thrown instanceof ProviderError && thrown.passing)) throw thrown
      this.#fail(thrown)
    }
  }

  async verify(token: string): Promise<Identity> {
    const now = this.#context.platform.now()
    if ((this.#refused.get(token) ?? 0) > now) throw new TokenRefused('The token is not active.')
    const claims = await this.#insist(token, now)
    if (claims['active'] !== true) {
      if (this.#refused.size >= REFUSED_SIZE) this.#refused.clear()
      this.#refused.set(token, now + REFUSED_MS)
      throw new TokenRefused('The token is not active.')
    }
    if (claims['iss'] !== undefined && claims['iss'] !== this.#issuer) {
      throw new TokenRefused('The token is of another issuer.', { foreign: true })
    }
    const own = audiences(this.#options.audience, this.#resource.identifiers)
    const identity = identityOf(claims, this.#issuer, own, this.#options)
    if (identity.expiresAt !== undefined && identity.expiresAt <= now) throw new TokenRefused('The token has expired.')
    return identity
  }

  /** @throws {McpError} `unavailable` */
  async #insist(token: string, now: number): Promise<JsonObject> {
    const waits = this.#failure !== undefined && now - this.#failedAt < FAILED_MS
    if (waits || this.#pending >= MAX_PENDING) throw unavailable(this.#failure)
    this.#pending++
    try {
      const claims = await this.#ask(token)
      this.#failure = undefined
      return claims
    } catch (thrown) {
      this.#fail(thrown)
      throw unavailable(thrown)
    } finally {
      this.#pending--
    }
  }

  #fail(thrown: unknown): void {
    if (this.#failure === undefined) this.#context.warn(`${this.#issuer} can not be asked about tokens.`, thrown)
    this.#failure = thrown
    this.#failedAt = this.#context.platform.now()
  }

  async #ask(token: string): Promise<JsonObject> {
    const { platform } = this.#context
    const { clientId, clientSecret } = this.#options
    this.#endpoint ??= await discover(platform, this.#issuer, 'introspection_endpoint', this.#options)
    const url = checkEndpoint(this.#endpoint, 'endpoint')
    const credentials = btoa(`${formEncoded(clientId)}:${formEncoded(clientSecret)}`)
    const { status, body } = await fetchJson(platform, url, this.#options, {
      method: 'POST',
      headers: {
        authorization: `Basic ${credentials}`,
        accept: 'application/json',
        'content-type': 'application/x-www-form-urlencoded',
      },
      body: new URLSearchParams({ token, token_type_hint: 'access_token' }).toString(),
    })
    if (status === 200 && typeof body?.['active'] === 'boolean') return body
    const why = status === 401 || status === 403 ? 'does not accept clientId and clientSecret' : 'did not say "active"'
    throw new ProviderError(`${url} answered ${status} and ${why}.`, false)
  }
}

function unavailable(cause: unknown): McpError {
  return new McpError('unavailable', 'Tokens can not be verified right now; try again.', { cause })
}

/** RFC 6749, section 2.3.1: both parts are form-encoded before they are put together. */
function formEncoded(text: string): string {
  return new URLSearchParams({ '': text }).toString().slice(1)
}
