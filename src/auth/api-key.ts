/**
 * `apiKey`: long-lived secrets for programs.
 *
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'
import type { AuthRefusal, AuthRequest } from './authenticate.ts'
import type { Admitted, AuthContext, Authenticator, AuthScheme, Problem } from './authenticator.ts'
import { bearerChallenge } from './challenge.ts'

/** One key, itself or its hash, and who has it. */
export interface ApiKey {
  /** The key: at least 16 characters, from a random source. */
  readonly key?: string
  /** In its place the SHA-256 of the key in hexadecimal, so that the key need not be where the server is. */
  readonly sha256?: string
  /** Who has the key. Sessions belong to the subject: a new key for the same one keeps them. */
  readonly subject: string
  readonly scopes?: readonly string[]
}

/** Options of {@link apiKey}: either `keys` or `verify`. */
export interface ApiKeyOptions {
  readonly keys?: readonly ApiKey[]
  /** Returns whom a key speaks for, or `undefined`. Called for every request: remember what is dear. */
  readonly verify?: (key: string) => MaybePromise<Identity | undefined>
  /** The header that keys come in. In `authorization` they come as bearer tokens. Default `x-api-key`. */
  readonly header?: string
  /** The issuer of the identities that `keys` make. Default `urn:api-key`. */
  readonly issuer?: string
}

const MIN_CHARS = 16

/** Longer ones are not looked at. */
const MAX_CHARS = 4_096

/**
 * Keys in a header.
 *
 * @throws {TypeError} for settings that make no sense.
 * @example
 * ```ts
 * auth: apiKey({ keys: [{ sha256: process.env.CI_KEY_SHA256, subject: 'ci', scopes: ['deploy'] }] })
 * ```
 */
export function apiKey(options: ApiKeyOptions): AuthScheme {
  const { keys, verify, issuer = 'urn:api-key' } = options
  if ((keys === undefined) === (verify === undefined)) throw new TypeError('apiKey needs either keys or verify.')
  for (const { key, sha256, subject } of keys ?? []) {
    const fits = key === undefined ? /^[0-9a-f]{64}$/i.test(sha256 ?? '') : key.length >= MIN_CHARS
    if (!fits || !subject) {
      throw new TypeError(`apiKey: each key has a subject, and at least ${MIN_CHARS} characters or its sha256 in hex.`)
    }
  }
  return {
    start: async (context) => {
      const known = await byHash(context, keys ?? [], issuer)
      const find = async (key: string): Promise<Admitted | undefined> => {
        if (verify === undefined) return known.get(await hashOf(context, key))
        const identity = await verify(key)
        return identity ? await context.admit(identity) : undefined
      }
      return new ApiKeyAuthenticator((options.header ?? 'x-api-key').toLowerCase(), find)
    },
  }
}

class ApiKeyAuthenticator implements Authenticator {
  readonly #header: string
  readonly #find: (key: string) => Promise<Admitted | undefined>

  constructor(header: string, find: (key: string) => Promise<Admitted | undefined>) {
    this.#header = header
    this.#find = find
  }

  async admit(request: AuthRequest): Promise<Admitted | AuthRefusal | undefined> {
    const key = this.#read(request)
    if (key === undefined) return undefined
    const admitted = key.length > MAX_CHARS ? undefined : await this.#find(key)
    if (admitted !== undefined) return admitted
    const problem = { error: 'invalid_token', description: 'The key is not valid.' } as const
    return { refused: 401, message: problem.description, challenge: this.challenge(request, problem), foreign: true }
  }

  challenge(_: AuthRequest, problem?: Problem): string {
    return this.#header === 'authorization' ? bearerChallenge(problem) : `ApiKey header="${this.#header}"`
  }

  #read(request: AuthRequest): string | undefined {
    const value = request.header(this.#header)
    if (this.#header !== 'authorization' || value === undefined) return value
    return /^bearer +(\S+) *$/i.exec(value)?.[1]
  }
}

/** By their hashes, because how long it takes to look a secret up must not say how much of it was right. */
async function byHash(context: AuthContext, keys: readonly ApiKey[], issuer: string): Promise<Map<string, Admitted>> {
  const known = new Map<string, Admitted>()
  for (const { key, sha256, subject, scopes = [] } of keys) {
    const hash = key === undefined ? sha256!.toLowerCase() : await hashOf(context, key)
    known.set(hash, await context.admit({ issuer, subject, scopes }))
  }
  return known
}

async function hashOf({ platform }: AuthContext, key: string): Promise<string> {
  const hash = await platform.crypto.sha256(new TextEncoder().encode(key))
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, '0')).join('')
}
