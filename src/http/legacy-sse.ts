/**
 * HTTP+SSE, the transport of 2024-11-05: a GET opens a stream, whose first event says where messages are posted to.
 *
 * @see the specification 2024-11-05, basic/transports, "HTTP with SSE"; docs/adr/0015-http-with-sse.md
 * @module
 */
import { headersOf, passedOn } from '../call/passed-headers.ts'
import type { MaybePromise } from '../engine/platform.ts'
import { type ConnectionFacts, decodeConnection, encodeConnection } from '../session/connection-id.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { parseJson } from '../wire/json-guard.ts'
import { classify } from '../wire/jsonrpc.ts'
import { isJsonContentType, parseAccept } from '../wire/media-type.ts'
import { type Admitted, checkVersion } from './admission.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { tooManyStreams } from './load-limits.ts'
import { type LegacySseOptions, ssePaths } from './options.ts'
import { readableId } from './post.ts'
import { ACCEPTED, errorReply, methodNotAllowed, SSE_HEADERS } from './replies.ts'
import { SseConnection } from './sse-connection.ts'
import type { HttpTransport } from './transport.ts'

export class LegacySse implements HttpTransport {
  readonly path: string
  readonly messagesPath: string
  /** The open connections by the session id in their URI. */
  readonly #connections = new Map<string, SseConnection>()

  constructor(option: true | LegacySseOptions) {
    const { path, messagesPath } = ssePaths(option)
    this.path = path
    this.messagesPath = messagesPath
  }

  /** Whether a path leads here, wherever the two are mounted. */
  serves(path: string): boolean {
    return prefixOf(path, this.path) !== undefined || prefixOf(path, this.messagesPath) !== undefined
  }

  check(_parts: EndpointParts, request: HttpRequest): McpError | HttpReply | undefined {
    if (request.method === 'OPTIONS') return undefined
    if (prefixOf(request.path, this.path) !== undefined) {
      // Newer clients try a POST first, and go by the 405.
      if (request.method !== 'GET') return methodNotAllowed('GET, OPTIONS', 'HTTP+SSE begins with a GET of this path.')
      const accept = request.header('accept')
      // The revision asks for no Accept; one that excludes the only answer there is means somebody else.
      if (accept !== undefined && !parseAccept(accept).sse) {
        return new McpError('not_acceptable', 'Accept must list text/event-stream.')
      }
    } else if (request.method !== 'POST') {
      return methodNotAllowed('POST, OPTIONS', 'Messages of HTTP+SSE are posted to this path.')
    } else if (!isJsonContentType(request.header('content-type'))) {
      return new McpError('unsupported_media_type', 'Content-Type must be application/json, in UTF-8.')
    }
    return checkVersion(request)
  }

  /** GET: a connection. */
  answer(parts: EndpointParts, request: HttpRequest, { principal }: Admitted): MaybePromise<HttpReply> {
    const { replica } = parts.services
    if (replica.draining) return errorReply(new McpError('unavailable', 'The server is shutting down.'))
    const crowded = tooManyStreams(replica, principal)
    if (crowded !== undefined) return errorReply(crowded)
    const facts: ConnectionFacts = { uid: replica.tags.next(), replica: replica.id, principal }
    const messages = `${prefixOf(request.path, this.path)}${this.messagesPath}`
    const token = replica.ring.seal('connection', encodeConnection(facts))
    const opened = (id: string): HttpReply => this.#open(parts, facts, id, `${messages}?${SESSION_PARAMETER}=${id}`)
    return token instanceof Promise ? token.then(opened) : opened(token)
  }

  post(parts: EndpointParts, request: HttpRequest, admitted: Admitted, text: string): MaybePromise<HttpReply> {
    const token = request.query(SESSION_PARAMETER)
    if (token === undefined) {
      const message = 'sessionId is missing: post to the URI of the endpoint event.'
      return errorReply(new McpError('session_required', message))
    }
    const connection = this.#connections.get(token)
    if (connection === undefined) return this.#elsewhere(parts, request, admitted, token, text)
    const { counters, platform } = parts.services.replica
    if (connection.facts.principal !== admitted.principal) {
      counters.sessionsForeign++
      return gone()
    }
    if (connection.facts.expiresAt <= platform.now()) {
      counters.sessionsExpired++
      connection.close()
      return gone()
    }
    return connection.post(request, admitted, text)
  }

  /** The process is about to leave. */
  letGo(): void {
    for (const connection of [...this.#connections.values()]) connection.letGo()
  }

  #open(parts: EndpointParts, facts: ConnectionFacts, token: string, endpoint: string): HttpReply {
    return {
      status: 200,
      headers: SSE_HEADERS,
      open: (sink) => {
        const ended = (): void => void this.#connections.delete(token)
        this.#connections.set(token, new SseConnection(parts, facts, token, sink, endpoint, ended))
      },
    }
  }

  /** Takes what was posted to other replicas for connections that are held here. */
  join(parts: EndpointParts): void {
    const { peers, counters } = parts.services.replica
    if (peers === undefined) return
    peers.onPosted = ({ uid, principal, identity, headers, text }) => {
      const connection = [...this.#connections.values()].find(({ facts }) => facts.uid === uid)
      if (connection?.facts.principal !== principal) {
        counters.sessionsUnknown++
        return
      }
      const request = { method: 'POST', path: this.messagesPath, ...headersOf(headers), query: () => undefined }
      connection.take(request, { identity, principal }, text)
    }
  }

  /** No connection here has this session id. Its own words say which replica has, and whose it is. */
  async #elsewhere(
    parts: EndpointParts,
    request: HttpRequest,
    { identity, principal }: Admitted,
    token: string,
    text: string,
  ): Promise<HttpReply> {
    const { ring, counters, peers, id } = parts.services.replica
    const opened = await ring.open('connection', token)
    if (opened === 'unknown_key' && !ring.generated) {
      counters.unknownKeys++
      return errorReply(new McpError('unavailable', 'This session can not be found right now; try again.'))
    }
    const facts = typeof opened === 'string' ? undefined : decodeConnection(opened.bytes)
    if (facts !== undefined && facts.principal !== principal) {
      counters.sessionsForeign++
      return gone()
    }
    if (facts !== undefined && facts.replica !== id && peers !== undefined) {
      const refused = refusal(text)
      if (refused !== undefined) return refused
      const { uid } = facts
      const message = { uid, principal, headers: passedOn(request), text, ...(identity && { identity }) }
      if (await peers.forwardPosted(facts.replica, message)) return ACCEPTED
    }
    // A connection of a process that there is no way to: to this client it has ended.
    if (facts === undefined || facts.replica !== id) counters.sessionsUnknown++
    return gone()
  }
}

/** What is no message at all is refused where it arrives. */
function refusal(text: string): HttpReply | undefined {
  try {
    const body = parseJson(text)
    const kind = Array.isArray(body) ? undefined : classify(body)
    if (typeof kind !== 'object') return undefined
    return errorReply(new McpError('invalid_request', kind.invalid), readableId(body))
  } catch (thrown) {
    return errorReply(toMcpError(thrown))
  }
}

/** The name that the official clients and servers of that time use. */
const SESSION_PARAMETER = 'sessionId'

/** What stands before `suffix` in a path, if that is how it ends. A prefix that reads like a host is none. */
function prefixOf(path: string, suffix: string): string | undefined {
  const bare = path.endsWith('/') ? path.slice(0, -1) : path
  if (!bare.endsWith(suffix) || bare.startsWith('//')) return undefined
  return bare.slice(0, -suffix.length)
}

/** One sentence for every case: who asks with a foreign or forged id learns nothing. */
function gone(): HttpReply {
  return errorReply(new McpError('session_not_found', 'No connection has this session. Connect and initialize anew.'))
}
