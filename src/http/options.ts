/**
 * What `serve` and `fetchHandler` take, grouped by concern.
 *
 * @module
 */
import type { AuthOption } from '../auth/authenticator.ts'
import type { Engine } from '../engine/engine.ts'
import type { Limits } from '../session/limits.ts'
import type { Logger } from './logger.ts'
import { checkRate, type RateOptions } from './rate-limit.ts'

/** `false`: SSE. `true`: JSON. `'auto'`: JSON unless something has to be sent before the answer, or it takes over 1 s. */
export type JsonResponse = boolean | 'auto'

export interface SessionOptions {
  /**
   * Milliseconds that a session may live. Default 30 days: most clients do not initialize again by themselves, so to
   * their users an expired session is an outage.
   */
  readonly ttl?: number
  /**
   * Milliseconds without a sign of life after which a replica counts as dead, and its calls as lost. Default 5,000:
   * longer than a pause of garbage collection, shorter than the patience of clients. Only with an `engine`.
   */
  readonly lease?: number
  /**
   * What happens, while the engine is away, to a session of which this replica does not know whether it was deleted.
   * Default `'serve'`: to its user a refused session is an outage. `'refuse'`: 503 until the engine is back.
   */
  readonly onEngineOutage?: 'serve' | 'refuse'
}

export interface SecurityOptions {
  /**
   * The names under which this server is reached, such as `mcp.example.com` or `mcp.example.com:8443`. A request with
   * another `Host` is refused. Default: loopback names on a loopback address; elsewhere every name, which the server
   * remarks on when it starts.
   */
  readonly allowedHosts?: readonly string[]
  /** Origins of web pages that may call this server, such as `https://app.example.com`. Default: its own. */
  readonly allowedOrigins?: readonly string[]
}

/** The paths of HTTP+SSE. In a framework they are what the paths that lead here end with. */
export interface LegacySseOptions {
  /** Where clients connect. Default `/sse`. */
  readonly path?: string
  /** Where they post to: they are told. Default `/messages`. */
  readonly messagesPath?: string
}

export interface CorsOptions {
  /** Origins that may call from a browser, or `'*'` for every one. They need not be repeated in `allowedOrigins`. */
  readonly origins: readonly string[] | '*'
}

/** What went wrong while the server worked, for `onError`. */
export interface ErrorContext {
  /** The part of the server, or the method of the client. */
  readonly where: string
}

export interface EndpointOptions<State = unknown> {
  /**
   * No sessions: any number of processes without anything in common, and no sampling, elicitation, roots,
   * subscriptions or session stream. Default `false`.
   */
  readonly stateless?: boolean
  /** How requests are answered. Default `false`: SSE, resumable from the first event on. */
  readonly jsonResponse?: JsonResponse
  /**
   * Serves HTTP+SSE, the transport of 2024-11-05, besides: `GET /sse` and `POST /messages`. Default `false`: its session
   * ends with its connection, its URIs stand in access logs, and all clients of today speak Streamable HTTP.
   */
  readonly legacySse?: boolean | LegacySseOptions
  /**
   * Verifies every request: a scheme of `fairlead/auth`, or a function. Default: everybody is anonymous, which a server
   * that others can reach has to say: `'none'`.
   */
  readonly auth?: AuthOption
  readonly session?: SessionOptions
  readonly limits?: Partial<Limits>
  /** How fast one client may send requests, over all replicas. Default: as fast as it likes. Over it: 429. */
  readonly rate?: RateOptions
  readonly security?: SecurityOptions
  /** Lets web pages of other origins call. Default: none. */
  readonly cors?: CorsOptions
  /**
   * Secrets that seal session ids, newest first, each at least 32 random bytes. With them sessions survive a restart.
   * Default: one made at start, which dies with the process.
   */
  readonly secrets?: readonly string[]
  /** What replicas share; needs `secrets`. Default: a memory engine of its own, which is for one process. */
  readonly engine?: Engine
  /** Where the server's own log goes. Default: JSON lines on standard error. */
  readonly logger?: Logger
  /** Called with every error that no client may see, with its cause, besides the log. */
  readonly onError?: (error: unknown, context: ErrorContext) => void
  /** Handed to handlers as `ctx.state`. */
  readonly state?: State
}

/** The options as one kind of server takes them: a server with typed state needs it. */
export type OptionsFor<State, Options> = unknown extends State
  ? [options?: Options]
  : [options: Options & { readonly state: State }]

const KNOWN: ReadonlySet<string> = new Set([
  'stateless',
  'jsonResponse',
  'legacySse',
  'auth',
  'session',
  'limits',
  'rate',
  'security',
  'cors',
  'secrets',
  'engine',
  'logger',
  'onError',
  'state',
])

/** Shorter than this, a pause of garbage collection would be a death. */
const MIN_LEASE_MS = 1_000

/** @throws {TypeError} for an option that does not exist: a misspelt limit would protect nothing. */
export function checkOptions(options: object, also: readonly string[], knownLimits: readonly string[]): void {
  const unknown = Object.keys(options).find((name) => !KNOWN.has(name) && !also.includes(name))
  if (unknown !== undefined) {
    throw new TypeError(`Unknown option "${unknown}". Options are ${[...KNOWN, ...also].sort().join(', ')}.`)
  }
  const { limits = {}, jsonResponse, auth, legacySse, stateless } = options as EndpointOptions
  const limit = Object.keys(limits).find((name) => !knownLimits.includes(name))
  if (limit !== undefined) throw new TypeError(`Unknown limit "${limit}". Limits are ${knownLimits.join(', ')}.`)
  const bad = Object.entries(limits).find(([, value]) => !(typeof value === 'number' && value > 0))
  if (bad !== undefined) throw new TypeError(`limits.${bad[0]} must be a positive number; got ${String(bad[1])}.`)
  const { rate } = options as EndpointOptions
  if (rate !== undefined) checkRate(rate)
  const { lease } = (options as EndpointOptions).session ?? {}
  if (lease !== undefined && !(lease >= MIN_LEASE_MS)) {
    throw new TypeError(`session.lease must be at least ${MIN_LEASE_MS} milliseconds; got ${String(lease)}.`)
  }
  if (jsonResponse !== undefined && typeof jsonResponse !== 'boolean' && jsonResponse !== 'auto') {
    throw new TypeError(`jsonResponse must be true, false or 'auto'; got ${String(jsonResponse)}.`)
  }
  const scheme = typeof auth === 'object' && auth !== null && typeof auth.start === 'function'
  if (auth !== undefined && auth !== 'none' && typeof auth !== 'function' && !scheme) {
    throw new TypeError("auth must be 'none', a function, or a scheme of fairlead/auth such as jwt({ … }).")
  }
  if (legacySse) {
    ssePaths(legacySse)
    if (stateless) throw new TypeError('legacySse needs sessions: it goes with no stateless server.')
  }
}

/** @throws {TypeError} for paths that lead nowhere. */
export function ssePaths(option: true | LegacySseOptions): Required<LegacySseOptions> {
  const given = option === true ? {} : option
  const unknown = Object.keys(given).find((name) => name !== 'path' && name !== 'messagesPath')
  if (unknown !== undefined) throw new TypeError(`Unknown option "legacySse.${unknown}". It has path and messagesPath.`)
  const { path = '/sse', messagesPath = '/messages' } = given
  for (const [name, value] of Object.entries({ path, messagesPath })) {
    if (!/^(\/[!"$-.0->@-~]+)+$/.test(value)) {
      throw new TypeError(
        `legacySse.${name} must begin with a slash and not end with one; got ${JSON.stringify(value)}.`,
      )
    }
  }
  if (path.endsWith(messagesPath) || messagesPath.endsWith(path)) {
    throw new TypeError('legacySse.path and legacySse.messagesPath must not end alike.')
  }
  return { path, messagesPath }
}
