/**
 * One `node:http` exchange as the endpoint sees it: headers straight from the parser, one write per answer.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ClientCertificate } from '../auth/authenticate.ts'
import { type Admitted, NOBODY } from '../http/admission.ts'
import type { Endpoint } from '../http/endpoint.ts'
import type { HttpBody, HttpReply, HttpRequest } from '../http/http-message.ts'
import type { EventSink } from '../session/event-sink.ts'
import { clientCertificate } from './client-certificate.ts'
import { type BodyReader, WholeIncoming } from './node-incoming.ts'
import { writeWhole } from './node-write.ts'

export class NodeRequest implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly #incoming: IncomingMessage
  readonly #headers: IncomingMessage['headers']
  readonly #target: string | undefined
  readonly #response: ServerResponse | undefined

  constructor(request: IncomingMessage, path: string, response?: ServerResponse) {
    this.#incoming = request
    this.method = request.method ?? ''
    this.path = path
    this.#headers = request.headers
    this.#target = request.url
    this.#response = response
  }

  query(name: string): string | undefined {
    const at = this.#target?.indexOf('?') ?? -1
    return at === -1 ? undefined : (new URLSearchParams(this.#target!.slice(at)).get(name) ?? undefined)
  }

  onDisconnect(run: () => void): void {
    this.#response?.once('close', run)
  }

  header(name: string): string | undefined {
    return headerOf(this.#headers, name)
  }

  detach(): { header(name: string): string | undefined } {
    const headers = this.#headers
    return { header: (name) => headerOf(headers, name) }
  }

  address(): string | undefined {
    return this.#incoming.socket.remoteAddress
  }

  clientCertificate(): ClientCertificate | undefined {
    return clientCertificate(this.#incoming.socket)
  }
}

function headerOf(headers: IncomingMessage['headers'], name: string): string | undefined {
  const value = headers[name]
  if (typeof value === 'string') return value
  // Anything else belongs to every object: handlers may look for a header by a name that a stranger gave them.
  return Array.isArray(value) ? value.join(', ') : undefined
}

class NodeSink implements EventSink {
  onDrain: (() => void) | undefined
  onClose: (() => void) | undefined
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    this.#response = response
    response.on('drain', () => this.onDrain?.())
    response.on('close', () => this.onClose?.())
  }

  write(text: string): boolean {
    return this.#response.write(text)
  }

  end(text?: string): void {
    this.#response.end(text)
  }

  destroy(): void {
    this.#response.destroy()
  }
}

/** The path of a request target, without its query. */
export function pathOf(target: string | undefined): string {
  if (target === undefined) return ''
  const query = target.indexOf('?')
  return query === -1 ? target : target.slice(0, query)
}

/**
 * Leads one request to the endpoint and its answer back.
 *
 * @param parsed the body, where a framework has read it already.
 */
export function exchange(
  endpoint: Endpoint,
  incoming: IncomingMessage,
  response: ServerResponse,
  path: string,
  parsed?: string,
): void {
  const running = new Exchange(endpoint, incoming, response, path)
  const admission = endpoint.begin(running.request)
  if (admission instanceof Promise) void admission.then((late) => running.proceed(late, parsed, false))
  else running.proceed(admission, parsed, true)
}

/** One exchange while its body is read. An object with methods rather than nested functions: one is made per request. */
class Exchange implements BodyReader {
  readonly request: NodeRequest
  readonly #endpoint: Endpoint
  readonly #incoming: IncomingMessage
  readonly #response: ServerResponse
  #admitted: Admitted = NOBODY
  #first: Buffer | undefined
  #rest: Buffer[] | undefined
  #size = 0
  #over = false

  constructor(endpoint: Endpoint, incoming: IncomingMessage, response: ServerResponse, path: string) {
    this.request = new NodeRequest(incoming, path, response)
    this.#endpoint = endpoint
    this.#incoming = incoming
    this.#response = response
  }

  /** @param atOnce nothing of the body can have arrived yet. */
  proceed(verdict: Admitted | HttpReply, parsed: string | undefined, atOnce: boolean): void {
    if ('status' in verdict) {
      writeReply(this.#response, verdict)
      return
    }
    this.#admitted = verdict
    if (parsed !== undefined) this.#post(parsed)
    else this.#read(atOnce)
  }

  /** Reads the body. A request that breaks off gets no answer: nobody is there. */
  #read(atOnce: boolean): void {
    if (Number(this.request.header('content-length')) > this.#endpoint.bodyBytes) {
      this.#post(TOO_LARGE)
      return
    }
    if (atOnce && this.#incoming instanceof WholeIncoming) {
      this.#incoming.deliverTo(this)
      return
    }
    this.#incoming.on('data', (chunk: Buffer) => {
      if (!this.take(chunk)) this.#incoming.pause()
    })
    this.#incoming.on('end', () => this.end())
  }

  take(chunk: Buffer): boolean {
    if (this.#over) return false
    this.#size += chunk.length
    if (this.#size > this.#endpoint.bodyBytes) {
      this.#over = true
      this.#first = this.#rest = undefined
      this.#post(TOO_LARGE)
    } else if (this.#first === undefined) {
      this.#first = chunk
    } else {
      this.#rest ??= [this.#first]
      this.#rest.push(chunk)
    }
    return !this.#over
  }

  end(): void {
    if (this.#over) return
    const bytes = this.#rest === undefined ? (this.#first ?? NOTHING) : Buffer.concat(this.#rest, this.#size)
    // Without this check, invalid bytes would silently become U+FFFD.
    this.#post(isUtf8(bytes) ? bytes.toString('utf8') : NOT_UTF8)
  }

  #post(body: HttpBody): void {
    const reply = this.#endpoint.post(this.request, this.#admitted, body)
    if (reply instanceof Promise) void reply.then((late) => writeReply(this.#response, late))
    // The rest of an oversized body is not read: the connection ends after the answer.
    else writeReply(this.#response, reply, body === TOO_LARGE)
  }
}

const TOO_LARGE: HttpBody = { refused: 'payload_too_large' }
const NOT_UTF8: HttpBody = { refused: 'not_utf8' }
const NOTHING = Buffer.alloc(0)

/** How long a client that is still sending has to read its answer before the connection is closed. */
export const LINGER_MS = 1_000

/**
 * Sends an answer.
 *
 * @param last the connection ends after it, but not at once: closing with bytes unread is a reset, which can overtake
 *   the answer.
 */
export function writeReply(response: ServerResponse, reply: HttpReply, last = false): void {
  if (response.destroyed) {
    // The client has gone. A stream still learns of it, so that its events wait for a resume.
    if ('open' in reply) reply.open(goneSink())
    return
  }
  if ('open' in reply) {
    response.writeHead(reply.status, reply.headers as string[])
    reply.open(new NodeSink(response))
    return
  }
  if (!last) {
    writeWhole(response, reply)
    return
  }
  const { status, headers, body } = reply
  response.shouldKeepAlive = false
  response.writeHead(status, [...headers, 'content-length', String(Buffer.byteLength(body))])
  response.write(body)
  const timer = setTimeout(() => response.end(), LINGER_MS).unref()
  response.once('close', () => clearTimeout(timer))
}

/** A sink whose connection is gone already. */
function goneSink(): EventSink {
  const sink: EventSink = {
    write: () => true,
    end: () => {},
    destroy: () => {},
    onDrain: undefined,
    onClose: undefined,
  }
  queueMicrotask(() => sink.onClose?.())
  return sink
}
