/**
 * What a handler gets besides its arguments: the client, the session, the request, and how to talk while it works.
 *
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'
import { isObject, type RequestId } from '../wire/jsonrpc.ts'
import { readTraceContext, type TraceContext } from '../wire/trace-context.ts'
import type { AskSettings } from './ask-settings.ts'
import type { Call } from './call.ts'
import { type ElicitFormParams, type ElicitResult, type ElicitUrlParams, elicit } from './elicit.ts'
import { guarded } from './guarded.ts'
import { type ContextLog, contextLog } from './log.ts'
import { listRoots, type Root } from './roots.ts'
import { type CreateMessageParams, type CreateMessageResult, sample } from './sample.ts'
import { type ContextSession, contextSession } from './session-values.ts'
import type { AnySchema, InferOutput } from './standard-schema.ts'

/** The request that is being handled, as far as handlers may see it. */
export interface ContextRequest {
  /**
   * The HTTP headers of the request, read-only. Over stdio there are none. `authorization` is not among them once the
   * request is authenticated: "The MCP server MUST NOT pass through the token it received from the MCP client".
   */
  readonly headers: {
    get(name: string): string | undefined
    has(name: string): boolean
  }
}

/**
 * The context of one call.
 *
 * @typeParam State the application state given to `createServer`.
 * @example
 * ```ts
 * server.tool('deploy', { inputSchema: z.object({ target: z.string() }) }, async ({ target }, ctx) => {
 *   const answer = await ctx.elicit({ message: `Deploy to ${target}?`, requestedSchema: z.object({ sure: z.boolean() }) })
 *   if (answer.action !== 'accept' || !answer.content.sure) return 'Not deployed.'
 *   ctx.progress(1, 2, 'building')
 *   return 'Deployed.'
 * })
 * ```
 */
export interface Context<State = unknown> {
  /** Aborts when the client cancels, the session ends, a time-out strikes or the server has to leave. */
  readonly signal: AbortSignal
  /** Unique over all replicas; serves as an idempotency key for effects elsewhere. */
  readonly callId: string
  /** The JSON-RPC id that the client gave the request. */
  readonly requestId: RequestId
  /** The verified identity that `auth` returned, if any. */
  readonly auth: Identity | undefined
  readonly request: ContextRequest
  readonly session: ContextSession
  /** The application state given to `createServer`. */
  readonly state: State
  /** The trace that the request belongs to (`traceparent`, `tracestate`, `baggage` of its `_meta`). */
  readonly trace: TraceContext
  /** Log messages to the client, one function per level of the specification. */
  readonly log: ContextLog

  /**
   * Reports progress, if the client asked for it with a progress token. Values must increase; others are dropped.
   *
   * @see the specification, basic/utilities/progress
   */
  progress(progress: number, total?: number, message?: string): void

  /**
   * Asks the client's model for a message.
   *
   * @throws {McpError} `capability_missing`, `stateless`, `ask_timeout`, `ask_unreachable`, `ask_rejected`, `cancelled`
   * @see the specification, client/sampling
   */
  sample(params: CreateMessageParams, settings?: AskSettings): Promise<CreateMessageResult>

  /**
   * Asks the user: with a form (typed by the schema) or, from 2025-11-25 on, by opening a URL.
   *
   * @throws {McpError} as {@link sample}, and `ask_invalid_answer` when the content does not match the schema.
   * @see the specification, client/elicitation
   */
  elicit<Schema extends AnySchema>(
    params: ElicitFormParams<Schema>,
    settings?: AskSettings,
  ): Promise<ElicitResult<InferOutput<Schema>>>
  elicit(params: ElicitUrlParams, settings?: AskSettings): Promise<ElicitResult<undefined>>

  /**
   * Asks for the client's roots.
   *
   * @throws {McpError} as {@link sample}
   * @see the specification, client/roots
   */
  listRoots(settings?: AskSettings): Promise<Root[]>

  /**
   * Runs what must not happen twice, and resolves with its result (as JSON). In a call of a tool with `durable: true`
   * under 2026-07-28, a step that is done is not run again when the handler is: its result comes from the record. A step
   * that throws is not done. Everywhere else it just runs.
   *
   * The record travels with the client. A round whose answer was lost on the way is repeated, its steps included, so
   * give effects elsewhere {@link callId} as an idempotency key: it is the same in every round.
   *
   * @param name says which step it is; one used again counts as the next of that name.
   * @example
   * ```ts
   * const order = await ctx.step('order', () => shop.order(item, { idempotencyKey: ctx.callId }))
   * ```
   */
  step<Result>(name: string, run: () => MaybePromise<Result>): Promise<Result>

  /**
   * Ends the connection of this request, which the client takes up again with `Last-Event-ID`: nothing is lost, and a
   * long call holds no connection. Does nothing in revisions before 2025-11-25, whose clients would not come back, and
   * where a stream has no event ids to come back with (`stateless`, batches).
   *
   * @see the specification, basic/transports, "Sending Messages to the Server"
   */
  closeStream(): void
}

class CallContext implements Context {
  readonly #call: Call
  #log: ContextLog | undefined
  #session: ContextSession | undefined

  constructor(call: Call) {
    this.#call = call
  }

  get signal(): AbortSignal {
    return this.#call.signal
  }

  get callId(): string {
    return this.#call.id
  }

  get requestId(): RequestId {
    return this.#call.requestId
  }

  get auth(): Identity | undefined {
    return this.#call.identity
  }

  get request(): ContextRequest {
    const { headers, identity } = this.#call
    const get = (name: string): string | undefined => {
      const lower = name.toLowerCase()
      return lower === 'authorization' && identity !== undefined ? undefined : headers.header(lower)
    }
    return { headers: { get, has: (name) => get(name) !== undefined } }
  }

  get session(): ContextSession {
    this.#session ??= contextSession(this.#call)
    return this.#session
  }

  get state(): unknown {
    return this.#call.services.state
  }

  get trace(): TraceContext {
    const meta = this.#call.params['_meta']
    return isObject(meta) ? readTraceContext(meta) : {}
  }

  get log(): ContextLog {
    this.#log ??= contextLog(this.#call)
    return this.#log
  }

  progress(progress: number, total?: number, message?: string): void {
    this.#call.progress(progress, total, message)
  }

  sample(params: CreateMessageParams, settings?: AskSettings): Promise<CreateMessageResult> {
    return guarded(sample(this.#call, params, settings))
  }

  elicit<Schema extends AnySchema>(
    params: ElicitFormParams<Schema> | ElicitUrlParams,
    settings?: AskSettings,
  ): Promise<never> {
    return guarded(elicit(this.#call, params, settings) as Promise<never>)
  }

  listRoots(settings?: AskSettings): Promise<Root[]> {
    return guarded(listRoots(this.#call, settings))
  }

  step<Result>(name: string, run: () => MaybePromise<Result>): Promise<Result> {
    return guarded(this.#call.way.step(this.#call, name, run) as Promise<Result>)
  }

  closeStream(): void {
    if (this.#call.session.facts.revision.closesConnections) this.#call.outlet.closeConnection()
  }
}

export function createContext(call: Call): Context {
  return new CallContext(call)
}
