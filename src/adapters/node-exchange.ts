/**
 * One `node:http` exchange as the endpoint sees it: headers straight from the parser, one write per answer.
 *
 * @module
 */
import { isUtf8 } from 'node:buffer'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Endpoint } from '../http/endpoint.ts'
import type { HttpBody, HttpReply, HttpRequest } from '../http/http-message.ts'
import type { EventSink } from '../session/event-sink.ts'

export class NodeRequest implements HttpRequest {
  readonly method: string
  readonly path: string
  readonly #headers: IncomingMessage['headers']

  constructor(request: IncomingMessage, path: string) {
    this.method = request.method ?? ''
    this.path = path
    this.#headers = request.headers
  }

  header(name: string): string | undefined {
    const value = this.#headers[name]
    return typeof value === 'string' || value === undefined ? value : value.join(', ')
  }
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

  end(): void {
    this.#response.end()
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
  const request = new NodeRequest(incoming, path)
  const admission = endpoint.begin(request)
  const proceed = (verdict: Awaited<typeof admission>): void => {
    if ('status' in verdict) {
      writeReply(response, verdict)
      return
    }
    const answer = (body: HttpBody): void => {
      const reply = endpoint.post(request, verdict, body)
      if (reply instanceof Promise) void reply.then((late) => writeReply(response, late))
      // The rest of an oversized body is not read: the connection ends after the answer.
      else writeReply(response, reply, typeof body !== 'string' && body.refused === 'payload_too_large')
    }
    if (parsed === undefined) readBody(incoming, endpoint.bodyBytes, answer)
    else answer(parsed)
  }
  if (admission instanceof Promise) void admission.then(proceed)
  else proceed(admission)
}

/** Reads a body of at most `limit` bytes. A request that breaks off gets no answer: nobody is there. */
function readBody(incoming: IncomingMessage, limit: number, done: (body: HttpBody) => void): void {
  if (Number(incoming.headers['content-length']) > limit) {
    done({ refused: 'payload_too_large' })
    return
  }
  let first: Buffer | undefined
  let rest: Buffer[] | undefined
  let size = 0
  let over = false
  incoming.on('data', (chunk: Buffer) => {
    if (over) return
    size += chunk.length
    if (size > limit) {
      over = true
      first = rest = undefined
      incoming.pause()
      done({ refused: 'payload_too_large' })
    } else if (first === undefined) {
      first = chunk
    } else {
      rest ??= [first]
      rest.push(chunk)
    }
  })
  incoming.on('end', () => {
    if (over) return
    const bytes = rest === undefined ? (first ?? NOTHING) : Buffer.concat(rest, size)
    // Without this check, invalid bytes would silently become U+FFFD.
    done(isUtf8(bytes) ? bytes.toString('utf8') : { refused: 'not_utf8' })
  })
  incoming.on('error', () => {})
}

const NOTHING = Buffer.alloc(0)

/** How long a client that is still sending has to read its answer before the connection is closed. */
export const LINGER_MS = 1_000

/**
 * Head and body leave in one write.
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
  const { status, headers, body } = reply
  if (last) response.shouldKeepAlive = false
  if (status !== 204) {
    response.writeHead(status, [...headers, 'content-length', String(Buffer.byteLength(body))])
  } else {
    response.writeHead(status, headers as string[])
  }
  if (last) {
    response.write(body)
    const timer = setTimeout(() => response.end(), LINGER_MS).unref()
    response.once('close', () => clearTimeout(timer))
  } else {
    response.end(body)
  }
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
