/** A client of HTTP+SSE (2024-11-05), as thin as it can be: one GET, and a POST for every message. */
import type { OutgoingHttpHeaders } from 'node:http'
import { type EventStream, type Exchange, exchange, type Message } from './http.ts'
import { type Answers, initializeMessage, type OpenOptions } from './session.ts'

/** The URL of the SSE endpoint beside an MCP endpoint. */
export function sseUrl(url: string): string {
  return url.replace(/\/mcp$/, '/sse')
}

/** A connection whose `endpoint` event has come. */
export class SseSession {
  readonly stream: EventStream
  /** Where messages are posted to. */
  readonly endpoint: string
  readonly headers: OutgoingHttpHeaders
  #requests = 0

  private constructor(stream: EventStream, endpoint: string, headers: OutgoingHttpHeaders) {
    this.stream = stream
    this.endpoint = endpoint
    this.headers = headers
  }

  /** @param url the SSE endpoint */
  static async connect(url: string, headers: OutgoingHttpHeaders = {}): Promise<SseSession> {
    const reply = await exchange(url, { method: 'GET', headers: { accept: 'text/event-stream', ...headers } })
    if (reply.status !== 200) throw new Error(`GET: ${reply.status} ${await reply.text()}`)
    const stream = reply.stream()
    const first = await stream.until('the endpoint event', () => stream.events[0])
    if (first.event !== 'endpoint') throw new Error(`the first event is ${JSON.stringify(first)}`)
    return new SseSession(stream, new URL(first.data!, url).href, headers)
  }

  /** Connects and initializes. */
  static async open(url: string, options: OpenOptions = {}): Promise<SseSession> {
    const session = await SseSession.connect(url, options.headers)
    const accepted = await session.post(initializeMessage({ revision: '2024-11-05', ...options }))
    if (accepted.status !== 202) throw new Error(`initialize: ${accepted.status} ${await accepted.text()}`)
    const answer = await session.stream.response(0)
    if (answer.result === undefined) throw new Error(`initialize failed: ${JSON.stringify(answer)}`)
    if (options.initialized ?? true) await session.notify('notifications/initialized')
    return session
  }

  post(body: object | string | Uint8Array, headers: OutgoingHttpHeaders = {}): Promise<Exchange> {
    const raw = typeof body === 'string' || body instanceof Uint8Array
    return exchange(this.endpoint, {
      headers: { 'content-type': 'application/json', ...this.headers, ...headers },
      body: raw ? body : JSON.stringify(body),
    })
  }

  notify(method: string, params?: object): Promise<Exchange> {
    return this.post({ jsonrpc: '2.0', method, params })
  }

  /** Answers a question of the server. */
  answer(id: unknown, outcome: { result: object } | { error: object }): Promise<Exchange> {
    return this.post({ jsonrpc: '2.0', id, ...outcome })
  }

  /** Posts a request and returns its id, without waiting for its answer. */
  async start(method: string, params?: object): Promise<number> {
    const id = ++this.#requests
    const accepted = await this.post({ jsonrpc: '2.0', id, method, params })
    if (accepted.status !== 202) throw new Error(`${method}: ${accepted.status} ${await accepted.text()}`)
    return id
  }

  /** Sends a request, answers the questions that come before its response, and returns the response. */
  async request(method: string, params?: object, answers: Answers = {}): Promise<Message> {
    const id = await this.start(method, params)
    const asked = new Set<unknown>()
    return await this.stream.until(`the response to ${method}`, () => {
      for (const message of this.stream.messages) {
        if (message.method === undefined && message.id === id) return message
        const answer = message.method === undefined ? undefined : answers[message.method]
        if (message.id === undefined || answer === undefined || asked.has(message.id)) continue
        asked.add(message.id)
        void this.answer(message.id, { result: answer(message.params!) })
      }
      return undefined
    })
  }

  call(name: string, args?: object, answers: Answers = {}, meta?: object): Promise<Message> {
    return this.request('tools/call', { name, arguments: args, _meta: meta }, answers)
  }

  /** The text of a tool's result. */
  async text(name: string, args?: object, answers: Answers = {}): Promise<string> {
    const { result, error } = await this.call(name, args, answers)
    if (result === undefined) throw new Error(JSON.stringify(error))
    return (result['content'] as { text: string }[]).map((block) => block.text).join('')
  }
}
