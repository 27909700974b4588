/**
 * A server as Express middleware.
 *
 * @module
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Endpoint } from '../http/endpoint.ts'
import { logLine } from '../http/logger.ts'
import { checkOptions, type EndpointOptions, type OptionsFor } from '../http/options.ts'
import { definitionOf, type Server } from '../server/server.ts'
import { DEFAULT_LIMITS } from '../session/limits.ts'
import { exchange, pathOf } from './node-exchange.ts'
import { nodePlatform } from './node-platform.ts'

/** Middleware of Express, Connect and everything else that takes `(request, response, next)`. */
export type ExpressHandler = (
  request: IncomingMessage & { readonly body?: unknown },
  response: ServerResponse,
  next: (error?: unknown) => void,
) => void

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
  const ready = Endpoint.create(definitionOf(server as Server), endpointOptions, nodePlatform, false)
  // Reported by the first request; until then nobody is there to hear it.
  ready.catch(() => {})
  return (request, response, next) => {
    ready.then((endpoint) => {
      const parsed = request.body === undefined ? undefined : JSON.stringify(request.body)
      exchange(endpoint, request, response, pathOf(request.url), parsed)
    }, next)
  }
}
