/**
 * The public keys of an issuer: found, fetched, kept, renewed when an unknown one is asked for, and kept for a while
 * when the issuer can't be reached.
 *
 * @see RFC 7517
 * @module
 */
import { createLocalJWKSet, type JSONWebKeySet, type JWTVerifyGetKey } from 'jose'
import { McpError } from '../wire/errors.ts'
import type { AuthContext } from './authenticator.ts'
import { discover } from './discovery.ts'
import { checkEndpoint, type FetchOptions, fetchJson, ProviderError } from './fetch-json.ts'

/** Where keys come from, and how long they hold. */
export interface KeySetOptions extends FetchOptions {
  /** Where the keys are, for an issuer without metadata. Default: as its metadata say. */
  readonly jwksUri?: string
  /**
   * Milliseconds that keys are used after they were last fetched while the issuer can't be reached: so long does an
   * outage of the issuer stop nobody who has a token, and so long does a withdrawn key work for someone who can keep
   * this server from reaching the issuer. Default one hour.
   */
  readonly staleKeys?: number
}

/** Keys older than this are renewed in passing. */
const FRESH_MS = 10 * 60_000

const STALE_MS = 60 * 60_000

/** Tokens with keys that do not exist, which anybody can make, cause one request to the issuer in this time. */
const UNKNOWN_KEY_MS = 10_000

/** How long nobody tries again after a failure. */
const FAILED_MS = 2_000

const MAX_KEYS = 100

export class KeySet {
  readonly #context: AuthContext
  readonly #issuer: string
  readonly #options: KeySetOptions
  readonly #staleMs: number
  #uri: string | undefined
  #keys: JWTVerifyGetKey | undefined
  /** When the keys were fetched, and when the last attempt ended. */
  #fetchedAt = Number.NEGATIVE_INFINITY
  #triedAt = Number.NEGATIVE_INFINITY
  #failure: unknown
  #pending: Promise<void> | undefined

  constructor(context: AuthContext, issuer: string, options: KeySetOptions) {
    this.#context = context
    this.#issuer = issuer
    this.#options = options
    this.#staleMs = options.staleKeys ?? STALE_MS
    this.#uri = options.jwksUri
  }

  /**
   * Fetches the keys for the first time. An issuer that can't be reached does not keep the server from starting.
   *
   * @throws {ProviderError} when the issuer answers, but not as the settings say.
   */
  async start(): Promise<void> {
    try {
      await this.#refresh()
    } catch (thrown) {
      if (!(thrown instanceof ProviderError && thrown.passing)) throw thrown
    }
  }

  /**
   * The keys that there are.
   *
   * @throws {McpError} `unavailable`
   */
  async current(): Promise<JWTVerifyGetKey> {
    const age = this.#context.platform.now() - this.#fetchedAt
    if (this.#keys !== undefined && age < FRESH_MS) return this.#keys
    if (this.#keys !== undefined && age < this.#staleMs) {
      this.#attempt().catch(() => {})
      return this.#keys
    }
    return this.#insist()
  }

  /**
   * The keys after a token named one that is not among them; `undefined` where they were fetched just now.
   *
   * @throws {McpError} `unavailable`
   */
  async renewed(): Promise<JWTVerifyGetKey | undefined> {
    const { now } = this.#context.platform
    if (this.#pending === undefined && now() - this.#triedAt < UNKNOWN_KEY_MS && this.#failure === undefined) {
      return undefined
    }
    return this.#insist()
  }

  async #insist(): Promise<JWTVerifyGetKey> {
    try {
      await this.#attempt()
    } catch (cause) {
      throw new McpError('unavailable', 'Tokens can not be verified right now; try again.', { cause })
    }
    return this.#keys!
  }

  #attempt(): Promise<void> {
    const waits = this.#failure !== undefined && this.#context.platform.now() - this.#triedAt < FAILED_MS
    if (this.#pending === undefined && waits) return Promise.reject(this.#failure)
    return this.#refresh()
  }

  #refresh(): Promise<void> {
    this.#pending ??= this.#load().finally(() => {
      this.#pending = undefined
    })
    return this.#pending
  }

  async #load(): Promise<void> {
    try {
      this.#uri ??= await discover(this.#context.platform, this.#issuer, 'jwks_uri', this.#options)
      const { status, body } = await fetchJson(
        this.#context.platform,
        checkEndpoint(this.#uri, 'jwksUri'),
        this.#options,
      )
      const keys = body?.['keys']
      if (status !== 200 || !Array.isArray(keys) || keys.length > MAX_KEYS) {
        throw new ProviderError(`${this.#uri} answered ${status} without a set of at most ${MAX_KEYS} keys.`, false)
      }
      this.#keys = createLocalJWKSet({ keys } as JSONWebKeySet)
      this.#fetchedAt = this.#context.platform.now()
      this.#failure = undefined
    } catch (thrown) {
      // It may have moved.
      this.#uri = this.#options.jwksUri
      if (this.#failure === undefined) this.#context.warn(`The keys of ${this.#issuer} can not be fetched.`, thrown)
      this.#failure = thrown
      throw thrown
    } finally {
      this.#triedAt = this.#context.platform.now()
    }
  }
}
