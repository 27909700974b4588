/**
 * A connection as bytes: what no HTTP client would send, and what came back, untouched.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A wait ends with a failure that says what came instead, never with the time-out of the test. */
const LIMIT_MS = 5_000

export interface WireResponse {
  readonly status: number
  /** By lower-case name. Several of one name are joined by a comma and a space. */
  readonly headers: Readonly<Record<string, string>>
  /** Decoded where it was chunked. */
  readonly body: string
}

/** A request as text. The body's length is added unless a header says how it ends. */
export function requestText(method: string, target: string, headers: object, body = ''): string {
  const lines = Object.entries(headers).flatMap(([name, value]) =>
    (Array.isArray(value) ? value : [value]).map((one) => `${name}: ${one}\r\n`),
  )
  const framed = Object.keys(headers).some((name) => /^(content-length|transfer-encoding)$/i.test(name))
  const length = framed || body === '' ? '' : `content-length: ${Buffer.byteLength(body)}\r\n`
  return `${method} ${target} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`
}

export class Wire {
  readonly socket: Socket
  /** Every byte so far, one character each. */
  received = ''
  /** The peer has ended its side. */
  ended = false
  /** The connection is gone, in whatever way. */
  closed = false
  error: NodeJS.ErrnoException | undefined
  #read = 0
  #wake: () => void = () => {}

  private constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.received += chunk.toString('latin1')
      this.#wake()
    })
    socket.on('end', () => {
      this.ended = true
      this.#wake()
    })
    socket.on('error', (error) => {
      this.error = error
    })
    socket.on('close', () => {
      this.ended = this.closed = true
      this.#wake()
    })
  }

  /** Our side stays open when the server ends its own: a hostile client does not hang up by itself. */
  static async open(port: number, host = '127.0.0.1'): Promise<Wire> {
    const socket = connect({ port, host, allowHalfOpen: true, noDelay: true })
    await once(socket, 'connect')
    return new Wire(socket)
  }

  send(bytes: string | Uint8Array): void {
    this.socket.write(bytes)
  }

  /** Ends our side, as a client that has sent all it has to. */
  finish(): void {
    this.socket.end()
  }

  /** Breaks the connection with a reset. */
  cut(): void {
    this.socket.resetAndDestroy()
  }

  async until<T>(what: string, probe: () => T | undefined): Promise<T> {
    const limit = Date.now() + LIMIT_MS
    for (;;) {
      const value = probe()
      if (value !== undefined) return value
      if (this.closed || Date.now() > limit) {
        throw new Error(`waited in vain for ${what}; received: ${JSON.stringify(this.received.slice(-2_000))}`)
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20)
        this.#wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
  }

  /** The next response, when all of it is there. A body without a length ends with the connection. */
  response(): Promise<WireResponse> {
    return this.until('a response', () => {
      const parsed = parseResponse(this.received, this.#read, this.ended)
      if (parsed === undefined) return undefined
      this.#read = parsed.end
      return parsed.response
    })
  }

  /** The head of the next response, which may still be streaming its body. */
  async head(): Promise<WireResponse> {
    return await this.until('the head of a response', () => parseHead(this.received, this.#read)?.response)
  }

  /** Waits until the server has closed its side. */
  end(): Promise<true> {
    return this.until('the end of the connection', () => this.ended || undefined)
  }
}

/** One request on a connection of its own, and its response. */
export async function ask(port: number, text: string | Uint8Array): Promise<WireResponse> {
  const wire = await Wire.open(port)
  wire.send(text)
  try {
    return await wire.response()
  } finally {
    wire.socket.destroy()
  }
}

function parseHead(text: string, from: number): { response: WireResponse; end: number } | undefined {
  const end = text.indexOf('\r\n\r\n', from)
  if (end === -1) return undefined
  const [first = '', ...lines] = text.slice(from, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    const value = line.slice(colon + 1).trim()
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`
  }
  const status = /^HTTP\/1\.1 (\d{3})/.exec(first)
  if (status === null) throw new Error(`not a response: ${JSON.stringify(text.slice(from, from + 200))}`)
  return { response: { status: Number(status[1]), headers, body: '' }, end: end + 4 }
}

function parseResponse(
  text: string,
  from: number,
  ended: boolean,
): { response: WireResponse; end: number } | undefined {
  const head = parseHead(text, from)
  if (head === undefined) return undefined
  const { headers, status } = head.response
  if (status === 100) return parseResponse(text, head.end, ended)
  const done = (body: string, end: number) => ({ response: { status, headers, body: utf8(body) }, end })
  if (status === 204 || status === 304) return done('', head.end)
  if (headers['transfer-encoding'] === 'chunked') {
    const chunks = readChunks(text, head.end)
    return chunks && done(chunks.body, chunks.end)
  }
  if (headers['content-length'] !== undefined) {
    const end = head.end + Number(headers['content-length'])
    // The answer to HEAD names a length that it does not have.
    return text.length < end && !ended ? undefined : done(text.slice(head.end, end), end)
  }
  return ended ? done(text.slice(head.end), text.length) : undefined
}

/** The bytes of a chunked body so far; `undefined` before its last chunk. */
function readChunks(text: string, from: number): { body: string; end: number } | undefined {
  let at = from
  let body = ''
  for (;;) {
    const line = text.indexOf('\r\n', at)
    if (line === -1) return undefined
    const size = Number.parseInt(text.slice(at, line), 16)
    if (text.length < line + 2 + size + 2) return undefined
    if (size === 0) return { body, end: line + 4 }
    body += text.slice(line + 2, line + 2 + size)
    at = line + 2 + size + 2
  }
}

function utf8(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
