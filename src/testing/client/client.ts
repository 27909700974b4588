/**
 * A small MCP client over Streamable HTTP, for the command line and for tests. It shows every HTTP exchange to an
 * observer and repairs nothing behind its caller's back, except for what the specification asks of every client: it
 * resumes broken streams (legacy era), and answers the rounds of a request (modern era).
 *
 * @see the specification, basic/lifecycle and basic/transports; 2026-07-28: basic/versioning and basic/patterns
 * @module
 */
import type { JsonObject } from '../../wire/jsonrpc.ts'
import type { LogLevel } from '../../wire/log-level.ts'
import type { AskHandlers } from './asks.ts'
import type { ClientError } from './errors.ts'
import type { Answer, ExchangeRequest, Fetch } from './exchange.ts'
import type { ReconnectOptions } from './legacy/resume.ts'
import type { ListenFilter, ListenOptions, Subscription } from './modern/subscription.ts'
import type { Implementation, Negotiated } from './negotiated.ts'
import type { Observer } from './observation.ts'
import type { Progress } from './pending.ts'
import type { EraFinding } from './probe.ts'
import type { ClientEra, ClientRevisionName } from './revisions.ts'

export interface ClientOptions extends AskHandlers {
  /** Default: the global `fetch`. A function that calls a fetch handler directly needs no socket. */
  readonly fetch?: Fetch
  /** Sent with every HTTP request, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /**
   * The revision to speak. One of the legacy era is what `initialize` asks for; the server may choose another. `auto`
   * finds out which era the server speaks, as the specification describes it. Default: the newest of the legacy era,
   * which every server in the field has, and where a session shows all that a server can do.
   */
  readonly revision?: ClientRevisionName | 'auto'
  readonly clientInfo?: Implementation
  /** Replaces what would be declared from the handlers. */
  readonly capabilities?: JsonObject
  /** How long a request may hear nothing from the server, in milliseconds. Default 60,000; 0 for ever. */
  readonly timeoutMs?: number
  /** How broken streams are resumed. Legacy era: in the modern one there is no resuming. */
  readonly reconnect?: ReconnectOptions
  /** Told of every HTTP exchange. */
  readonly onExchange?: Observer
  /** Every notification of the server, progress and log messages included. */
  readonly onNotification?: (method: string, params: JsonObject) => void
  /** What goes wrong where nobody waits: an answer that was refused, a session stream that was lost. */
  readonly onError?: (error: ClientError) => void
}

export interface RequestOptions {
  /** Asks the server for progress. */
  readonly onProgress?: (progress: Progress) => void
  /** Aborting cancels the request: with `notifications/cancelled`, in the modern era by closing the exchange. */
  readonly signal?: AbortSignal
  /** Replaces the client's `timeoutMs` for this request. The time that handlers take for their answers is not counted. */
  readonly timeoutMs?: number
}

/** How the server answered the attempt to open the session stream. */
export type StreamStatus = { readonly open: true } | { readonly open: false; readonly status: number }

/** How the server answered DELETE; `undefined` where there was no session. */
export type EndStatus = { readonly status: number } | undefined

/** What a stream is for: the answer to one request, the session stream (legacy), a subscription (modern). */
export type StreamKind = 'request' | 'session' | 'listen'

/**
 * A client. Where a member exists in one era only, its comment says so, and the other era throws `wrong_era`; so does
 * everything but `connect` and `probe` as long as the era is not known (`auto`).
 */
export interface Client {
  readonly url: string
  /** The era that is spoken; `undefined` until `auto` has found out. */
  readonly era: ClientEra | undefined
  /** What the probe of `auto` has found, and why. */
  readonly finding: EraFinding | undefined
  /** What was negotiated, once `initialize` or `server/discover` has been answered. */
  readonly session: Negotiated | undefined
  /** All that comes before the first request: `initialize` and `initialized`, or `server/discover`. Probes if need be. */
  connect(): Promise<Negotiated>
  /** Finds out which era the server speaks, by `server/discover`. Asks once; `connect` asks by itself. */
  probe(): Promise<EraFinding>
  /** Legacy: sends the `initialize` request. Nothing but `ping` may be sent until {@link Client.initialized}. */
  initialize(): Promise<Negotiated>
  /** Legacy: sends `notifications/initialized`. */
  initialized(): Promise<void>
  /** Modern: sends `server/discover`. */
  discover(): Promise<Negotiated>
  /**
   * Sends a request and resolves with its result. In the modern era that is the final one: what the server asks for on
   * the way is answered by the handlers, round by round.
   */
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>
  notify(method: string, params?: JsonObject): Promise<void>
  /** Asks for log messages from a level up: by `logging/setLevel`, in the modern era with every request from now on. */
  setLogLevel(level: LogLevel): Promise<void>
  /** Legacy: opens the GET stream, and keeps it open until {@link Client.closeStream} or the end. */
  openStream(): Promise<StreamStatus>
  /** Legacy. */
  closeStream(): void
  /** Modern: `subscriptions/listen`. Resolves when the server has acknowledged it. */
  listen(filter: ListenFilter, options?: ListenOptions): Promise<Subscription>
  /** Breaks the connections of open streams as a network failure would; in the legacy era the client resumes them. */
  cutStreams(which?: StreamKind | 'all'): void
  /** Sends an HTTP request as it is, with nothing added to it, through the same observer. */
  exchange(request: ExchangeRequest): Promise<Answer>
  /** Ends the session by DELETE. Streams stay open until the server ends them, or {@link Client.close}. */
  end(): Promise<EndStatus>
  /** Ends the session if there still is one, and every connection. Does not reject. */
  close(): Promise<void>
}
