/** A client that shows how each answer came, and repairs nothing. */
import { createParser } from 'eventsource-parser'

export interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly result?: { readonly [name: string]: unknown }
  readonly error?: { readonly code: number; readonly message: string }
}

type Headers = Readonly<Record<string, string | undefined>>

/** One answer as it arrives. */
export class Answer {
  readonly kind: 'SSE' | 'JSON'
  readonly messages: Message[] = []
  readonly ids: string[] = []
  readonly cut: () => void
  readonly #done: Promise<void>
  #wake: (() => void)[] = []
  #over = false

  constructor(response: Response, cut: () => void) {
    this.kind = response.headers.get('content-type') === 'text/event-stream' ? 'SSE' : 'JSON'
    this.cut = cut
    this.#done = (this.kind === 'SSE' ? this.#readEvents(response) : this.#readJson(response))
      // A connection that the probe cuts itself ends its reading.
      .catch(() => {})
      .then(() => {
        this.#over = true
        this.#notify()
      })
  }

  end(): Promise<void> {
    return this.#done
  }

  /** The answer to the request: the message without a method. */
  async final(): Promise<Message> {
    const message = await this.#find((candidate) => candidate.method === undefined)
    if (message === undefined) throw new Error('The answer ended without a result.')
    return message
  }

  /** The first message with a method, or `undefined` when the answer ends without one. */
  method(name: string): Promise<Message | undefined> {
    return this.#find((candidate) => candidate.method === name)
  }

  async #find(matches: (message: Message) => boolean): Promise<Message | undefined> {
    for (;;) {
      const found = this.messages.find(matches)
      if (found !== undefined || this.#over) return found
      await new Promise<void>((resolve) => this.#wake.push(resolve))
    }
  }

  async #readJson(response: Response): Promise<void> {
    this.messages.push((await response.json()) as Message)
  }

  async #readEvents(response: Response): Promise<void> {
    const parser = createParser({
      onEvent: ({ id, data }) => {
        if (id !== undefined) this.ids.push(id)
        if (data !== '') this.messages.push(JSON.parse(data) as Message)
        this.#notify()
      },
    })
    const decoder = new TextDecoder()
    for await (const chunk of response.body!) parser.feed(decoder.decode(chunk, { stream: true }))
  }

  #notify(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

export class Peer {
  readonly #url: string
  readonly session: string | undefined
  readonly capabilities: object
  #ids = 100

  constructor(url: string, session: string | undefined, capabilities: object) {
    this.#url = url
    this.session = session
    this.capabilities = capabilities
  }

  /** A header that is `undefined` is left out. */
  post(message: object, headers: Headers = {}, url: string = this.#url): Promise<Response> {
    return send(url, 'POST', { ...this.#headers(), ...headers }, message)
  }

  async request(method: string, params: object, id: number = this.#ids++): Promise<Answer> {
    const controller = new AbortController()
    const response = await send(this.#url, 'POST', this.#headers(), { id, method, params }, controller.signal)
    return new Answer(response, () => controller.abort())
  }

  call(name: string, meta?: object, id?: number): Promise<Answer> {
    return this.request('tools/call', { name, ...(meta && { _meta: meta }) }, id)
  }

  async get(lastEventId?: string): Promise<{ status: number; stream: Answer | undefined }> {
    const controller = new AbortController()
    const headers = { ...this.#headers(), accept: 'text/event-stream', 'last-event-id': lastEventId }
    const response = await send(this.#url, 'GET', headers, undefined, controller.signal)
    const stream = response.status === 200 ? new Answer(response, () => controller.abort()) : undefined
    return { status: response.status, stream }
  }

  delete(): Promise<Response> {
    return send(this.#url, 'DELETE', this.#headers())
  }

  #headers(): Headers {
    return {
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': '2025-11-25',
      'mcp-session-id': this.session,
    }
  }
}

/** Does what is needed before the first request: a handshake, where there are sessions. */
export async function open(url: string): Promise<Peer> {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const params = {
    protocolVersion: '2025-11-25',
    capabilities: { roots: {} },
    clientInfo: { name: 'probe', version: '1.0.0' },
  }
  const response = await send(url, 'POST', headers, { id: 1, method: 'initialize', params })
  const { result } = await new Answer(response, () => {}).final()
  const session = response.headers.get('mcp-session-id') ?? undefined
  return new Peer(url, session, result?.['capabilities'] as object)
}

function send(
  url: string,
  method: string,
  headers: Headers,
  message?: object,
  signal?: AbortSignal,
): Promise<Response> {
  const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return fetch(url, {
    method,
    headers: Object.fromEntries(present),
    ...(message && { body: JSON.stringify({ jsonrpc: '2.0', ...message }) }),
    ...(signal && { signal }),
  })
}
