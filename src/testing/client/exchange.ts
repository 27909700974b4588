/**
 * One HTTP exchange: sends a request, reports all of it to the observer, and hands back the answer as text or as a
 * stream of events. Knows nothing of JSON-RPC or sessions.
 *
 * @module
 */
import { JSON_TYPE, SSE_TYPE } from '../../wire/headers.ts'
import { ClientError } from './errors.ts'
import type { ExchangePurpose, HeaderRecord, ObservedEnd, Observer } from './observation.ts'
import { readEvents, type SseEnd, type SseHandlers } from './sse.ts'

/** The part of `fetch` that the client uses. */
export type Fetch = (input: string, init: RequestInit) => Promise<Response>

export interface ExchangeRequest {
  readonly method: 'POST' | 'GET' | 'DELETE' | 'OPTIONS'
  readonly headers: HeaderRecord
  readonly body?: string
  readonly purpose?: ExchangePurpose
  /** Ends the exchange, also while its body is read. */
  readonly signal?: AbortSignal
}

interface ExchangeBase {
  readonly exchange: number
  readonly status: number
  readonly headers: Headers
}

/** An answer that was read whole. `text` is empty where there was no body. */
export interface TextAnswer extends ExchangeBase {
  readonly kind: 'text'
  readonly text: string
  /** The parsed body; `undefined` when its type is not JSON or it does not parse. */
  readonly json: unknown
}

/** An answer that is an event stream, not read yet. */
export interface StreamAnswer extends ExchangeBase {
  readonly kind: 'stream'
  /** Reads to the end. Call it once. */
  read(handlers: SseHandlers): Promise<SseEnd>
  /** Breaks the connection, as a network failure would. */
  cut(): void
}

export type Answer = TextAnswer | StreamAnswer

/** Sends requests to one URL. */
export interface Exchanger {
  /** @throws {ClientError} `unreachable` when no answer came. Any HTTP status is an answer. */
  send(request: ExchangeRequest): Promise<Answer>
}

export interface ExchangerOptions {
  readonly url: string
  readonly fetch: Fetch
  readonly observe: Observer
}

const CUT = new Error('the connection was cut on purpose')

export function createExchanger({ url, fetch, observe }: ExchangerOptions): Exchanger {
  let count = 0

  async function send(request: ExchangeRequest): Promise<Answer> {
    const exchange = ++count
    const { method, headers, body, purpose, signal } = request
    const connection = new AbortController()
    const abort = (): void => connection.abort(signal?.reason)
    if (signal?.aborted) abort()
    signal?.addEventListener('abort', abort, { once: true })
    const now = (): { exchange: number; at: number } => ({ exchange, at: Date.now() })

    function end(reason: ObservedEnd['reason'], error?: unknown): void {
      signal?.removeEventListener('abort', abort)
      observe({ type: 'end', ...now(), reason, ...(error === undefined ? {} : { error: innermostMessage(error) }) })
    }
    function broken(error: unknown): void {
      if (signal?.aborted) end('aborted')
      else end('cut', error)
    }

    observe({
      type: 'request',
      ...now(),
      method,
      url,
      headers,
      ...(body === undefined ? {} : { body }),
      ...(purpose === undefined ? {} : { purpose }),
    })
    try {
      const init: RequestInit = { method, headers, signal: connection.signal }
      if (body !== undefined) init.body = body
      const response = await fetch(url, init)
      observe({
        type: 'response',
        ...now(),
        status: response.status,
        statusText: response.statusText,
        headers: Object.fromEntries(response.headers),
      })
      const { status } = response
      if (response.body && mediaType(response.headers) === SSE_TYPE) {
        const stream = response.body
        let reading = false
        return {
          kind: 'stream',
          exchange,
          status,
          headers: response.headers,
          cut: () => {
            connection.abort(CUT)
            // Nobody reads: nobody else would tell that it is over.
            if (!reading) end('aborted')
          },
          read: async (handlers) => {
            reading = true
            const ended = await readEvents(stream, {
              onEvent: (event) => {
                observe({ type: 'event', ...now(), ...withoutUndefined(event), data: event.data })
                handlers.onEvent(event)
              },
              onRetry: (retryMs) => {
                observe({ type: 'retry', ...now(), retryMs })
                handlers.onRetry(retryMs)
              },
              onComment: (text) => {
                observe({ type: 'comment', ...now(), text })
                handlers.onComment(text)
              },
            })
            if (ended.reason === 'complete') end('complete')
            else broken(ended.error)
            return ended
          },
        }
      }
      const text = await response.text()
      if (text !== '') observe({ type: 'body', ...now(), text })
      end('complete')
      const json = mediaType(response.headers) === JSON_TYPE ? parse(text) : undefined
      return { kind: 'text', exchange, status, headers: response.headers, text, json }
    } catch (error) {
      broken(error)
      if (signal?.aborted) throw new ClientError('cancelled', 'The request was cancelled.', { cause: error })
      throw new ClientError('unreachable', `No answer from ${url}: ${innermostMessage(error)}`, { cause: error })
    }
  }

  return { send }
}

/** The media type of an answer without its parameters, in lower case. */
export function mediaType(headers: Headers): string {
  return (headers.get('content-type')?.split(';')[0] ?? '').trim().toLowerCase()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

function withoutUndefined<T extends object>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T
}

/** `fetch` hides the reason ("connect ECONNREFUSED …") in the cause of a "fetch failed". */
function innermostMessage(error: unknown): string {
  let inner = error
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0]
  return inner instanceof Error ? inner.message : String(inner)
}
