/**
 * A server as Express middleware.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Endpoint, type Snapshot } from '../http/endpoint.ts'
import { logLine } from '../http/logger.ts'
import { checkOptions, type EndpointOptions, type OptionsFor } from '../http/options.ts'
import { definitionOf, type Server } from '../server/server.ts'
import { DEFAULT_LIMITS } from '../session/limits.ts'
import { exchange, pathOf } from './node-exchange.ts'
import { nodePlatform } from './node-platform.ts'

/** A request as Express hands it on: mounted elsewhere than at the root, and perhaps with its body read. */
type ExpressRequest = IncomingMessage & { readonly body?: unknown; readonly originalUrl?: string }

/** Middleware of Express, Connect and everything else that takes `(request, response, next)`. */
export interface ExpressHandler {
  (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void): void
  /** See `ServerHandle.close`. Call it before the HTTP server is closed, which would wait for open streams. */
  close(options?: { readonly deadline?: number }): Promise<void>
  /** Everything that is counted, and the sizes of all bounded caches, now. */
  counters(): Promise<Snapshot>
}

const CLOSE_DEADLINE_MS = 25_000

/**
 * Makes middleware that serves every request it is given, so mount it on a path. A body that `express.json()` has
 * already parsed is taken as it is.
 *
 * @throws {TypeError} for options that make no sense.
 * @example
 * ```ts
 * app.use('/mcp', expressHandler(server))
 * ```
 */
export function expressHandler<State>(
  server: Server<State>,
  ...[options]: OptionsFor<State, EndpointOptions<State>>
): ExpressHandler {
  const endpointOptions: EndpointOptions = {
    logger: (entry) => void process.stderr.write(`${logLine(entry, Date.now())}\n`),
    ...options,
  }
  checkOptions(endpointOptions, [], Object.keys(DEFAULT_LIMITS))
  const ready = Endpoint.create(definitionOf(server as Server), endpointOptions, nodePlatform)
  // Reported by the first request; until then nobody is there to hear it.
  ready.catch(() => {})
  const handle: (...args: Parameters<ExpressHandler>) => void = (request, response, next) => {
    ready.then((endpoint) => {
      const path = pathOf(request.originalUrl ?? request.url)
      exchange(endpoint.at(path), request, response, path, readAlready(request.body))
    }, next)
  }
  return Object.assign(handle, {
    counters: async () => (await ready).counters(),
    close: async (closing?: { readonly deadline?: number }) => {
      const endpoint = await ready
      await endpoint.drain(closing?.deadline ?? CLOSE_DEADLINE_MS)
      await endpoint.close()
    },
  })
}

/** The body as text, where `express.json()`, `express.text()` or `express.raw()` came before. */
function readAlready(body: unknown): string | undefined {
  if (body === undefined || typeof body === 'string') return body
  return Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body)
}
