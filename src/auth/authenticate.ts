/**
 * Who is asking: the one function through which a server learns it.
 *
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'
import { type AuthContext, type Authenticator, type AuthOption, type AuthScheme, NOBODY } from './authenticator.ts'
import { bearerChallenge } from './challenge.ts'

/** The request as authentication sees it: nothing of the body is read before it has passed. */
export interface AuthRequest {
  readonly method: string
  /** The path without the query. */
  readonly path: string
  /** A header by its name in any case, or `undefined`. */
  header(name: string): string | undefined
  /** The address that the connection comes from, where the adapter knows it: behind a proxy, the proxy's. */
  address?(): string | undefined
  /** The certificate that the client showed and TLS verified, where the server itself ends TLS; else `undefined`. */
  clientCertificate?(): ClientCertificate | undefined
}

/** A verified certificate of a client. */
export interface ClientCertificate {
  /** The distinguished names, for example `CN=robot,O=Example`. */
  readonly subject: string
  readonly issuer: string
  /** Alternative names, for example `URI:spiffe://example.com/robot`. */
  readonly subjectAltName: string | undefined
  /** SHA-256 in hexadecimal with colons. */
  readonly fingerprint256: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** A refusal in detail. */
export interface AuthRefusal {
  /** 401: say who you are; 403: known, but not allowed; 400: the credentials are malformed. */
  readonly refused: 400 | 401 | 403
  /** The `WWW-Authenticate` header. Default `Bearer`, with `error="insufficient_scope"` for 403. */
  readonly challenge?: string
  /** A sentence for the client. */
  readonly message?: string
  /** The credentials may be another scheme's, where there are several, as with `anyOf`. */
  readonly foreign?: boolean
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

export function isRefusal(value: object): value is AuthRefusal {
  return 'refused' in value
}

/** Starts what the option `auth` says. `undefined`: everybody is anonymous. */
export function startAuth(
  option: AuthOption | undefined,
  context: AuthContext,
): MaybePromise<Authenticator> | undefined {
  if (option === undefined || option === 'none') return undefined
  return (typeof option === 'function' ? functionScheme(option) : option).start(context)
}

/** The scheme that an author's function is. */
export function functionScheme(authenticate: Authenticate): AuthScheme {
  return {
    start: (context) => ({
      admit: async (request) => {
        const verdict = await authenticate(anyCase(request))
        if (verdict === 'anonymous') return NOBODY
        // Also for null and the like, which `user && { … }` yields in untyped code.
        if (!verdict) return undefined
        return isRefusal(verdict) ? verdict : context.admit(verdict)
      },
      challenge: (_, problem) => bearerChallenge(problem),
    }),
  }
}

/** The request as an author's function sees it. */
export function anyCase(request: AuthRequest): AuthRequest {
  return {
    method: request.method,
    path: request.path,
    header: (name) => request.header(name.toLowerCase()),
    address: () => request.address?.(),
    clientCertificate: () => request.clientCertificate?.(),
  }
}
