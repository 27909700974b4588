/**
 * The MCP endpoint: who may come in, whichever transport it is that serves them.
 *
 * An adapter calls {@link Endpoint.begin} with the head of a request. It gets an answer, or an admission with which it
 * reads the body and calls {@link Endpoint.post}: so nothing of a body is read for a request that is refused anyway.
 *
 * @see the specification, basic/transports, "Streamable HTTP"
 * @module
 */
import { startAuth } from '../auth/authenticate.ts'
import type { Authenticator, LocalAddress } from '../auth/authenticator.ts'
import { memoryEngine } from '../engine/memory.ts'
import type { MaybePromise, Platform } from '../engine/platform.ts'
import type { Definition } from '../server/definition.ts'
import { Serving, type Sharing } from '../server/serving.ts'
import type { Counters } from '../session/counters.ts'
import { DEFAULT_LIMITS } from '../session/limits.ts'
import { Principals } from '../session/principal.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { errorMessage } from '../wire/jsonrpc.ts'
import { type Admission, type Admitted, authenticate, isReply, NOBODY } from './admission.ts'
import { Cors } from './cors.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import { HostGuard } from './host-guard.ts'
import type { HttpBody, HttpReply, HttpRequest, TextReply } from './http-message.ts'
import { LegacySse } from './legacy-sse.ts'
import { errorReport } from './logger.ts'
import { metadataReply } from './metadata.ts'
import type { EndpointOptions } from './options.ts'
import { RateLimit, rateExceeded } from './rate-limit.ts'
import { errorReply, waitReply } from './replies.ts'
import { STREAMABLE } from './streamable.ts'
import type { HttpTransport } from './transport.ts'

const DAY_MS = 86_400_000

/** How long a session may live by default. */
const SESSION_TTL_MS = 30 * DAY_MS

const LEASE_MS = 5_000

/** How this process shares its engine; without one of its own, or without sessions, it shares nothing. */
function sharing({ engine, stateless, session }: EndpointOptions): Sharing | undefined {
  if (engine === undefined || stateless) return undefined
  return { leaseMs: session?.lease ?? LEASE_MS, refusesUnknown: session?.onEngineOutage === 'refuse' }
}

/** The counters, and the sizes of everything bounded that is kept. */
export interface Snapshot extends Readonly<Counters> {
  /** Calls being handled. */
  readonly openCalls: number
  /** Open SSE connections. */
  readonly openStreams: number
  /** Sessions with an open GET stream. */
  readonly openSessionStreams: number
  /** Questions waiting for an answer. */
  readonly openAsks: number
  /** Calls waiting for the retry of their client (2026-07-28); bounded by `limits.parked`. */
  readonly parkedCalls: number
  /** Open `subscriptions/listen` streams (2026-07-28). */
  readonly openListens: number
  /** Opened session ids remembered; bounded by `limits.sessionCache`. */
  readonly cachedSessions: number
  /** Changed sessions remembered; at most 100,000. */
  readonly changedSessions: number
  /** What sessions have set by way of this process, in bytes. */
  readonly storedBytes: number
  /** Identities remembered; at most 10,000. */
  readonly cachedPrincipals: number
  /** Verified tokens remembered; at most 10,000 for each scheme that has tokens. */
  readonly cachedTokens: number
  /** Identities that hold something: calls in flight, streams, questions, parked calls. */
  readonly busyPrincipals: number
  /** Clients whose rate is remembered; at most 20,000. */
  readonly ratedClients: number
  /** Finished streams kept for a resume, and their bytes; bounded by `limits.finishedBytes`. */
  readonly finishedStreams: number
  readonly finishedBytes: number
}

export class Endpoint {
  readonly #parts: EndpointParts
  readonly #guard: HostGuard
  readonly #cors: Cors
  readonly #auth: Authenticator | undefined
  readonly #principals: Principals
  readonly #rate: RateLimit | undefined
  readonly #transport: HttpTransport
  /** The same server on HTTP+SSE, and its paths, where `legacySse` turns it on. */
  readonly legacySse: { readonly endpoint: Endpoint; readonly transport: LegacySse } | undefined
  readonly bodyBytes: number

  private constructor(
    parts: EndpointParts,
    guard: HostGuard,
    cors: Cors,
    auth: Authenticator | undefined,
    principals: Principals,
    rate: RateLimit | undefined,
    transport: HttpTransport,
    legacySse?: LegacySse,
  ) {
    this.#parts = parts
    this.#guard = guard
    this.#cors = cors
    this.#auth = auth
    this.#principals = principals
    this.#rate = rate
    this.#transport = transport
    this.legacySse = legacySse && {
      endpoint: new Endpoint(parts, guard, cors, auth, principals, rate, legacySse),
      transport: legacySse,
    }
    this.bodyBytes = parts.services.replica.limits.bodyBytes
  }

  /** @param local where the endpoint is, if it can be reached from this machine only. */
  static async create(
    definition: Definition,
    options: EndpointOptions,
    platform: Platform,
    local?: LocalAddress,
  ): Promise<Endpoint> {
    const report = errorReport(options.logger, options.onError)
    const principals = new Principals(platform)
    const auth = await startAuth(options.auth, {
      platform,
      local,
      admit: async (identity) => ({ identity, principal: await principals.of(identity) }),
      warn: (message, cause) => report(new Error(message, { cause }), 'auth'),
    })
    const serving = await Serving.start(definition, {
      platform,
      engine: options.engine ?? memoryEngine(platform),
      secrets: options.secrets ?? [],
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      report,
      state: options.state,
      stateful: !options.stateless,
      sharing: sharing(options),
    })
    const parts: EndpointParts = {
      definition,
      serving,
      services: serving.services,
      stateless: options.stateless ?? false,
      jsonResponse: options.jsonResponse ?? false,
      jsonResponseModern: options.jsonResponse ?? 'auto',
      sessionTtlMs: options.session?.ttl ?? SESSION_TTL_MS,
      auth,
    }
    const guard = new HostGuard(options.security ?? {}, options.cors, local !== undefined)
    const cors = new Cors(options.cors)
    const legacySse = options.legacySse ? new LegacySse(options.legacySse) : undefined
    legacySse?.join(parts)
    const { peers } = serving.replica
    const rate =
      options.rate &&
      new RateLimit(
        options.rate,
        () => platform.now(),
        () => peers?.alive ?? 1,
      )
    return new Endpoint(parts, guard, cors, auth, principals, rate, STREAMABLE, legacySse)
  }

  /** What answers at a path, where routing is the caller's. */
  at(path: string): Endpoint {
    return this.legacySse?.transport.serves(path) ? this.legacySse.endpoint : this
  }

  /** Whether new work should come here. */
  get ready(): boolean {
    return !this.#parts.services.replica.leaving
  }

  /** Judges the head of a request: an answer, or for a POST the admission to {@link post}. */
  begin(request: HttpRequest): Admission {
    const { counters } = this.#parts.services.replica
    counters.requests++
    const metadata = this.#auth === undefined ? undefined : this.metadata(request)
    if (metadata !== undefined) return this.refuseBeside(request) ?? metadata
    const refused = this.#refusal(request)
    if (refused !== undefined) {
      counters.requestsRefused++
      return this.#cors.expose(request, refused)
    }
    if (request.method === 'OPTIONS') return this.#cors.preflight(request)
    if (this.#auth === undefined) return this.#enter(request, NOBODY)
    return this.#authenticated(this.#auth, request)
  }

  /** Answers a POST whose body has been read. */
  post(request: HttpRequest, admitted: Admitted, body: HttpBody): MaybePromise<HttpReply> {
    if (typeof body !== 'string') return this.#cors.expose(request, this.#badBody(body.refused))
    this.#rate?.charge(request, admitted, body.length)
    try {
      const reply = this.#transport.post(this.#parts, request, admitted, body)
      if (!(reply instanceof Promise)) return this.#cors.expose(request, reply)
      const settled = reply.catch((thrown: unknown) => this.#failed(thrown, 'POST'))
      return this.#cors.enabled ? settled.then((late) => this.#cors.expose(request, late)) : settled
    } catch (thrown) {
      return this.#cors.expose(request, this.#failed(thrown, 'POST'))
    }
  }

  /**
   * The refusal of a request for a path beside the endpoint's, if it is one. On loopback a foreign page learns nothing,
   * not even that a server is there; elsewhere health checks come under any name.
   */
  refuseBeside(request: HttpRequest): HttpReply | undefined {
    const refused = this.#guard.loopbackOnly ? this.#guard.check(request) : undefined
    return refused && errorReply(refused)
  }

  /** The answer to a request for the metadata of the server as an OAuth resource, if it is one. */
  metadata(request: HttpRequest): HttpReply | undefined {
    const resource = this.#auth?.resource
    return resource && metadataReply(resource, request)
  }

  /** The body of the answer for a path that is not the endpoint's. */
  notFoundBody(path: string): string {
    return errorMessage(undefined, new McpError('not_found', `Nothing here; the MCP endpoint is ${path}.`))
  }

  counters(): Snapshot {
    const { replica, sessions, sessionStreams, asks, parking, listens } = this.#parts.services
    return {
      ...replica.counters,
      openCalls: replica.calls.size,
      openStreams: replica.openStreams,
      openSessionStreams: sessionStreams.size,
      openAsks: asks.size,
      parkedCalls: parking.size,
      openListens: listens.size,
      cachedSessions: sessions.cached,
      changedSessions: sessions.changed,
      storedBytes: sessions.storedBytes,
      busyPrincipals: replica.usage.size,
      ratedClients: this.#rate?.size ?? 0,
      cachedPrincipals: this.#principals.size,
      cachedTokens: this.#auth?.remembered ?? 0,
      finishedStreams: replica.finished.size,
      finishedBytes: replica.finished.bytes,
    }
  }

  /** See {@link Serving.drain}. */
  drain(deadlineMs: number): Promise<void> {
    const drained = this.#parts.serving.drain(deadlineMs)
    this.legacySse?.transport.letGo()
    return drained
  }

  close(): Promise<void> {
    return this.#parts.serving.close()
  }

  #refusal(request: HttpRequest): HttpReply | undefined {
    const guarded = this.#guard.check(request)
    if (guarded !== undefined) return errorReply(guarded)
    const error = this.#transport.check(this.#parts, request)
    return error === undefined || !(error instanceof McpError) ? error : errorReply(error)
  }

  /** At once where the credentials are known, so that the body is read within the same turn. */
  #authenticated(auth: Authenticator, request: HttpRequest): Admission {
    try {
      const admitted = authenticate(auth, request)
      if (!(admitted instanceof Promise)) return this.#admitted(request, admitted)
      return admitted.then(
        (late) => this.#admitted(request, late),
        (thrown) => this.#authFailed(request, thrown),
      )
    } catch (thrown) {
      return this.#authFailed(request, thrown)
    }
  }

  #admitted(request: HttpRequest, admitted: Admitted | TextReply): Admission {
    if (!isReply(admitted)) return this.#enter(request, admitted)
    this.#parts.services.replica.counters.requestsRefused++
    return this.#cors.expose(request, admitted)
  }

  /** Lets a request in whose sender is known, unless there were too many of them lately. */
  #enter(request: HttpRequest, admitted: Admitted): Admission {
    const seconds = this.#rate?.take(request, admitted)
    if (seconds !== undefined) {
      const { counters } = this.#parts.services.replica
      counters.requestsRefused++
      counters.rateLimited++
      return this.#cors.expose(request, waitReply(rateExceeded(), seconds))
    }
    return request.method === 'POST' ? admitted : this.#withoutBody(request, admitted)
  }

  /** An `auth` that fails lets nobody in; a typed refusal keeps its sentence. */
  #authFailed(request: HttpRequest, thrown: unknown): HttpReply {
    if (thrown instanceof McpError) return this.#cors.expose(request, errorReply(thrown))
    return this.#cors.expose(request, this.#failed(thrown, 'auth'))
  }

  async #withoutBody(request: HttpRequest, admitted: Admitted): Promise<HttpReply> {
    try {
      return this.#cors.expose(request, await this.#transport.answer(this.#parts, request, admitted))
    } catch (thrown) {
      return this.#cors.expose(request, this.#failed(thrown, request.method))
    }
  }

  #badBody(refused: 'payload_too_large' | 'not_utf8'): HttpReply {
    this.#parts.services.replica.counters.requestsRefused++
    return refused === 'not_utf8'
      ? errorReply(new McpError('parse_error', 'The body is not valid UTF-8.'))
      : errorReply(new McpError('payload_too_large', `The body may have ${this.bodyBytes} bytes (limits.bodyBytes).`))
  }

  /** Something of ours failed: said plainly, without its inside. */
  #failed(thrown: unknown, where: string): HttpReply {
    const error = toMcpError(thrown)
    this.#parts.services.replica.report(error.cause ?? thrown, where)
    return errorReply(error, undefined, undefined, error.code === 'internal_error' ? 500 : error.status)
  }
}
