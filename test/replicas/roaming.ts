/** A client whose every message goes to a replica of the test's choice. */
import { type EventStream, type Exchange, exchange, type Message } from '../requirements/http.ts'
import { answerOf, initializeMessage, JSON_BOTH, type Served } from '../requirements/session.ts'
import type { Fleet } from './fleet.ts'

/** Where the replicas are. */
type Replicas = Pick<Fleet, 'urls'>

export class RoamingSession {
  readonly id: string
  readonly #fleet: Replicas
  /** What every message carries. */
  readonly headers: Record<string, string>
  #requests = 0

  private constructor(fleet: Replicas, id: string, revision: Served) {
    this.#fleet = fleet
    this.id = id
    this.headers = { ...JSON_BOTH, 'mcp-session-id': id }
    // The revision without the header.
    if (revision !== '2025-03-26') this.headers['mcp-protocol-version'] = revision
  }

  static async open(fleet: Replicas, at: number, revision: Served = '2025-11-25'): Promise<RoamingSession> {
    const body = JSON.stringify(initializeMessage({ revision }))
    const reply = await exchange(fleet.urls[at]!, { headers: JSON_BOTH, body })
    const { error } = await answerOf(reply)
    if (error !== undefined) throw new Error(JSON.stringify(error))
    const session = new RoamingSession(fleet, String(reply.headers['mcp-session-id']), revision)
    await session.notify(at, 'notifications/initialized')
    return session
  }

  post(at: number, body: object): Promise<Exchange> {
    return exchange(this.#fleet.urls[at]!, { headers: this.headers, body: JSON.stringify(body) })
  }

  notify(at: number, method: string, params?: object): Promise<Exchange> {
    return this.post(at, { jsonrpc: '2.0', method, params })
  }

  answer(at: number, id: unknown, outcome: { result: object } | { error: object }): Promise<Exchange> {
    return this.post(at, { jsonrpc: '2.0', id, ...outcome })
  }

  accept(at: number, id: unknown, text: string): Promise<Exchange> {
    return this.answer(at, id, { result: { action: 'accept', content: { text } } })
  }

  async start(at: number, method: string, params?: object): Promise<{ id: number; stream: EventStream }> {
    const id = ++this.#requests
    const reply = await this.post(at, { jsonrpc: '2.0', id, method, params })
    if (reply.status !== 200) throw new Error(`${method}: ${reply.status} ${await reply.text()}`)
    return { id, stream: reply.stream() }
  }

  call(at: number, name: string, args: object = {}, meta?: object): Promise<{ id: number; stream: EventStream }> {
    return this.start(at, 'tools/call', { name, arguments: args, _meta: meta })
  }

  /** Starts a call without waiting for the head of its response: a JSON answer has none before its end. */
  async callJson(at: number, name: string, args: object = {}): Promise<Message> {
    const body = { jsonrpc: '2.0', id: ++this.#requests, method: 'tools/call', params: { name, arguments: args } }
    const request = { method: 'POST', headers: this.headers, body: JSON.stringify(body) }
    return (await fetch(this.#fleet.urls[at]!, request)).json() as Promise<Message>
  }

  async request(at: number, method: string, params?: object): Promise<Message> {
    const { id, stream } = await this.start(at, method, params)
    return stream.response(id)
  }

  async text(at: number, name: string, args: object = {}): Promise<string> {
    const { id, stream } = await this.call(at, name, args)
    return textOf(await stream.response(id))
  }

  get(at: number, lastEventId?: string): Promise<Exchange> {
    const { 'content-type': _, ...headers } = this.headers
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    return exchange(this.#fleet.urls[at]!, {
      method: 'GET',
      headers: { ...headers, accept: 'text/event-stream', ...resume },
    })
  }

  async listen(at: number, lastEventId?: string): Promise<EventStream> {
    const reply = await this.get(at, lastEventId)
    if (reply.status !== 200) throw new Error(`GET: ${reply.status} ${await reply.text()}`)
    return reply.stream()
  }

  delete(at: number): Promise<Exchange> {
    const { 'content-type': _, ...headers } = this.headers
    return exchange(this.#fleet.urls[at]!, { method: 'DELETE', headers })
  }
}

export function textOf({ result, error }: Message): string {
  if (result === undefined) throw new Error(JSON.stringify(error))
  return (result['content'] as { text: string }[]).map((block) => block.text).join('')
}

/** Tries until it holds. */
export async function eventually(
  what: string,
  holds: () => Promise<boolean> | boolean,
  limitMs = 5_000,
): Promise<void> {
  const limit = Date.now() + limitMs
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`in vain: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
