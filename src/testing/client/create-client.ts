/**
 * The client itself: one era, known from the start or found by a probe, behind one interface.
 *
 * @module
 */
import type { JsonObject } from '../../wire/jsonrpc.ts'
import type { LogLevel } from '../../wire/log-level.ts'
import type { Client, ClientOptions, EndStatus, RequestOptions, StreamKind, StreamStatus } from './client.ts'
import type { Era } from './era.ts'
import { ClientError } from './errors.ts'
import type { Answer, ExchangeRequest } from './exchange.ts'
import { LegacyEra } from './legacy/era.ts'
import { createLine, type Line } from './line.ts'
import { ModernEra } from './modern/era.ts'
import type { ListenFilter, ListenOptions, Subscription } from './modern/subscription.ts'
import type { Negotiated } from './negotiated.ts'
import { type EraFinding, notModern, probe } from './probe.ts'
import { type ClientEra, type ClientRevision, clientRevision, LATEST_LEGACY, LATEST_MODERN } from './revisions.ts'

/**
 * Makes a client for the MCP endpoint at `url`. Nothing is sent yet.
 *
 * @throws {ClientError} `unsupported_revision` for a revision that the client does not speak.
 * @example
 * ```ts
 * const client = createClient('http://127.0.0.1:8000/mcp', { revision: 'auto' })
 * await client.connect()
 * const { tools } = await client.request('tools/list')
 * await client.close()
 * ```
 */
export function createClient(url: string | URL, options: ClientOptions = {}): Client {
  return new HttpClient(String(url), options)
}

const ERAS: Readonly<
  Record<ClientEra, new (...args: ConstructorParameters<typeof LegacyEra>) => LegacyEra | ModernEra>
> = { legacy: LegacyEra, modern: ModernEra }

class HttpClient implements Client {
  readonly url: string
  finding: EraFinding | undefined
  readonly #line: Line
  readonly #clientInfo
  #era: LegacyEra | ModernEra | undefined

  constructor(url: string, options: ClientOptions) {
    this.url = url
    this.#line = createLine(url, options)
    this.#clientInfo = options.clientInfo ?? { name: 'fairlead-client', version: '0' }
    const { revision = LATEST_LEGACY.name } = options
    if (revision === 'auto') return
    const known = clientRevision(revision)
    if (!known) throw new ClientError('unsupported_revision', `No revision ${String(revision)} is known.`)
    this.#era = this.#eraFor(known)
  }

  get era(): ClientEra | undefined {
    return this.#era?.name
  }

  get session(): Negotiated | undefined {
    return this.#era?.negotiated
  }

  async connect(): Promise<Negotiated> {
    if (this.#era === undefined) await this.probe()
    const era = this.#known
    return await (era instanceof ModernEra ? expectModern(() => era.connect()) : era.connect())
  }

  async probe(): Promise<EraFinding> {
    if (this.finding !== undefined) return this.finding
    const modern = new ModernEra(this.#line, LATEST_MODERN, this.#clientInfo)
    const finding = await probe(modern, LATEST_MODERN)
    // What the probe was told need not be asked for again.
    this.#era = finding.revision === LATEST_MODERN ? modern : this.#eraFor(finding.revision)
    this.finding = finding
    return finding
  }

  async initialize(): Promise<Negotiated> {
    return await this.#legacy('initialize').initialize()
  }

  async initialized(): Promise<void> {
    await this.#legacy('notifications/initialized').initialized()
  }

  async discover(): Promise<Negotiated> {
    const era = this.#modern('server/discover')
    return await expectModern(() => era.discover())
  }

  async request(method: string, params?: JsonObject, options: RequestOptions = {}): Promise<JsonObject> {
    return await this.#known.request(method, params, options)
  }

  async notify(method: string, params?: JsonObject): Promise<void> {
    await this.#known.notify(method, params)
  }

  async setLogLevel(level: LogLevel): Promise<void> {
    await this.#known.setLogLevel(level)
  }

  async openStream(): Promise<StreamStatus> {
    return await this.#legacy('The session stream').openStream()
  }

  closeStream(): void {
    this.#legacy('The session stream').closeStream()
  }

  async listen(filter: ListenFilter, options: ListenOptions = {}): Promise<Subscription> {
    return await this.#modern('subscriptions/listen').listen(filter, options)
  }

  cutStreams(which: StreamKind | 'all' = 'all'): void {
    this.#line.cut(which)
  }

  exchange(request: ExchangeRequest): Promise<Answer> {
    return this.#line.exchanger.send({ signal: this.#line.closing, ...request })
  }

  async end(): Promise<EndStatus> {
    return await this.#era?.end()
  }

  async close(): Promise<void> {
    if (this.#line.closing.aborted) return
    await this.end().catch((error: unknown) => this.#line.report(error))
    this.#era?.close()
    this.#line.close()
  }

  #eraFor(revision: ClientRevision): LegacyEra | ModernEra {
    return new ERAS[revision.era](this.#line, revision, this.#clientInfo)
  }

  get #known(): Era {
    if (this.#era) return this.#era
    throw new ClientError('wrong_era', 'Nothing can be sent before connect() or probe() has found the era.')
  }

  #legacy(what: string): LegacyEra {
    if (this.#known instanceof LegacyEra) return this.#known
    throw new ClientError('wrong_era', `${what} belongs to the legacy era, and this client speaks the modern one.`)
  }

  #modern(what: string): ModernEra {
    if (this.#known instanceof ModernEra) return this.#known
    throw new ClientError('wrong_era', `${what} belongs to the modern era, and this client speaks the legacy one.`)
  }
}

/** A server that is no modern one refuses the first request in a way that says little: this says what it means. */
async function expectModern(discovering: () => Promise<Negotiated>): Promise<Negotiated> {
  try {
    return await discovering()
  } catch (error) {
    throw notModern(error, LATEST_MODERN)
  }
}
