/**
 * HTTP as a load balancer sees it: every request on a connection of its own, so that each may reach another replica, and
 * every piece of an answer with the time at which it came.
 *
 * @module
 */
import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, request as plainRequest } from 'node:http'
import { request as secureRequest } from 'node:https'
import { printable } from '../terminal/text.ts'

export interface WireRequest {
  readonly method: 'POST' | 'GET' | 'DELETE' | 'OPTIONS'
  /** Default: that of the endpoint. */
  readonly path?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Sends the body without saying how long it is. */
  readonly chunked?: boolean
  /** How long to wait for the head of the answer, in milliseconds. Default 12,000. */
  readonly limitMs?: number
}

export interface Head {
  readonly status: number
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  /** From the beginning of the request to the head of the answer. */
  readonly headMs: number
}

/** An answer that was read to its end. */
export interface Whole extends Head {
  readonly text: string
}

/** `clean`: ended as HTTP ends a body. `broken`: the connection went away in the middle. */
export interface StreamEnd {
  readonly how: 'clean' | 'broken'
  /** From the head of the answer. */
  readonly afterMs: number
  /** From the last byte, or from the head where none came. */
  readonly idleMs: number
}

/** An answer that is read as it comes. */
export interface OpenStream extends Head {
  /** Everything so far. */
  readonly text: string
  /** When each piece came, from the head of the answer. */
  readonly arrivals: readonly { readonly afterMs: number; readonly text: string }[]
  /** When the head came, by `performance.now()`. */
  readonly openedAt: number
  /** Set once the stream is over, unless this side has closed it. */
  readonly end: StreamEnd | undefined
  /** Waits until it holds, the stream is over, or the time has passed. */
  until(holds: () => boolean, limitMs: number): Promise<boolean>
  close(): void
}

/** No answer: no connection, or silence. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer'
  /** The connection was there, and nothing came in time. */
  readonly silent: boolean

  constructor(message: string, silent: boolean) {
    super(message)
    this.silent = silent
  }
}

/** Longer than a server of ours holds a request that it can't judge (5 s). */
const PATIENCE_MS = 12_000

/** More than any answer that is asked for here. */
const MAX_TEXT = 1_000_000

export class Wire {
  readonly url: URL
  readonly #headers: Readonly<Record<string, string>>
  readonly #open = new Set<ClientRequest>()

  /** @param headers sent with every request */
  constructor(url: string, headers: Readonly<Record<string, string>>) {
    this.url = new URL(url)
    this.#headers = headers
  }

  /** @throws {NoAnswer} */
  async send(request: WireRequest): Promise<Whole> {
    const stream = await this.open(request)
    await stream.until(() => stream.text.length > MAX_TEXT, PATIENCE_MS)
    stream.close()
    const { status, httpVersion, headers, headMs, text } = stream
    return { status, httpVersion, headers, headMs, text }
  }

  /** @throws {NoAnswer} */
  open({ method, path, headers, body, chunked, limitMs = PATIENCE_MS }: WireRequest): Promise<OpenStream> {
    const at = performance.now()
    const request = this.url.protocol === 'https:' ? secureRequest : plainRequest
    return new Promise((resolve, reject) => {
      const length = body === undefined || chunked ? {} : { 'content-length': String(Buffer.byteLength(body)) }
      const outgoing = request({
        host: this.url.hostname.replace(/^\[|\]$/g, ''),
        port: this.url.port,
        path: path ?? `${this.url.pathname}${this.url.search}`,
        method,
        headers: { ...this.#headers, ...headers, ...length, connection: 'close' },
        agent: false,
      })
      this.#open.add(outgoing)
      outgoing.on('close', () => this.#open.delete(outgoing))
      const timer = setTimeout(() => {
        reject(new NoAnswer(`nothing came for ${limitMs / 1000} s`, true))
        outgoing.destroy()
      }, limitMs)
      outgoing.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer)
        // Of several addresses each has its own reason; the first one says enough.
        const first = error instanceof AggregateError ? (error.errors[0] as NodeJS.ErrnoException) : error
        reject(new NoAnswer(printable(first.message || (first.code ?? 'no connection')), false))
      })
      outgoing.on('response', (incoming) => {
        clearTimeout(timer)
        resolve(new Reading(outgoing, incoming, performance.now() - at))
      })
      if (chunked && body !== undefined) {
        outgoing.write(body.slice(0, 1))
        outgoing.end(body.slice(1))
      } else outgoing.end(body)
    })
  }

  /** Ends everything that is open. */
  close(): void {
    for (const request of this.#open) request.destroy()
  }
}

class Reading implements OpenStream {
  readonly status: number
  readonly httpVersion: string
  readonly headers: IncomingHttpHeaders
  readonly headMs: number
  readonly arrivals: { afterMs: number; text: string }[] = []
  text = ''
  end: StreamEnd | undefined
  readonly #outgoing: ClientRequest
  readonly openedAt = performance.now()
  readonly #waiting = new Set<() => void>()
  #closed = false

  constructor(outgoing: ClientRequest, incoming: IncomingMessage, headMs: number) {
    this.#outgoing = outgoing
    this.status = incoming.statusCode ?? 0
    this.httpVersion = incoming.httpVersion
    this.headers = incoming.headers
    this.headMs = headMs
    incoming.setEncoding('utf8')
    incoming.on('data', (text: string) => {
      this.arrivals.push({ afterMs: this.#sinceHead(), text })
      this.text += text
      this.#look()
    })
    incoming.on('end', () => this.#over('clean'))
    incoming.on('error', () => this.#over('broken'))
    incoming.on('close', () => this.#over('broken'))
  }

  until(holds: () => boolean, limitMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true)
    if (this.end !== undefined || this.#closed) return Promise.resolve(false)
    return new Promise((resolve) => {
      const settle = (): void => {
        clearTimeout(timer)
        this.#waiting.delete(look)
        resolve(holds())
      }
      const look = (): void => {
        if (this.end !== undefined || this.#closed || holds()) settle()
      }
      const timer = setTimeout(settle, limitMs)
      this.#waiting.add(look)
    })
  }

  close(): void {
    this.#closed = true
    this.#outgoing.destroy()
    this.#look()
  }

  #sinceHead(): number {
    return performance.now() - this.openedAt
  }

  #over(how: StreamEnd['how']): void {
    if (this.end !== undefined || this.#closed) return
    const afterMs = this.#sinceHead()
    this.end = { how, afterMs, idleMs: afterMs - (this.arrivals.at(-1)?.afterMs ?? 0) }
    this.#look()
  }

  #look(): void {
    for (const look of [...this.#waiting]) look()
  }
}
