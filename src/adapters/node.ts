/**
 * `serve`: a server on `node:http`, from its first request to its shutdown.
 *
 * @module
 */
import { createServer as createHttpServer, type Server as HttpServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { Endpoint, type Snapshot } from '../http/endpoint.ts'
import { type Logger, logLine } from '../http/logger.ts'
import { checkOptions, type EndpointOptions, type OptionsFor, ssePaths } from '../http/options.ts'
import { errorReply } from '../http/replies.ts'
import { definitionOf, type Server } from '../server/server.ts'
import { DEFAULT_LIMITS } from '../session/limits.ts'
import { McpError } from '../wire/errors.ts'
import { isLoopbackName } from '../wire/loopback.ts'
import { exchange, LINGER_MS, NodeRequest, pathOf, writeReply } from './node-exchange.ts'
import { WholeIncoming } from './node-incoming.ts'
import { nodePlatform } from './node-platform.ts'

/** Options of {@link serve}. */
export interface ServeOptions<State = unknown> extends EndpointOptions<State> {
  /** Default 8000; 0 takes any free one. */
  readonly port?: number
  /** Default `127.0.0.1`: a server that others shall reach says so. */
  readonly host?: string
  /** The path of the MCP endpoint, served with and without a trailing slash. Default `/mcp`. */
  readonly path?: string
  /** Whether SIGTERM and SIGINT close the server. Default `true`. */
  readonly signals?: boolean
}

/** A running server. */
export interface ServerHandle {
  /** Where clients connect, for example `http://localhost:8000/mcp`. */
  readonly url: string
  readonly port: number
  /**
   * Stops: not ready at once, session streams end, calls go on until they are done or the deadline has passed.
   *
   * @param options `deadline`: milliseconds for the calls in flight. Default 25,000, below the 30 s that Kubernetes
   * waits.
   */
  close(options?: { readonly deadline?: number }): Promise<void>
  /** Everything that is counted, and the sizes of all bounded caches, now. */
  counters(): Snapshot
}

/** Load balancers keep idle connections for 60 s; a server that closes first makes them answer 502. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000

/** Senders of slow headers and slow bodies are cut off after these. */
const HEADERS_TIMEOUT_MS = 10_000
const REQUEST_TIMEOUT_MS = 30_000
const CHECKING_INTERVAL_MS = 5_000

const CLOSE_DEADLINE_MS = 25_000

const standardError: Logger = (entry) => void process.stderr.write(`${logLine(entry, Date.now())}\n`)

/**
 * Serves a server over Streamable HTTP, with `/healthz` and `/readyz` beside the endpoint.
 *
 * @throws {TypeError} for options that make no sense.
 * @throws {Error} when the address can't be listened on.
 * @example
 * ```ts
 * const { url } = await serve(server, { port: 8000 })
 * ```
 */
export async function serve<State>(
  server: Server<State>,
  ...[options]: OptionsFor<State, ServeOptions<State>>
): Promise<ServerHandle> {
  const { port = 8000, host = '127.0.0.1', path = '/mcp', signals = true, ...rest } = options ?? {}
  checkOptions(rest, ['port', 'host', 'path', 'signals'], Object.keys(DEFAULT_LIMITS))
  if (!/^\/[!-~]*$/.test(path)) throw new TypeError(`path must begin with a slash; got ${JSON.stringify(path)}.`)
  const older = rest.legacySse ? Object.values(ssePaths(rest.legacySse)) : []
  if (older.includes(path.replace(/\/$/, ''))) throw new TypeError(`legacySse and the endpoint share the path ${path}.`)
  const endpointOptions: EndpointOptions = { logger: standardError, ...rest }
  const loopback = isLoopbackName(host)
  if (!loopback && rest.auth === undefined) {
    throw new TypeError(
      `On ${host} this server can be reached from outside: give it auth, or let everybody in with auth: 'none'.`,
    )
  }
  const http = createHttpServer({
    IncomingMessage: WholeIncoming,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    connectionsCheckingInterval: CHECKING_INTERVAL_MS,
    // Otherwise a second Host or Content-Type is dropped in silence, while a proxy may have gone by it.
    joinDuplicateHeaders: true,
    // Node would answer with the connection's end, which cuts off a client that is still sending: see route().
    requireHostHeader: false,
  })
  const local = loopback ? { path: barePath(path), port: () => (http.address() as AddressInfo).port } : undefined
  const endpoint = await Endpoint.create(definitionOf(server as Server), endpointOptions, nodePlatform, local)
  route(http, endpoint, path)
  try {
    await listen(http, port, host)
  } catch (thrown) {
    await endpoint.close()
    throw thrown
  }
  const bound = (http.address() as AddressInfo).port
  if (!loopback && rest.security?.allowedHosts === undefined) {
    endpointOptions.logger?.({
      level: 'warn',
      message:
        `Listening on ${host} for every Host. Name the hosts of this server in security.allowedHosts, ` +
        'so that web pages can not reach it by DNS rebinding.',
    })
  }
  return handleOf(http, endpoint, { url: `http://${urlHost(host)}:${bound}${path}`, port: bound, signals })
}

function barePath(path: string): string {
  return path === '/' ? '/' : path.replace(/\/$/, '')
}

function route(http: HttpServer, endpoint: Endpoint, path: string): void {
  const bare = barePath(path)
  const slashed = bare === '/' ? '/' : `${bare}/`
  const older = endpoint.legacySse
  const olderPaths = older && [older.transport.path, older.transport.messagesPath]
  http.on('request', (incoming, response) => {
    // RFC 9112, 3.2: "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that
    // lacks a Host header field".
    if (incoming.headers.host === undefined && incoming.httpVersionMinor === 1) {
      writeReply(response, errorReply(new McpError('invalid_request', 'Host is missing.')))
      return
    }
    const at = pathOf(incoming.url)
    if (at === bare || at === slashed) {
      exchange(endpoint, incoming, response, at)
      return
    }
    if (older !== undefined && olderPaths?.some((known) => at === known || at === `${known}/`)) {
      exchange(older.endpoint, incoming, response, at)
      return
    }
    const request = new NodeRequest(incoming, at)
    const health = at === '/healthz' || at === '/readyz'
    // The checks of load balancers may name no host, as HTTP/1.0 allows; browsers always name one.
    const nameless = health && incoming.headers.host === undefined
    const reply = (nameless ? undefined : endpoint.refuseBeside(request)) ?? endpoint.metadata(request)
    if (reply !== undefined) {
      writeReply(response, reply)
    } else if (health) {
      const ok = at === '/healthz' || endpoint.ready
      response.writeHead(ok ? 200 : 503, { 'content-type': 'text/plain', 'cache-control': 'no-store' })
      response.end(ok ? 'ok\n' : 'draining\n')
    } else {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end(endpoint.notFoundBody(bare))
    }
  })
  http.on('clientError', refuseConnection)
}

/** What the HTTP parser and its time-outs refuse, by their error codes; everything else is a bad request. */
const PARSER_STATUS: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  HPE_CHUNK_EXTENSIONS_OVERFLOW: '413 Payload Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

/** Connections that have got such an answer. */
const refused = new WeakSet<Duplex>()

/** Answers what is not HTTP and lets go of the connection, whether or not the peer ever closes its side. */
function refuseConnection(
  error: NodeJS.ErrnoException,
  socket: Duplex & { readonly _httpMessage?: ServerResponse },
): void {
  // The parser reports every further piece of what it has refused.
  if (refused.has(socket)) return
  // In the middle of a response a status line would be taken for its body.
  if (!socket.writable || socket._httpMessage?.headersSent) {
    socket.destroy()
    return
  }
  refused.add(socket)
  const status = PARSER_STATUS[error.code ?? ''] ?? '400 Bad Request'
  socket.end(`HTTP/1.1 ${status}\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`)
  // What still comes in is thrown away for a moment: closing with bytes unread is a reset, which can overtake the answer.
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => clearTimeout(timer))
}

function listen(http: HttpServer, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    http.once('error', (error: NodeJS.ErrnoException) => {
      const inUse = error.code === 'EADDRINUSE'
      reject(inUse ? new Error(`Port ${port} on ${host} is in use; choose another one.`, { cause: error }) : error)
    })
    http.listen(port, host, resolve)
  })
}

function urlHost(host: string): string {
  if (isLoopbackName(host) || host === '0.0.0.0' || host === '::') return 'localhost'
  return host.includes(':') ? `[${host}]` : host
}

function handleOf(
  http: HttpServer,
  endpoint: Endpoint,
  about: { readonly url: string; readonly port: number; readonly signals: boolean },
): ServerHandle {
  let closing: Promise<void> | undefined
  const close = async (deadlineMs: number): Promise<void> => {
    await endpoint.drain(deadlineMs)
    const closed = new Promise<void>((resolve) => http.close(() => resolve()))
    http.closeIdleConnections()
    // What was answered last may still be on its way out of the socket.
    const cut = setTimeout(() => http.closeAllConnections(), 500)
    await closed
    clearTimeout(cut)
    await endpoint.close()
  }
  const onSignal = (): void => void handle.close()
  const handle: ServerHandle = {
    url: about.url,
    port: about.port,
    counters: () => endpoint.counters(),
    close: (options) => {
      closing ??= close(options?.deadline ?? CLOSE_DEADLINE_MS).finally(() => {
        // From now on a signal does what it does to any process.
        process.off('SIGTERM', onSignal)
        process.off('SIGINT', onSignal)
      })
      return closing
    },
  }
  if (about.signals) {
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  }
  return handle
}

export type { Snapshot } from '../http/endpoint.ts'
