/**
 * Middleware around every request of a client: `(next) => (request, context) => result`.
 *
 * @module
 */
import type { Call } from '../call/call.ts'
import { type Context, createContext } from '../call/context.ts'
import type { MaybePromise } from '../engine/platform.ts'
import { type JsonObject, JsonText } from '../wire/jsonrpc.ts'

/** A request as middleware sees it. */
export interface MiddlewareRequest {
  readonly method: string
  readonly params: JsonObject
}

export type RequestHandler<State = unknown> = (request: MiddlewareRequest, context: Context<State>) => Promise<object>

/**
 * Wraps the handling of every request. Call `next` once with the same request, or answer yourself, or throw an
 * `McpError`.
 *
 * @example
 * ```ts
 * server.use((next) => async (request, ctx) => {
 *   const start = performance.now()
 *   try {
 *     return await next(request, ctx)
 *   } finally {
 *     console.error(request.method, performance.now() - start)
 *   }
 * })
 * ```
 */
export type Middleware<State = unknown> = (next: RequestHandler<State>) => RequestHandler<State>

/** Puts middleware around a handler; the first one added is the outermost. */
export function compose(
  middleware: readonly Middleware[],
  handle: (call: Call) => MaybePromise<object | JsonText>,
): (call: Call) => MaybePromise<object | JsonText> {
  if (middleware.length === 0) return handle
  return (call) => {
    const innermost: RequestHandler = async () => {
      const result = await handle(call)
      return result instanceof JsonText ? (JSON.parse(result.text) as object) : result
    }
    const outermost = middleware.reduceRight((next, wrap) => wrap(next), innermost)
    // Whatever the author's middleware is written with: from here on it is a promise of ours.
    return Promise.resolve(outermost({ method: call.method, params: call.params }, createContext(call)))
  }
}
