/**
 * `anyOf`: several ways in, for example tokens for people and keys for programs.
 *
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import { type Authenticate, type AuthRefusal, type AuthRequest, functionScheme, isRefusal } from './authenticate.ts'
import {
  type Admitted,
  type Authenticator,
  type AuthScheme,
  NOBODY,
  type Problem,
  type ResourceMetadata,
} from './authenticator.ts'
import { joinChallenges } from './challenge.ts'

/**
 * Asks each scheme in turn; the first that knows the credentials decides. Credentials that one refuses may be another's;
 * but nobody gets in as anonymous with credentials that are refused.
 *
 * The metadata of the server name the authorization servers of all schemes, which therefore need the same `resource`.
 *
 * @throws {TypeError} without a scheme.
 * @example
 * ```ts
 * auth: anyOf(jwt({ issuer, resource }), apiKey({ keys }))
 * ```
 */
export function anyOf(...schemes: readonly (AuthScheme | Authenticate)[]): AuthScheme {
  if (schemes.length === 0) throw new TypeError('anyOf needs at least one scheme.')
  return {
    start: async (context) => {
      const started = schemes.map((scheme) => (typeof scheme === 'function' ? functionScheme(scheme) : scheme))
      return new AnyOf(await Promise.all(started.map(async (scheme) => scheme.start(context))))
    },
  }
}

class AnyOf implements Authenticator {
  readonly resource: ResourceMetadata | undefined
  readonly #all: readonly Authenticator[]

  constructor(all: readonly Authenticator[]) {
    this.#all = all
    const resources = all.flatMap(({ resource }) => resource ?? [])
    this.resource = resources.reduce<ResourceMetadata | undefined>((one, other) => one?.with(other) ?? other, undefined)
  }

  get remembered(): number {
    return this.#all.reduce((sum, { remembered = 0 }) => sum + remembered, 0)
  }

  admit(request: AuthRequest): MaybePromise<Admitted | AuthRefusal | undefined> {
    return this.#from(0, request, undefined)
  }

  challenge(request: AuthRequest, problem?: Problem): string {
    return joinChallenges(this.#all.map((one) => one.challenge(request, problem)))
  }

  /** Without a promise as long as no scheme needs one: known tokens are let in at once. */
  #from(
    at: number,
    request: AuthRequest,
    refused: AuthRefusal | undefined,
  ): MaybePromise<Admitted | AuthRefusal | undefined> {
    const one = this.#all[at]
    if (one === undefined) return refused
    const verdict = one.admit(request)
    return verdict instanceof Promise
      ? verdict.then((late) => this.#next(at, request, refused, late))
      : this.#next(at, request, refused, verdict)
  }

  #next(
    at: number,
    request: AuthRequest,
    refused: AuthRefusal | undefined,
    verdict: Admitted | AuthRefusal | undefined,
  ): MaybePromise<Admitted | AuthRefusal | undefined> {
    if (verdict === undefined) return this.#from(at + 1, request, refused)
    if (isRefusal(verdict)) return this.#from(at + 1, request, better(refused, verdict))
    return verdict === NOBODY && refused !== undefined ? refused : verdict
  }
}

/** Whoever knew the credentials says best what is wrong with them. */
function better(before: AuthRefusal | undefined, now: AuthRefusal): AuthRefusal {
  return before === undefined || (before.foreign === true && now.foreign !== true) ? now : before
}
