/**
 * A server and a client in one process, without a socket but with the real bytes of the wire: every request goes
 * through the same fetch handler that serves in production.
 *
 * @module
 */
import { handlerOn } from '../adapters/fetch.ts'
import { webPlatform } from '../adapters/web-platform.ts'
import type { Snapshot } from '../http/endpoint.ts'
import type { EndpointOptions } from '../http/options.ts'
import type { Server } from '../server/server.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import type { Client, ClientOptions, RequestOptions } from './client/index.ts'
import { createClient } from './client/index.ts'
import type { SteppingClock } from './stepping-clock.ts'

/** Options of {@link connect}: those of the client (handlers for sampling, elicitation and roots among them), and: */
export interface ConnectOptions<State = unknown> extends ClientOptions {
  /** How the server is served. Its log is silent unless a `logger` is given. */
  readonly serve?: EndpointOptions<State>
  /** A clock that the test moves by hand; only the server's time follows it. */
  readonly clock?: SteppingClock
}

/** A connected pair. */
export interface TestKit {
  readonly client: Client
  /** The server as `Request -> Response`: for a second client, or the official one with it as `fetch`. */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /** The URL that the client uses. */
  readonly url: string
  /** Calls a tool and returns its result as it is, `isError` included. */
  callTool(name: string, args?: JsonObject, options?: RequestOptions): Promise<JsonObject>
  /** The texts of a tool's result, joined by line breaks. @throws {Error} when the tool reports an error. */
  callText(name: string, args?: JsonObject, options?: RequestOptions): Promise<string>
  /** Breaks the connections of open streams as a network failure would. */
  cutStreams: Client['cutStreams']
  /** What the server counted. */
  counters(): Promise<Snapshot>
  /** Ends the client, then the server. */
  close(): Promise<void>
}

const URL_TEXT = 'http://localhost/mcp'

/**
 * Serves a server in this process and connects a client to it, through the whole handshake.
 *
 * @throws {ClientError} when the handshake fails.
 * @example
 * ```ts
 * const kit = await connect(server, { elicitation: () => ({ action: 'accept', content: { sure: true } }) })
 * expect(await kit.callText('deploy', { target: 'staging' })).toBe('Deployed.')
 * await kit.close()
 * ```
 */
export async function connect<State>(server: Server<State>, options: ConnectOptions<State> = {}): Promise<TestKit> {
  const { serve, clock, ...clientOptions } = options
  const platform = clock === undefined ? webPlatform : { ...webPlatform, now: clock.now, setTimer: clock.setTimer }
  const handler = handlerOn(server, { logger: () => {}, ...(serve as EndpointOptions) }, platform)
  const fetch: TestKit['fetch'] = async (input, init) => {
    const request = new Request(input, init)
    return breakable(await handler(request), request.signal)
  }
  const client = createClient(URL_TEXT, { fetch, ...clientOptions })
  try {
    await client.connect()
  } catch (thrown) {
    await handler.close({ deadline: 0 })
    throw thrown
  }
  const callTool: TestKit['callTool'] = (name, args = {}, request) =>
    client.request('tools/call', { name, arguments: args }, request)
  return {
    client,
    fetch,
    url: URL_TEXT,
    callTool,
    async callText(name, args, request) {
      const result = await callTool(name, args, request)
      const text = textOf(result)
      if (result['isError'] === true) throw new Error(`The tool ${name} reported an error: ${text}`)
      return text
    },
    cutStreams: (which) => client.cutStreams(which),
    counters: () => handler.counters(),
    async close() {
      await client.close()
      await handler.close({ deadline: 0 })
    },
  }
}

/** The response on a connection that the client can break, as it can with a socket. */
function breakable(response: Response, signal: AbortSignal): Response {
  if (response.body === null) return response
  const body = response.body.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal })
  return new Response(body, { status: response.status, headers: response.headers })
}

function textOf(result: JsonObject): string {
  const content = Array.isArray(result['content']) ? result['content'] : []
  return content
    .flatMap((block) => (isObject(block) && typeof block['text'] === 'string' ? [block['text']] : []))
    .join('\n')
}
