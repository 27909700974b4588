/**
 * `fetchHandler`: a server as `Request -> Response`, for every runtime that has them. Imports nothing of Node.
 *
 * @module
 */

import type { Platform } from '../engine/platform.ts'
import { Endpoint, type Snapshot } from '../http/endpoint.ts'
import type { HttpBody, HttpReply, HttpRequest } from '../http/http-message.ts'
import { type Logger, logLine } from '../http/logger.ts'
import { checkOptions, type EndpointOptions, type OptionsFor } from '../http/options.ts'
import { definitionOf, type Server } from '../server/server.ts'
import type { EventSink } from '../session/event-sink.ts'
import { DEFAULT_LIMITS } from '../session/limits.ts'
import { webPlatform } from './web-platform.ts'

/** A server as a function. */
export interface FetchHandler {
  (request: Request): Promise<Response>
  /** See `ServerHandle.close`. */
  close(options?: { readonly deadline?: number }): Promise<void>
  /** Everything that is counted, and the sizes of all bounded caches, now. */
  counters(): Promise<Snapshot>
}

const standardError: Logger = (entry) => console.error(logLine(entry, Date.now()))

const CLOSE_DEADLINE_MS = 25_000

/**
 * Makes a handler that serves every path it is called with: routing is the caller's.
 *
 * @throws {TypeError} for options that make no sense.
 * @example
 * ```ts
 * export default { fetch: fetchHandler(server, { security: { allowedHosts: ['mcp.example.com'] } }) }
 * ```
 */
export function fetchHandler<State>(
  server: Server<State>,
  ...[options]: OptionsFor<State, EndpointOptions<State>>
): FetchHandler {
  return handlerOn(server, options ?? {}, webPlatform)
}

/** The same on another platform port; the test kit gives a clock that it moves by hand. */
export function handlerOn<State>(server: Server<State>, options: EndpointOptions, platform: Platform): FetchHandler {
  checkOptions(options, [], Object.keys(DEFAULT_LIMITS))
  const definition = definitionOf(server as Server)
  // Made at the first request: some runtimes allow neither timers nor randomness before one.
  let endpoint: Promise<Endpoint> | undefined
  const ready = (): Promise<Endpoint> => {
    endpoint ??= Endpoint.create(definition, { logger: standardError, ...options }, platform).catch((thrown) => {
      // What failed may be elsewhere, such as an authorization server, and pass.
      endpoint = undefined
      throw thrown
    })
    return endpoint
  }
  const handle = async (request: Request): Promise<Response> => {
    const record = toRecord(request)
    const serving = (await ready()).at(record.path)
    const admission = await serving.begin(record)
    if ('status' in admission) return toResponse(admission)
    return toResponse(await serving.post(record, admission, await readBody(request, serving.bodyBytes)))
  }
  return Object.assign(handle, {
    counters: async () => (await ready()).counters(),
    close: async (closing?: { readonly deadline?: number }) => {
      if (endpoint === undefined) return
      const serving = await endpoint
      await serving.drain(closing?.deadline ?? CLOSE_DEADLINE_MS)
      await serving.close()
    },
  })
}

function toRecord(request: Request): HttpRequest {
  const url = new URL(request.url)
  return {
    method: request.method,
    path: url.pathname,
    // Some runtimes keep Host out of the headers; the URL is made from it.
    header: (name) => request.headers.get(name) ?? (name === 'host' ? url.host : undefined),
    query: (name) => url.searchParams.get(name) ?? undefined,
    detach: () => detached(request.headers),
    onDisconnect: (run) => request.signal.addEventListener('abort', run, { once: true }),
  }
}

function detached(headers: Headers): { header(name: string): string | undefined } {
  return { header: (name) => headers.get(name) ?? undefined }
}

async function readBody(request: Request, limit: number): Promise<HttpBody> {
  if (Number(request.headers.get('content-length')) > limit) return { refused: 'payload_too_large' }
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = request.body?.getReader()
  for (;;) {
    const chunk = await reader?.read()
    if (chunk === undefined || chunk.done) break
    size += chunk.value.length
    if (size > limit) {
      await reader?.cancel().catch(() => {})
      return { refused: 'payload_too_large' }
    }
    chunks.push(chunk.value)
  }
  const bytes = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { refused: 'not_utf8' }
  }
}

function toResponse(reply: HttpReply): Response {
  const headers = new Headers()
  for (let at = 0; at < reply.headers.length; at += 2) headers.append(reply.headers[at]!, reply.headers[at + 1]!)
  if ('open' in reply) return new Response(eventBody(reply.open), { status: reply.status, headers })
  return new Response(reply.body === '' ? null : reply.body, { status: reply.status, headers })
}

/** How much may wait in the body's queue before the stream is told to stop: as much as a socket of Node takes. */
const QUEUE_BYTES = 16 * 1024

function eventBody(open: (sink: EventSink) => void): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let sink: EventSink | undefined
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        let ended = false
        const current: EventSink = {
          onDrain: undefined,
          onClose: undefined,
          write(text) {
            if (ended) return true
            controller.enqueue(encoder.encode(text))
            return (controller.desiredSize ?? 0) > 0
          },
          end(text) {
            if (ended) return
            ended = true
            if (text !== undefined) controller.enqueue(encoder.encode(text))
            controller.close()
          },
          destroy() {
            if (ended) return
            ended = true
            controller.error(new Error('The stream was reset.'))
          },
        }
        sink = current
        open(current)
      },
      pull() {
        sink?.onDrain?.()
      },
      cancel() {
        sink?.onClose?.()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: QUEUE_BYTES }),
  )
}
