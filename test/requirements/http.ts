/**
 * One HTTP exchange as bytes: any method, any header, a body in any state, and the response as it arrives. Nothing
 * here knows MCP, so nothing here can hide what is wrong on the wire.
 */
import { type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request } from 'node:http'
import { createParser } from 'eventsource-parser'

/**
 * A wait in a test ends with a failure, never with the test's own time-out, which says less. Longer than a server may take to
 * say that it can't answer: what has to cross replicas waits for 5 s.
 */
const LIMIT_MS = 10_000

export interface Message {
  jsonrpc?: string
  id?: string | number | null
  method?: string
  params?: { [name: string]: unknown }
  result?: { [name: string]: unknown }
  error?: { code: number; message: string; data?: { [name: string]: unknown } }
}

/** What an event stream carried, in order. */
export interface StreamItem {
  readonly kind: 'event' | 'retry' | 'comment'
  /** Of an event: its type, where it is named. */
  readonly event?: string
  /** Of an event: its id, if it has one. */
  readonly id?: string
  /** Of an event: its data as text. */
  readonly data?: string
  /** Of an event with data: the message in it. */
  readonly message?: Message
  /** Of a retry: the milliseconds. */
  readonly ms?: number
}

export interface Exchange {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  /** The whole body. */
  text(): Promise<string>
  /** The whole body as JSON. */
  json(): Promise<Message>
  /** The body as an event stream. */
  stream(): EventStream
  /** Destroys the connection. */
  cut(): void
}

export interface ExchangeOptions {
  method?: string
  headers?: OutgoingHttpHeaders
  body?: string | Uint8Array
}

/** Sends a request and resolves when the head of the response is there. */
export function exchange(url: string, { method = 'POST', headers = {}, body }: ExchangeOptions): Promise<Exchange> {
  return new Promise((resolve, reject) => {
    // A header set to undefined is one that is left out.
    const sent = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined))
    const outgoing = request(url, { method, headers: sent, agent: false })
    const timer = setTimeout(() => outgoing.destroy(new Error(`no response to ${method} ${url}`)), LIMIT_MS)
    outgoing.once('error', reject)
    outgoing.once('response', (response) => {
      clearTimeout(timer)
      response.on('error', () => {})
      resolve(read(response))
    })
    outgoing.end(body)
  })
}

function read(response: IncomingMessage): Exchange {
  let whole: Promise<string> | undefined
  const text = () => {
    whole ??= response
      .setEncoding('utf8')
      .toArray()
      .then((chunks: string[]) => chunks.join(''))
    return within('the end of the body', whole)
  }
  return {
    status: response.statusCode!,
    headers: response.headers,
    text,
    json: async () => JSON.parse(await text()),
    stream: () => new EventStream(response),
    cut: () => response.destroy(),
  }
}

/** Reads an event stream as it arrives. */
export class EventStream {
  readonly items: StreamItem[] = []
  readonly #response: IncomingMessage
  readonly #ended: Promise<void>
  #over = false
  #wake: () => void = () => {}

  constructor(response: IncomingMessage) {
    this.#response = response
    const parser = createParser({
      onEvent: ({ id, event, data }) => {
        const message = data !== '' && event !== 'endpoint' && { message: JSON.parse(data) as Message }
        this.items.push({ kind: 'event', ...(event !== undefined && { event }), id, data, ...message })
      },
      onRetry: (ms) => this.items.push({ kind: 'retry', ms }),
      onComment: () => this.items.push({ kind: 'comment' }),
    })
    response.setEncoding('utf8')
    response.on('data', (chunk: string) => {
      parser.feed(chunk)
      this.#wake()
    })
    this.#ended = new Promise((resolve) => {
      response.once('close', () => {
        this.#over = true
        resolve()
        this.#wake()
      })
    })
  }

  /** Whether the response has ended, cleanly or not. */
  get ended(): boolean {
    return this.#over
  }

  /** Whether it ended where its encoding says that it ends. */
  get complete(): boolean {
    return this.#response.complete
  }

  get events(): StreamItem[] {
    return this.items.filter((item) => item.kind === 'event')
  }

  get messages(): Message[] {
    return this.items.flatMap((item) => item.message ?? [])
  }

  get ids(): string[] {
    return this.events.flatMap((item) => item.id ?? [])
  }

  /** The first message that matches, as soon as it is there. */
  async message(matches: (message: Message) => boolean): Promise<Message> {
    const found = await this.until('a message', () => this.messages.find(matches))
    return found
  }

  /** The message with this method. */
  method(name: string): Promise<Message> {
    return this.message((message) => message.method === name)
  }

  /** The response to the request with this id. */
  response(id: string | number): Promise<Message> {
    return this.message((message) => message.id === id && message.method === undefined)
  }

  async until<T>(what: string, probe: () => T | undefined): Promise<T> {
    const limit = Date.now() + LIMIT_MS
    for (;;) {
      const value = probe()
      if (value !== undefined) return value
      if (this.#over) throw new Error(`the stream ended before ${what}: ${JSON.stringify(this.items)}`)
      if (Date.now() > limit) throw new Error(`waited in vain for ${what}: ${JSON.stringify(this.items)}`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 50)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** Waits for the end. */
  end(): Promise<void> {
    return within('the end of the stream', this.#ended)
  }

  /** Destroys the connection. */
  cut(): void {
    this.#response.destroy()
  }
}

function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited in vain for ${what}`)), LIMIT_MS)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
