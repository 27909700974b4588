/**
 * A small MCP client over Streamable HTTP, for the command line and for tests. It shows every HTTP exchange to an
 * observer and repairs nothing behind its caller's back, except for what the specification asks of every client: it
 * resumes broken streams.
 *
 * @see the specification, basic/lifecycle and basic/transports
 * @module
 */
import type { JsonObject } from '../../wire/jsonrpc.ts'
import type { AskHandlers } from './asks.ts'
import type { ClientError } from './errors.ts'
import type { Answer, ExchangeRequest, Fetch } from './exchange.ts'
import type { Implementation, Negotiated } from './handshake.ts'
import type { Observer } from './observation.ts'
import type { Progress } from './pending.ts'
import type { ReconnectOptions } from './resume.ts'
import type { ClientRevisionName } from './revisions.ts'

export interface ClientOptions extends AskHandlers {
  /** Default: the global `fetch`. A function that calls a fetch handler directly needs no socket. */
  readonly fetch?: Fetch
  /** Sent with every HTTP request, for example `authorization`. */
  readonly headers?: Readonly<Record<string, string>>
  /** The revision to ask for; the server may choose another. Default: the newest. */
  readonly revision?: ClientRevisionName
  readonly clientInfo?: Implementation
  /** Replaces what would be declared from the handlers. */
  readonly capabilities?: JsonObject
  /** How long a request may hear nothing from the server, in milliseconds. Default 60,000; 0 for ever. */
  readonly timeoutMs?: number
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
  /** Aborting cancels the request with `notifications/cancelled`. */
  readonly signal?: AbortSignal
  /** Replaces the client's `timeoutMs` for this request. */
  readonly timeoutMs?: number
}

/** How the server answered the attempt to open the session stream. */
export type StreamStatus = { readonly open: true } | { readonly open: false; readonly status: number }

/** How the server answered DELETE; `undefined` where there was no session. */
export type EndStatus = { readonly status: number } | undefined

export interface Client {
  readonly url: string
  /** What was negotiated, once `initialize` has been answered. */
  readonly session: Negotiated | undefined
  /** `initialize` and `initialized` in one. */
  connect(): Promise<Negotiated>
  /** Sends the `initialize` request. Nothing but `ping` may be sent until {@link Client.initialized}. */
  initialize(): Promise<Negotiated>
  /** Sends `notifications/initialized`. */
  initialized(): Promise<void>
  /** Sends a request and resolves with its result. */
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>
  notify(method: string, params?: JsonObject): Promise<void>
  /** Opens the GET stream, and keeps it open until {@link Client.closeStream} or the end. */
  openStream(): Promise<StreamStatus>
  closeStream(): void
  /** Breaks the connections of open streams as a network failure would; the client then resumes them. */
  cutStreams(which?: 'request' | 'session' | 'all'): void
  /** Sends an HTTP request as it is, with nothing added to it, through the same observer. */
  exchange(request: ExchangeRequest): Promise<Answer>
  /** Ends the session by DELETE. Streams stay open until the server ends them, or {@link Client.close}. */
  end(): Promise<EndStatus>
  /** Ends the session if there still is one, and every connection. Does not reject. */
  close(): Promise<void>
}
