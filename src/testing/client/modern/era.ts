/**
 * The modern era, from 2026-07-28 on: no handshake and no session. Every request says all about itself, its answer
 * belongs to it alone, and a server that needs input asks for it in the answer.
 *
 * @see the specification 2026-07-28, basic/index, "Statelessness"
 * @module
 */
import type { JsonObject } from '../../../wire/jsonrpc.ts'
import type { LogLevel } from '../../../wire/log-level.ts'
import { capabilitiesOf } from '../asks.ts'
import type { RequestOptions } from '../client.ts'
import type { Era } from '../era.ts'
import { ClientError } from '../errors.ts'
import type { Line } from '../line.ts'
import type { Implementation, Negotiated } from '../negotiated.ts'
import type { ClientRevision } from '../revisions.ts'
import { readDiscoverResult, supportedVersions } from './discover.ts'
import { createEndpoint } from './endpoint.ts'
import { enveloped } from './envelope.ts'
import { createParamHeaders } from './param-headers.ts'
import { finish } from './rounds.ts'
import { createSend, type Send, type Sent } from './sender.ts'
import { type ListenFilter, type ListenOptions, openSubscription, type Subscription } from './subscription.ts'

const HEADER_MISMATCH = -32020

/** A server that never stops handing out cursors is not followed for ever. */
const MAX_PAGES = 100

export class ModernEra implements Era {
  readonly name = 'modern'
  negotiated: Negotiated | undefined
  readonly #line: Line
  readonly #revision: ClientRevision
  readonly #clientInfo: Implementation
  readonly #paramHeaders = createParamHeaders()
  readonly #endpoint
  readonly #post: Send
  #logLevel: LogLevel | undefined

  constructor(line: Line, revision: ClientRevision, clientInfo: Implementation) {
    this.#line = line
    this.#revision = revision
    this.#clientInfo = clientInfo
    this.#endpoint = createEndpoint(line, revision, this.#paramHeaders)
    this.#post = createSend(line, this.#endpoint)
  }

  /** A probe may have asked already. */
  async connect(): Promise<Negotiated> {
    const negotiated = this.negotiated ?? (await this.discover())
    const versions = supportedVersions(negotiated.result) ?? []
    if (versions.includes(this.#revision.name)) return negotiated
    const message = `The server speaks ${versions.join(', ') || 'no revision'}; this client was told to speak ${this.#revision.name}.`
    throw new ClientError('unsupported_revision', message)
  }

  async discover(): Promise<Negotiated> {
    const { result } = await this.#send('server/discover', undefined, {})
    this.negotiated = readDiscoverResult(result, this.#revision)
    return this.negotiated
  }

  async request(method: string, params: JsonObject | undefined, options: RequestOptions): Promise<JsonObject> {
    const line = this.#line
    const result = await finish({
      method,
      handlers: line.options,
      signal: options.signal ? AbortSignal.any([options.signal, line.closing]) : line.closing,
      first: await this.#sendCorrected(method, params, options),
      retry: (answers, purpose) => this.#send(method, { ...params, ...answers }, options, purpose),
    })
    if (method !== 'tools/list') return result
    return this.#paramHeaders.learn(result, (tool, why) => {
      line.report(new ClientError('not_mcp', `tools/list: the tool ${tool} is left out: ${why}.`))
    })
  }

  /** The revision defines no notification of a client over HTTP; a test may send one all the same. */
  async notify(method: string, params: JsonObject | undefined): Promise<void> {
    const message = { jsonrpc: '2.0', method, params: this.#enveloped(params) }
    const answer = await this.#endpoint.post(message, this.#line.closing)
    if (answer.kind === 'stream') answer.cut()
    if (answer.status >= 300) throw this.#endpoint.refusal(method, answer)
  }

  async setLogLevel(level: LogLevel): Promise<void> {
    this.#logLevel = level
  }

  listen(notifications: ListenFilter, options: ListenOptions): Promise<Subscription> {
    const params = this.#enveloped({ notifications: { ...notifications } })
    return openSubscription(this.#line, this.#endpoint, params, options)
  }

  /** There is no session to end. */
  async end(): Promise<undefined> {}

  close(): void {}

  #send(method: string, params: JsonObject | undefined, ...rest: Rest): Promise<Sent> {
    return this.#post(method, this.#enveloped(params), ...rest)
  }

  #enveloped(params: JsonObject | undefined): JsonObject {
    const { options } = this.#line
    return enveloped(params, {
      revision: this.#revision,
      clientInfo: this.#clientInfo,
      capabilities: options.capabilities ?? capabilitiesOf(options, this.#revision),
      logLevel: this.#logLevel,
    })
  }

  /**
   * Sends a request. A tool that was refused for its headers is sent once more, with those that its definition asks for
   * now: "the client SHOULD call tools/list to check for changes to the tool's inputSchema, then retry".
   */
  async #sendCorrected(method: string, params: JsonObject | undefined, options: RequestOptions): Promise<Sent> {
    try {
      return await this.#send(method, params, options)
    } catch (error) {
      const mismatch = error instanceof ClientError && error.rpc?.code === HEADER_MISMATCH
      if (!mismatch || method !== 'tools/call') throw error
      const mirrored = (): string => {
        return JSON.stringify(this.#paramHeaders.of(String(params?.['name']), params?.['arguments']))
      }
      const before = mirrored()
      await this.#listTools(options)
      if (mirrored() === before) throw error
      return await this.#send(method, params, options)
    }
  }

  async #listTools({ onProgress: _, ...options }: RequestOptions): Promise<void> {
    let cursor: unknown
    for (let page = 0; page < MAX_PAGES; page++) {
      const result = await this.request('tools/list', cursor === undefined ? undefined : { cursor }, options)
      cursor = result['nextCursor']
      if (typeof cursor !== 'string') return
    }
  }
}

type Rest = Parameters<Send> extends [string, JsonObject, ...infer Others] ? Others : never
