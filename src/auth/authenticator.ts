/**
 * Authentication as the endpoint sees it: a scheme is started once per endpoint, and then judges every request.
 *
 * Authors write a function (`authenticate.ts`) or take a scheme of `fairlead/auth`; both come to this.
 *
 * @module
 */
import type { MaybePromise, Platform } from '../engine/platform.ts'
import { ANONYMOUS, type Identity } from '../session/principal.ts'
import type { Authenticate, AuthRefusal, AuthRequest } from './authenticate.ts'

/** A request that may go on, and who it speaks for. */
export interface Admitted {
  readonly identity: Identity | undefined
  readonly principal: string
}

export const NOBODY: Admitted = { identity: undefined, principal: ANONYMOUS }

/** Why a request is challenged. */
export interface Problem {
  /** The codes of RFC 6750, section 3.1, and RFC 9449, section 7.1. None: the request brought no credentials. */
  readonly error?: 'invalid_request' | 'invalid_token' | 'insufficient_scope' | 'invalid_dpop_proof'
  /** A sentence for the people behind the client. */
  readonly description?: string
  /** The scopes that the operation needs besides those of the server. */
  readonly scopes?: readonly string[]
}

/** Judges requests. The names of headers are asked for in lower case. */
export interface Authenticator {
  /**
   * Who the request speaks for, a refusal, or `undefined` for one that brought no credentials of this kind.
   *
   * @throws {McpError} `unavailable` when it can't be known right now.
   */
  admit(request: AuthRequest): MaybePromise<Admitted | AuthRefusal | undefined>
  /** The `WWW-Authenticate` header. */
  challenge(request: AuthRequest, problem?: Problem): string
  /** Verified tokens that are remembered. */
  readonly remembered?: number
  /** What is published about the server (RFC 9728), where it is an OAuth resource. */
  readonly resource?: ResourceMetadata | undefined
}

/** The metadata of a protected resource, and where they are. */
export interface ResourceMetadata {
  /** Whether they are published under this path; the one without anything after the well-known part always is. */
  isAt(path: string): boolean
  /** The JSON text. */
  document(request: AuthRequest): string
  /**
   * Those of the same resource with the authorization servers and scopes of another scheme besides.
   *
   * @throws {TypeError} for another resource.
   */
  with(other: ResourceMetadata): ResourceMetadata
}

/** What the endpoint gives a scheme that it starts. */
export interface AuthContext {
  readonly platform: Platform
  /** Where the endpoint is, if it can be reached from this machine only and so is sure of it. */
  readonly local: LocalAddress | undefined
  /** Makes the admission of a verified identity. */
  admit(identity: Identity): MaybePromise<Admitted>
  /** For the server's log. */
  warn(message: string, cause?: unknown): void
}

/** An endpoint on loopback. */
export interface LocalAddress {
  readonly path: string
  /** Known once the server listens. */
  port(): number
}

/** A way to authenticate: made by an author, started by each endpoint that uses it. */
export interface AuthScheme {
  /**
   * @throws {TypeError} for settings that make no sense.
   * @throws {Error} for an authorization server that says something else than the settings.
   */
  start(context: AuthContext): MaybePromise<Authenticator>
}

/** What the option `auth` takes. */
export type AuthOption = 'none' | Authenticate | AuthScheme
