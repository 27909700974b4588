/**
 * A server as a Hono handler.
 *
 * @module
 */
import type { EndpointOptions, OptionsFor } from '../http/options.ts'
import type { Server } from '../server/server.ts'
import { type FetchHandler, fetchHandler } from './fetch.ts'

/** What the handler uses of a Hono context. */
export interface HonoContextLike {
  readonly req: { readonly raw: Request }
}

/** A handler of Hono. */
export interface HonoHandler extends Pick<FetchHandler, 'close' | 'counters'> {
  (context: HonoContextLike): Promise<Response>
}

/**
 * Makes a handler for the path that it is mounted on.
 *
 * @throws {TypeError} for options that make no sense.
 * @example
 * ```ts
 * app.all('/mcp', honoHandler(server))
 * ```
 */
export function honoHandler<State>(
  server: Server<State>,
  ...options: OptionsFor<State, EndpointOptions<State>>
): HonoHandler {
  const handle = fetchHandler(server, ...options)
  const { close, counters } = handle
  return Object.assign((context: HonoContextLike) => handle(context.req.raw), { close, counters })
}
