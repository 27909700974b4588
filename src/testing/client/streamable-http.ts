/**
 * The client over Streamable HTTP: what happens to a message of ours, and whom a message of the server concerns.
 *
 * @see the specification, basic/transports, "Streamable HTTP"
 * @module
 */
import { SESSION_ID } from '../../wire/headers.ts'
import type { JsonObject, RequestId } from '../../wire/jsonrpc.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import { capabilitiesOf, createAsks } from './asks.ts'
import type { Client, ClientOptions, EndStatus, RequestOptions, StreamStatus } from './client.ts'
import { createEndpoint } from './endpoint.ts'
import { ClientError, toClientError } from './errors.ts'
import { type Answer, createExchanger, type ExchangeRequest, type StreamAnswer } from './exchange.ts'
import { initializeParams, type Negotiated, readInitializeResult } from './handshake.ts'
import type { ExchangePurpose } from './observation.ts'
import { createPendingRequests } from './pending.ts'
import { follow } from './resume.ts'
import { clientRevision, LATEST_CLIENT_REVISION } from './revisions.ts'

const DEFAULT_TIMEOUT_MS = 60_000

/** How long a caller waits for `notifications/cancelled` to be accepted before its own error. */
const CANCEL_WAIT_MS = 2000

type StreamKind = 'request' | 'session'

/**
 * Makes a client for the MCP endpoint at `url`. Nothing is sent yet.
 *
 * @example
 * ```ts
 * const client = createClient('http://127.0.0.1:8000/mcp')
 * await client.connect()
 * const { tools } = await client.request('tools/list')
 * await client.close()
 * ```
 */
export function createClient(url: string | URL, options: ClientOptions = {}): Client {
  return new StreamableHttpClient(String(url), options)
}

class StreamableHttpClient implements Client {
  readonly url: string
  session: Negotiated | undefined
  readonly #options: ClientOptions
  readonly #exchanger
  readonly #endpoint
  readonly #pending = createPendingRequests()
  readonly #asks
  readonly #closing = new AbortController()
  readonly #connections = new Map<StreamAnswer, StreamKind>()
  #sessionStream: AbortController | undefined
  #ended = false
  #nextId = 1

  constructor(url: string, options: ClientOptions) {
    this.url = url
    this.#options = options
    this.#exchanger = createExchanger({
      url,
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      observe: options.onExchange ?? (() => {}),
    })
    this.#endpoint = createEndpoint({
      exchanger: this.#exchanger,
      headers: options.headers ?? {},
      session: () => this.session,
    })
    this.#asks = createAsks(options, {
      answer: (method, id, response) => this.#deliver(response, { kind: 'answer', method, id }),
      notify: (method, params) => this.notify(method, params),
      begin: () => this.#pending.hold(),
    })
  }

  async connect(): Promise<Negotiated> {
    const negotiated = await this.initialize()
    await this.initialized()
    return negotiated
  }

  async initialize(): Promise<Negotiated> {
    const revision = clientRevision(this.#options.revision ?? LATEST_CLIENT_REVISION.name)
    if (!revision) throw new ClientError('unsupported_revision', `No revision ${this.#options.revision} is known.`)
    const params = initializeParams({
      revision,
      clientInfo: this.#options.clientInfo ?? { name: 'fairlead-client', version: '0' },
      capabilities: this.#options.capabilities ?? capabilitiesOf(this.#options, revision),
    })
    let sessionId: string | undefined
    const result = await this.#run('initialize', params, {}, (answer) => {
      sessionId = answer.headers.get(SESSION_ID) ?? undefined
    })
    this.session = readInitializeResult(result, sessionId)
    this.#ended = false
    return this.session
  }

  initialized(): Promise<void> {
    return this.notify('notifications/initialized')
  }

  request(method: string, params?: JsonObject, options: RequestOptions = {}): Promise<JsonObject> {
    return this.#run(method, params, options)
  }

  notify(method: string, params?: JsonObject): Promise<void> {
    return this.#deliver({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) })
  }

  async openStream(): Promise<StreamStatus> {
    this.closeStream()
    const stream = new AbortController()
    this.#sessionStream = stream
    const signal = AbortSignal.any([stream.signal, this.#closing.signal])
    const answer = await this.#endpoint.get({ kind: 'stream' }, signal)
    if (answer.kind !== 'stream' || answer.status !== 200) {
      if (answer.kind === 'stream') answer.cut()
      return { open: false, status: answer.status }
    }
    this.#follow('session', answer, signal, () => this.#ended).catch((error: unknown) => this.#report(error))
    return { open: true }
  }

  closeStream(): void {
    this.#sessionStream?.abort(new ClientError('closed', 'The session stream was closed.'))
    this.#sessionStream = undefined
  }

  cutStreams(which: StreamKind | 'all' = 'all'): void {
    for (const [connection, kind] of this.#connections) if (which === 'all' || which === kind) connection.cut()
  }

  exchange(request: ExchangeRequest): Promise<Answer> {
    return this.#exchanger.send({ signal: this.#closing.signal, ...request })
  }

  async end(): Promise<EndStatus> {
    if (this.session?.sessionId === undefined || this.#ended) return undefined
    this.#ended = true
    const answer = await this.#endpoint.delete(this.#closing.signal)
    if (answer.kind === 'stream') answer.cut()
    return { status: answer.status }
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return
    await this.end().catch((error: unknown) => this.#report(error))
    const closed = new ClientError('closed', 'The client was closed.')
    this.#asks.cancelAll()
    this.#pending.failAll(closed)
    this.#closing.abort(closed)
  }

  /** Posts a message that has no response of its own. */
  async #deliver(message: JsonObject, purpose?: ExchangePurpose): Promise<void> {
    const answer = await this.#endpoint.post(message, this.#closing.signal, purpose)
    if (answer.kind === 'stream') answer.cut()
    const name = purpose?.kind === 'answer' ? `answer to ${purpose.method}` : String(message['method'])
    if (answer.status >= 300) throw this.#endpoint.refusal(name, answer)
  }

  async #run(
    method: string,
    params: JsonObject | undefined,
    options: RequestOptions,
    onAnswer: (answer: Answer) => void = () => {},
  ): Promise<JsonObject> {
    if (this.#closing.signal.aborted) throw new ClientError('closed', 'The client was closed.')
    if (options.signal?.aborted) throw new ClientError('cancelled', `${method}: cancelled by the caller.`)
    const id = this.#nextId++
    const stop = new AbortController()
    const signal = AbortSignal.any([stop.signal, this.#closing.signal])
    const timeoutMs = options.timeoutMs ?? this.#options.timeoutMs ?? DEFAULT_TIMEOUT_MS

    const giveUp = async (error: ClientError): Promise<void> => {
      if (pending.settled) return
      // initialize must not be cancelled; and the caller learns of the end once the server has.
      if (method !== 'initialize') await this.#cancel(id, error.message)
      pending.fail(error)
      stop.abort(error)
    }
    const pending = this.#pending.open(id, method, {
      timeoutMs,
      onSilence: () => {
        const message = `${method}: nothing heard for ${timeoutMs / 1000} s, so it was given up.`
        void giveUp(new ClientError('timeout', message))
      },
      ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
    })
    const onAbort = (): void => void giveUp(new ClientError('cancelled', `${method}: cancelled by the caller.`))
    options.signal?.addEventListener('abort', onAbort, { once: true })

    const message: JsonObject = {
      jsonrpc: '2.0',
      id,
      method,
      ...(params === undefined && !options.onProgress ? {} : { params: withProgressToken(params, options, id) }),
    }
    this.#receive(message, signal, onAnswer, () => pending.settled).catch((error: unknown) => {
      pending.fail(toClientError(error))
    })
    try {
      return await pending.result
    } finally {
      options.signal?.removeEventListener('abort', onAbort)
    }
  }

  /** Posts a request and reads whatever comes for it, until its response has come. */
  async #receive(
    message: JsonObject,
    signal: AbortSignal,
    onAnswer: (answer: Answer) => void,
    settled: () => boolean,
  ): Promise<void> {
    const method = String(message['method'])
    const answer = await this.#endpoint.post(message, signal)
    if (answer.status >= 300) {
      if (answer.kind === 'stream') answer.cut()
      throw this.#endpoint.refusal(method, answer)
    }
    onAnswer(answer)
    if (answer.kind === 'stream') {
      await this.#follow('request', answer, signal, settled)
      return
    }
    if (answer.json !== undefined) this.#dispatch(answer.json)
    if (!settled()) {
      const type = answer.headers.get('content-type') ?? 'no content type'
      const what = `${method}: HTTP ${answer.status} with ${type} and no JSON-RPC response in it.`
      throw new ClientError('not_mcp', what, { status: answer.status })
    }
  }

  #follow(kind: StreamKind, first: StreamAnswer, signal: AbortSignal, done: () => boolean): Promise<void> {
    return follow(
      first,
      {
        kind,
        signal,
        done,
        onData: (data) => this.#read(data),
        reconnect: (lastEventId, of) => this.#endpoint.get({ kind: 'resume', of }, signal, lastEventId),
        onConnection: (connection) => {
          this.#connections.set(connection, kind)
          return () => this.#connections.delete(connection)
        },
      },
      this.#options.reconnect ?? {},
    )
  }

  #read(data: string): void {
    let value: unknown
    try {
      value = JSON.parse(data)
    } catch (error) {
      this.#report(new ClientError('not_mcp', 'An event on a stream is not JSON.', { cause: error }))
      return
    }
    this.#dispatch(value)
  }

  /** Hands a message of the server to whom it concerns. 2025-03-26 servers may send several in an array. */
  #dispatch(value: unknown): void {
    if (Array.isArray(value)) {
      for (const entry of value) this.#dispatch(entry)
      return
    }
    if (!isObject(value)) {
      this.#report(new ClientError('not_mcp', 'A message of the server is not a JSON object.'))
      return
    }
    const { method, id } = value
    const params = isObject(value['params']) ? value['params'] : {}
    if (typeof method !== 'string') {
      if (!this.#pending.settle(value)) {
        this.#report(new ClientError('not_mcp', `A response came for no request in flight (id ${String(id)}).`))
      }
    } else if (typeof id === 'string' || typeof id === 'number') {
      this.#asks.take(method, id, params).catch((error: unknown) => this.#report(error))
    } else {
      if (method === 'notifications/progress') this.#pending.progress(params)
      if (method === 'notifications/cancelled') this.#asks.cancel(params)
      this.#options.onNotification?.(method, params)
    }
  }

  async #cancel(requestId: RequestId, reason: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CANCEL_WAIT_MS)
    })
    const sent = this.notify('notifications/cancelled', { requestId, reason }).catch((error: unknown) => {
      this.#report(error)
    })
    await Promise.race([sent, patience])
    clearTimeout(timer)
  }

  #report(error: unknown): void {
    if (!this.#closing.signal.aborted) this.#options.onError?.(toClientError(error))
  }
}

/** The progress token is the id of the request: unique among requests in flight, as it must be. */
function withProgressToken(params: JsonObject | undefined, options: RequestOptions, id: number): JsonObject {
  if (!options.onProgress) return params ?? {}
  const meta = isObject(params?.['_meta']) ? params['_meta'] : {}
  return { ...params, _meta: { ...meta, progressToken: id } }
}
