/**
 * The few messages of MCP that the checks send, each on a connection of its own.
 *
 * @see the specification, basic/transports, "Streamable HTTP"
 * @module
 */
import { createParser } from 'eventsource-parser'
import { JSON_TYPE, LAST_EVENT_ID, METHOD, PROTOCOL_VERSION, SESSION_ID, SSE_TYPE } from '../../wire/headers.ts'
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { packageVersion } from '../version.ts'
import type { OpenStream, Whole, Wire, WireRequest } from './wire.ts'

/** A session as a client has it. */
export interface Session {
  readonly id: string
  readonly revision: string
}

/** The answer to a request. */
export interface Answered {
  readonly reply: Whole
  /** The JSON-RPC message with the result or the error. */
  readonly message: JsonObject | undefined
  /** The ids of the events that it came in. */
  readonly eventIds: readonly string[]
}

/** How often a session is tried that not every replica knows. */
const TRIES = 6

const CLIENT = { name: 'fairlead-doctor', title: 'Fairlead doctor', version: packageVersion() }

export class Talk {
  readonly wire: Wire
  #ids = 0
  readonly #opened: Session[] = []

  constructor(wire: Wire) {
    this.wire = wire
  }

  /** A request of the legacy era, or `initialize` without a session. */
  async request(
    method: string,
    params: JsonObject,
    session?: Session,
    more: Partial<WireRequest> = {},
  ): Promise<Answered> {
    const id = ++this.#ids
    const headers = { ...CONTENT, ...sessionHeaders(session), ...more.headers }
    const body = JSON.stringify({ jsonrpc: '2.0', id, method, params })
    return read(await this.wire.send({ method: 'POST', body, ...more, headers }), id)
  }

  /** @param padding bytes of text that make the request large */
  async initialize(revision: string, more?: Partial<WireRequest>, padding = 0): Promise<Answered> {
    const meta = padding === 0 ? {} : { _meta: { 'fairlead/padding': 'x'.repeat(padding) } }
    const params = { protocolVersion: revision, capabilities: {}, clientInfo: CLIENT, ...meta }
    const answered = await this.request('initialize', params, undefined, more)
    const id = answered.reply.headers[SESSION_ID]
    if (typeof id === 'string') this.#opened.push({ id, revision })
    return answered
  }

  /** Ends all sessions that were opened: most servers keep each of them in memory. */
  async endAll(): Promise<void> {
    await Promise.all(this.#opened.splice(0).map((session) => this.delete(session).catch(() => undefined)))
  }

  async ping(session: Session | undefined, more?: Partial<WireRequest>): Promise<Answered> {
    return this.request('ping', {}, session, more)
  }

  /** `server/discover`: the first request of the modern era. */
  discover(revision: string): Promise<Answered> {
    const { headers, params } = modern(revision, 'server/discover')
    return this.request('server/discover', params, undefined, { headers })
  }

  /** Opens a subscription of the modern era. */
  listen(revision: string, more: Readonly<Record<string, string>> = {}, limitMs?: number): Promise<OpenStream> {
    const { headers, params } = modern(revision, 'subscriptions/listen')
    const asked = { ...params, notifications: { toolsListChanged: true } }
    const body = JSON.stringify({ jsonrpc: '2.0', id: ++this.#ids, method: 'subscriptions/listen', params: asked })
    const limit = limitMs === undefined ? {} : { limitMs }
    return this.wire.open({ method: 'POST', headers: { ...CONTENT, ...headers, ...more }, body, ...limit })
  }

  /** Opens the session stream, or what `headers` ask for instead. */
  get(session: Session, headers: Readonly<Record<string, string>> = {}, limitMs?: number): Promise<OpenStream> {
    const all = { accept: SSE_TYPE, ...sessionHeaders(session), ...headers }
    return this.wire.open({ method: 'GET', headers: all, ...(limitMs !== undefined && { limitMs }) })
  }

  resume(session: Session, lastEventId: string): Promise<OpenStream> {
    return this.get(session, { [LAST_EVENT_ID]: lastEventId })
  }

  delete(session: Session): Promise<Whole> {
    return this.wire.send({ method: 'DELETE', headers: sessionHeaders(session) })
  }

  /** Tries again where a replica does not know the session: that is found out by a check of its own. */
  async anywhere<Reply extends { readonly status: number }>(attempt: () => Promise<Reply>): Promise<Reply> {
    for (let tries = 1; ; tries++) {
      const reply = await attempt()
      if ((reply.status !== 404 && reply.status !== 503) || tries === TRIES) return reply
      if ('close' in reply && typeof reply.close === 'function') reply.close()
    }
  }
}

const CONTENT = { accept: `${JSON_TYPE}, ${SSE_TYPE}`, 'content-type': JSON_TYPE }

/** What a request of the modern era says of itself. */
function modern(revision: string, method: string): { headers: Record<string, string>; params: JsonObject } {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': revision,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return { headers: { [PROTOCOL_VERSION]: revision, [METHOD]: method }, params: { _meta: meta } }
}

function sessionHeaders(session: Session | undefined): Record<string, string> {
  return session === undefined ? {} : { [SESSION_ID]: session.id, [PROTOCOL_VERSION]: session.revision }
}

export interface SseMessage {
  readonly id: string | undefined
  readonly message: JsonObject | undefined
}

/** The events of a stream so far. */
export function eventsOf(text: string): SseMessage[] {
  const events: SseMessage[] = []
  const parser = createParser({ onEvent: ({ id, data }) => events.push({ id, message: parsed(data) }) })
  parser.feed(text)
  return events
}

/** The answer in a body, JSON or SSE, to the request with this id. */
function read(reply: Whole, id: number): Answered {
  const streamed = isSse(reply.headers['content-type'])
  const events = streamed ? eventsOf(reply.text) : [{ id: undefined, message: parsed(reply.text) }]
  const answers = (message: JsonObject | undefined): boolean =>
    message !== undefined && (message['id'] === id || isObject(message['error'])) && message['method'] === undefined
  return {
    reply,
    message: events.map(({ message }) => message).find(answers),
    eventIds: events.flatMap((event) => event.id ?? []),
  }
}

export function isSse(type: string | undefined): boolean {
  return type !== undefined && type.split(';')[0]!.trim().toLowerCase() === SSE_TYPE
}

function parsed(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The words of the JSON-RPC error in an answer, empty where there is none. */
export function errorOf({ message }: Pick<Answered, 'message'>): string {
  const error = message?.['error']
  return isObject(error) && typeof error['message'] === 'string' ? error['message'] : ''
}

/** The same for a body that answers no request. */
export function refusalOf(text: string): string {
  return errorOf({ message: parsed(text) })
}
