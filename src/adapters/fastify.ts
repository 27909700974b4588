/**
 * A server as a Fastify plugin.
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

interface FastifyRequestLike {
  readonly raw: IncomingMessage
}

interface FastifyReplyLike {
  readonly raw: ServerResponse
  hijack(): unknown
}

/** What the plugin uses of a Fastify instance. */
export interface FastifyLike {
  removeAllContentTypeParsers(): unknown
  addContentTypeParser(
    type: string,
    parser: (request: unknown, payload: unknown, done: (error: null) => void) => void,
  ): unknown
  all(path: string, handler: (request: FastifyRequestLike, reply: FastifyReplyLike) => void): unknown
  addHook(name: 'preClose' | 'onClose', hook: () => Promise<void>): unknown
}

/** How long calls in flight may go on after `app.close()`, in milliseconds: as `serve` has it. */
const CLOSE_DEADLINE_MS = 25_000

/**
 * Makes a plugin; give it a path with `prefix`. The body is left for the endpoint to read, with its own limits. Registered
 * under several prefixes it is one endpoint.
 *
 * @throws {TypeError} for options that make no sense.
 * @example
 * ```ts
 * await app.register(fastifyPlugin(server), { prefix: '/mcp' })
 * ```
 */
export function fastifyPlugin<State>(
  server: Server<State>,
  ...[options]: OptionsFor<State, EndpointOptions<State>>
): (app: FastifyLike) => Promise<void> {
  const endpointOptions: EndpointOptions = {
    logger: (entry) => void process.stderr.write(`${logLine(entry, Date.now())}\n`),
    ...options,
  }
  checkOptions(endpointOptions, [], Object.keys(DEFAULT_LIMITS))
  // One endpoint under all prefixes: the metadata of a protected server lie beside it.
  let shared: Promise<Endpoint> | undefined
  return async (app) => {
    const first = shared === undefined
    shared ??= Endpoint.create(definitionOf(server as Server), endpointOptions, nodePlatform)
    const endpoint = await shared
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (_request, _payload, done) => done(null))
    const handle = (request: FastifyRequestLike, reply: FastifyReplyLike): void => {
      reply.hijack()
      const path = pathOf(request.raw.url)
      exchange(endpoint.at(path), request.raw, reply.raw, path)
    }
    app.all('/', handle)
    const older = endpoint.legacySse?.transport
    if (first && older !== undefined) for (const path of [older.path, older.messagesPath]) app.all(path, handle)
    if (!first) return
    // Before the HTTP server closes, because it waits for every open stream.
    app.addHook('preClose', () => endpoint.drain(CLOSE_DEADLINE_MS))
    app.addHook('onClose', () => endpoint.close())
  }
}
