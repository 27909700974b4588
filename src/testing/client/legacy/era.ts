/**
 * The legacy era, up to 2025-11-25: a handshake, mostly a session, questions of the server as requests on a stream, and
 * streams that are resumed.
 *
 * @see the specification, basic/lifecycle and basic/transports, "Streamable HTTP"
 * @module
 */
import { SESSION_ID } from '../../../wire/headers.ts'
import type { JsonObject, RequestId } from '../../../wire/jsonrpc.ts'
import type { LogLevel } from '../../../wire/log-level.ts'
import { capabilitiesOf } from '../asks.ts'
import type { EndStatus, RequestOptions, StreamStatus } from '../client.ts'
import type { Era } from '../era.ts'
import { ClientError } from '../errors.ts'
import type { Answer, StreamAnswer } from '../exchange.ts'
import type { Line } from '../line.ts'
import { type Receiver, settle, takeEvent, takeMessage } from '../message.ts'
import type { Implementation, Negotiated } from '../negotiated.ts'
import type { ExchangePurpose } from '../observation.ts'
import { sendRequest } from '../requests.ts'
import type { ClientRevision } from '../revisions.ts'
import { createAsks } from './asks.ts'
import { createEndpoint } from './endpoint.ts'
import { initializeParams, readInitializeResult } from './handshake.ts'
import { type Following, follow } from './resume.ts'

/** How long a caller waits for `notifications/cancelled` to be accepted before its own error. */
const CANCEL_WAIT_MS = 2000

export class LegacyEra implements Era {
  readonly name = 'legacy'
  negotiated: Negotiated | undefined
  readonly #line: Line
  readonly #revision: ClientRevision
  readonly #clientInfo: Implementation
  readonly #endpoint
  readonly #asks
  readonly #receiver: Receiver
  #sessionStream: AbortController | undefined
  #ended = false

  /** @param revision what `initialize` asks for */
  constructor(line: Line, revision: ClientRevision, clientInfo: Implementation) {
    this.#line = line
    this.#revision = revision
    this.#clientInfo = clientInfo
    this.#endpoint = createEndpoint({
      exchanger: line.exchanger,
      headers: line.headers,
      session: () => this.negotiated,
    })
    this.#asks = createAsks(line.options, {
      answer: (method, id, response) => this.#deliver(response, { kind: 'answer', method, id }),
      notify: (method, params) => this.notify(method, params),
      begin: () => line.pending.hold(),
    })
    this.#receiver = {
      response: (message) => settle(message, line),
      request: (method, id, params) => void this.#asks.take(method, id, params).catch(line.report),
      notification: (method, params) => {
        if (method === 'notifications/progress') line.pending.progress(params)
        if (method === 'notifications/cancelled') this.#asks.cancel(params)
        line.options.onNotification?.(method, params)
      },
    }
  }

  async connect(): Promise<Negotiated> {
    const negotiated = await this.initialize()
    await this.initialized()
    return negotiated
  }

  async initialize(): Promise<Negotiated> {
    const { options } = this.#line
    const params = initializeParams({
      revision: this.#revision,
      clientInfo: this.#clientInfo,
      capabilities: options.capabilities ?? capabilitiesOf(options, this.#revision),
    })
    let sessionId: string | undefined
    const result = await sendRequest(
      this.#line,
      'initialize',
      params,
      {},
      {
        // initialize must not be cancelled: there is no cancel here.
        send: (message, signal, settled) =>
          this.#receive(message, signal, settled, (answer) => {
            sessionId = answer.headers.get(SESSION_ID) ?? undefined
          }),
      },
    )
    this.negotiated = readInitializeResult(result, sessionId)
    this.#ended = false
    return this.negotiated
  }

  initialized(): Promise<void> {
    return this.notify('notifications/initialized')
  }

  request(method: string, params: JsonObject | undefined, options: RequestOptions): Promise<JsonObject> {
    return sendRequest(this.#line, method, params, options, {
      send: (message, signal, settled) => this.#receive(message, signal, settled),
      cancel: (id, reason) => this.#cancel(id, reason),
    })
  }

  notify(method: string, params?: JsonObject): Promise<void> {
    return this.#deliver({ jsonrpc: '2.0', method, ...(params === undefined ? {} : { params }) })
  }

  async setLogLevel(level: LogLevel): Promise<void> {
    await this.request('logging/setLevel', { level }, {})
  }

  async openStream(): Promise<StreamStatus> {
    this.closeStream()
    const stream = new AbortController()
    this.#sessionStream = stream
    const signal = AbortSignal.any([stream.signal, this.#line.closing])
    const answer = await this.#endpoint.get({ kind: 'stream' }, signal)
    if (answer.kind !== 'stream' || answer.status !== 200) {
      if (answer.kind === 'stream') answer.cut()
      return { open: false, status: answer.status }
    }
    this.#follow('session', answer, signal, () => this.#ended).catch((error: unknown) => this.#line.report(error))
    return { open: true }
  }

  closeStream(): void {
    this.#sessionStream?.abort(new ClientError('closed', 'The session stream was closed.'))
    this.#sessionStream = undefined
  }

  async end(): Promise<EndStatus> {
    if (this.negotiated?.sessionId === undefined || this.#ended) return undefined
    this.#ended = true
    const answer = await this.#endpoint.delete(this.#line.closing)
    if (answer.kind === 'stream') answer.cut()
    return { status: answer.status }
  }

  close(): void {
    this.#asks.cancelAll()
  }

  /** Posts a message that has no response of its own. */
  async #deliver(message: JsonObject, purpose?: ExchangePurpose): Promise<void> {
    const answer = await this.#endpoint.post(message, this.#line.closing, purpose)
    if (answer.kind === 'stream') answer.cut()
    const name = purpose?.kind === 'answer' ? `answer to ${purpose.method}` : String(message['method'])
    if (answer.status >= 300) throw this.#endpoint.refusal(name, answer)
  }

  /** Posts a request and reads whatever comes for it, until its response has come. */
  async #receive(
    message: JsonObject,
    signal: AbortSignal,
    settled: () => boolean,
    onAnswer: (answer: Answer) => void = () => {},
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
    if (answer.json !== undefined) takeMessage(answer.json, this.#receiver, this.#line)
    if (!settled()) {
      const type = answer.headers.get('content-type') ?? 'no content type'
      const what = `${method}: HTTP ${answer.status} with ${type} and no JSON-RPC response in it.`
      throw new ClientError('not_mcp', what, { status: answer.status })
    }
  }

  #follow(kind: Following['kind'], first: StreamAnswer, signal: AbortSignal, done: () => boolean): Promise<void> {
    return follow(
      first,
      {
        kind,
        signal,
        done,
        onData: (data) => takeEvent(data, this.#receiver, this.#line),
        reconnect: (lastEventId, of) => this.#endpoint.get({ kind: 'resume', of }, signal, lastEventId),
        onConnection: (connection) => this.#line.opened(connection, kind),
      },
      this.#line.options.reconnect ?? {},
    )
  }

  async #cancel(requestId: RequestId, reason: string): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined
    const patience = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, CANCEL_WAIT_MS)
    })
    const sent = this.notify('notifications/cancelled', { requestId, reason }).catch(this.#line.report)
    await Promise.race([sent, patience])
    clearTimeout(timer)
  }
}
