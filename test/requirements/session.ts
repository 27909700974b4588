/** A client of the 2025 era, as thin as it can be: it adds the headers that every request needs, and nothing else. */
import type { OutgoingHttpHeaders } from 'node:http'
import { type EventStream, type Exchange, exchange, type Message } from './http.ts'
import type { LEGACY } from './requirements.ts'

export type Served = (typeof LEGACY)[number]

export const JSON_BOTH = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

/** Everything that a client of 2025-11-25 can declare. */
export const ALL_CAPABILITIES = {
  sampling: { tools: {}, context: {} },
  elicitation: { form: {}, url: {} },
  roots: { listChanged: true },
}

export interface OpenOptions {
  revision?: Served
  capabilities?: object
  clientInfo?: object
  /** More headers on every request, for example `authorization`. */
  headers?: OutgoingHttpHeaders
  /** Whether `notifications/initialized` is sent. Default true. */
  initialized?: boolean
}

/** How to answer the server's questions, by their method. */
export type Answers = { [method: string]: (params: { [name: string]: unknown }) => object }

/** The `initialize` request as it goes over the wire. */
export function initializeMessage(options: OpenOptions = {}): object {
  const { revision = '2025-11-25', capabilities = ALL_CAPABILITIES } = options
  const clientInfo = options.clientInfo ?? { name: 'raw', version: '1.0.0' }
  return {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: revision, capabilities, clientInfo },
  }
}

/** Posts a message, or whatever else is given as text or bytes. */
export function post(url: string, body: object | string | Uint8Array, headers: OutgoingHttpHeaders = JSON_BOTH) {
  const raw = typeof body === 'string' || body instanceof Uint8Array
  return exchange(url, { headers, body: raw ? body : JSON.stringify(body) })
}

/** The message that a response to one request carries, as JSON or at the end of its stream. */
export async function answerOf(reply: Exchange): Promise<Message> {
  if (!reply.headers['content-type']?.startsWith('text/event-stream')) return await reply.json()
  const stream = reply.stream()
  await stream.end()
  const last = stream.messages.at(-1)
  if (last === undefined) throw new Error(`the stream carried no message: ${JSON.stringify(stream.items)}`)
  return last
}

/** All messages of a response: one object, an array, or a stream to its end. */
export async function allOf(reply: Exchange): Promise<Message[]> {
  if (!reply.headers['content-type']?.startsWith('text/event-stream')) return [await reply.json()].flat()
  const stream = reply.stream()
  await stream.end()
  return stream.messages
}

export async function open(url: string, options: OpenOptions = {}): Promise<RawSession> {
  const reply = await post(url, initializeMessage(options), { ...JSON_BOTH, ...options.headers })
  const { result, error } = await answerOf(reply)
  if (result === undefined) throw new Error(`initialize failed: ${reply.status} ${JSON.stringify(error)}`)
  const session = new RawSession(url, String(reply.headers['mcp-session-id']), result, options)
  if (options.initialized ?? true) await session.notify('notifications/initialized')
  return session
}

/** A session that was opened. */
export class RawSession {
  readonly url: string
  readonly id: string
  /** What `initialize` was answered with. */
  readonly initialized: { [name: string]: unknown }
  readonly headers: OutgoingHttpHeaders
  #requests = 0

  constructor(url: string, id: string, initialized: { [name: string]: unknown }, options: OpenOptions) {
    this.url = url
    this.id = id
    this.initialized = initialized
    const { revision = '2025-11-25', headers = {} } = options
    const version = revision < '2025-06-18' ? {} : { 'mcp-protocol-version': revision }
    this.headers = { ...JSON_BOTH, 'mcp-session-id': id, ...version, ...headers }
  }

  /** The same session used with other headers, as another party would that got hold of its id. */
  with(headers: OutgoingHttpHeaders): RawSession {
    return new RawSession(this.url, this.id, this.initialized, { headers: { ...this.headers, ...headers } })
  }

  nextId(): number {
    return ++this.#requests
  }

  post(body: object | string | Uint8Array, headers: OutgoingHttpHeaders = {}): Promise<Exchange> {
    return post(this.url, body, { ...this.headers, ...headers })
  }

  notify(method: string, params?: object): Promise<Exchange> {
    return this.post({ jsonrpc: '2.0', method, params })
  }

  /** Answers a question of the server. */
  answer(id: unknown, outcome: { result: object } | { error: object }): Promise<Exchange> {
    return this.post({ jsonrpc: '2.0', id, ...outcome })
  }

  /** Starts a request and returns its stream, without waiting for its end. */
  async start(method: string, params?: object): Promise<{ id: number; stream: EventStream }> {
    const id = this.nextId()
    const reply = await this.post({ jsonrpc: '2.0', id, method, params })
    if (reply.status !== 200) throw new Error(`${method}: ${reply.status} ${await reply.text()}`)
    return { id, stream: reply.stream() }
  }

  startCall(name: string, args?: object, meta?: object): Promise<{ id: number; stream: EventStream }> {
    return this.start('tools/call', { name, arguments: args, _meta: meta })
  }

  /** Sends a request, answers the questions that come before its response, and returns the response. */
  async request(method: string, params?: object, answers: Answers = {}): Promise<Message> {
    const { id, stream } = await this.start(method, params)
    const asked = new Set<unknown>()
    return await stream.until('the response', () => {
      for (const message of stream.messages) {
        if (message.method === undefined && message.id === id) return message
        const answer = message.method === undefined ? undefined : answers[message.method]
        if (message.id === undefined || answer === undefined || asked.has(message.id)) continue
        asked.add(message.id)
        void this.answer(message.id, { result: answer(message.params!) })
      }
      return undefined
    })
  }

  call(name: string, args?: object, answers: Answers = {}): Promise<Message> {
    return this.request('tools/call', { name, arguments: args }, answers)
  }

  /** The text of a tool's result. */
  async text(name: string, args?: object, answers: Answers = {}): Promise<string> {
    const { result, error } = await this.call(name, args, answers)
    if (result === undefined) throw new Error(JSON.stringify(error))
    return (result['content'] as { text: string }[]).map((block) => block.text).join('')
  }

  /** GET: the session stream, or what followed an event. */
  get(lastEventId?: string, headers: OutgoingHttpHeaders = {}): Promise<Exchange> {
    const { 'content-type': _, ...rest } = this.headers
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    return exchange(this.url, {
      method: 'GET',
      headers: { ...rest, accept: 'text/event-stream', ...resume, ...headers },
    })
  }

  async listen(lastEventId?: string): Promise<EventStream> {
    const reply = await this.get(lastEventId)
    if (reply.status !== 200) throw new Error(`GET: ${reply.status} ${await reply.text()}`)
    return reply.stream()
  }

  delete(headers: OutgoingHttpHeaders = {}): Promise<Exchange> {
    const { 'content-type': _, ...rest } = this.headers
    return exchange(this.url, { method: 'DELETE', headers: { ...rest, ...headers } })
  }
}
