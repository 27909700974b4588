/**
 * One connection of HTTP+SSE: what is posted to it comes in here, and what it causes leaves on its stream.
 *
 * @see the specification 2024-11-05, basic/transports, "HTTP with SSE"; basic/lifecycle
 * @module
 */
import { takeNotification, takeResponse } from '../call/incoming.ts'
import { negotiate } from '../server/initialize.ts'
import type { ConnectionFacts } from '../session/connection-id.ts'
import { ConnectionStream } from '../session/connection-stream.ts'
import type { EventSink } from '../session/event-sink.ts'
import { Session } from '../session/session.ts'
import { EMPTY_STATE } from '../session/session-entry.ts'
import type { SessionFacts } from '../session/session-id.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { parseJson } from '../wire/json-guard.ts'
import {
  classify,
  errorMessage,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
  resultMessage,
} from '../wire/jsonrpc.ts'
import { FIRST } from '../wire/revision.ts'
import type { Admitted } from './admission.ts'
import type { Answer } from './answer.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'
import { checkRequest, readableId, start } from './post.ts'
import { ACCEPTED, errorReply } from './replies.ts'
import { scopeError, stepUp } from './step-up.ts'

/** Who posted a message, and the head of the request that brought it. */
interface Sender {
  readonly request: HttpRequest
  readonly admitted: Admitted
}

export class SseConnection {
  readonly #parts: EndpointParts
  readonly #stream: ConnectionStream
  /** Until `initialize` a stand-in, which answers to pings. */
  #session: Session
  #opened = false

  /** @param ended called once, when the connection is over. */
  constructor(
    parts: EndpointParts,
    connection: ConnectionFacts,
    token: string,
    sink: EventSink,
    endpoint: string,
    ended: () => void,
  ) {
    this.#parts = parts
    this.#session = this.#makeSession(token, {
      uid: connection.uid,
      birth: '',
      expiresAt: parts.services.replica.platform.now() + parts.sessionTtlMs,
      revision: FIRST,
      capabilities: 0,
      client: { name: '', version: '' },
      principal: connection.principal,
      extensions: '',
    })
    this.#stream = new ConnectionStream(parts.services.sessionStreams, this.facts.principal, sink, endpoint, () => {
      ended()
      this.#end()
    })
  }

  get facts(): SessionFacts {
    return this.#session.facts
  }

  /** Takes the body of a POST. What is answered to a message itself goes out on the stream. */
  post(request: HttpRequest, admitted: Admitted, text: string): HttpReply {
    try {
      const body = parseJson(text)
      const sender = { request, admitted }
      if (!Array.isArray(body)) return this.#takeOne(sender, body) ?? ACCEPTED
      this.#takeBatch(sender, body)
      return ACCEPTED
    } catch (thrown) {
      if (thrown instanceof RefusedMessage) return errorReply(thrown.error, readableId(thrown.body))
      return errorReply(toMcpError(thrown))
    }
  }

  /** Takes the body of a POST that another replica has accepted: what is wrong with it can only be said on the stream. */
  take(request: HttpRequest, admitted: Admitted, text: string): void {
    const reply = this.post(request, admitted, text)
    if (reply.status !== 202 && 'body' in reply && reply.body !== '') this.#stream.send(reply.body)
  }

  close(): void {
    this.#stream.close()
  }

  /** Ends the connection when its calls are done. */
  letGo(): void {
    this.#stream.letGo()
  }

  /** The answer of the POST, where it is not that the message was accepted. */
  #takeOne(sender: Sender, body: unknown): HttpReply | undefined {
    const kind = classify(body)
    if (typeof kind === 'object') throw new RefusedMessage(body, new McpError('invalid_request', kind.invalid))
    if (kind !== 'request') {
      this.#takeAside(body, kind)
      return undefined
    }
    const message = body as JsonRpcRequest
    if (message.method === 'initialize' && !this.#opened) {
      this.#stream.send(this.#initialize(message))
      return undefined
    }
    const refused = this.#refusal(message)
    if (refused !== undefined) throw new RefusedMessage(body, refused)
    const denied = stepUp(this.#parts, sender.request, sender.admitted, message)
    if (denied !== undefined) return denied
    this.#start(sender, message, (text) => {
      if (text !== undefined) this.#stream.send(text)
    })
    return undefined
  }

  /** The answers of a batch go out together, as JSON-RPC has it; without any, nothing does. */
  #takeBatch(sender: Sender, bodies: readonly unknown[]): void {
    const { revision } = this.#session.facts
    const { limits } = this.#parts.services.replica
    if (!revision.batches) throw new McpError('invalid_request', `${revision.name} has no batches: send one message.`)
    if (bodies.length === 0 || bodies.length > limits.batch) {
      throw new McpError('invalid_request', `A batch has 1 to ${limits.batch} messages.`)
    }
    const kinds = bodies.map((body) => classify(body))
    let open = kinds.filter((kind) => typeof kind === 'object' || kind === 'request').length
    const texts: string[] = []
    const collect = (text: string | undefined): void => {
      if (text !== undefined) texts.push(text)
      if (--open === 0 && texts.length > 0) this.#stream.send(`[${texts.join()}]`)
    }
    bodies.forEach((body, at) => {
      const kind = kinds[at]!
      if (typeof kind === 'object') {
        collect(errorMessage(readableId(body), new McpError('invalid_request', kind.invalid)))
      } else if (kind === 'request') {
        const message = body as JsonRpcRequest
        const refused = this.#refusal(message) ?? scopeError(this.#parts, sender.admitted, message)
        if (refused === undefined) this.#start(sender, message, collect)
        else collect(errorMessage(message.id, refused))
      } else {
        this.#takeAside(body, kind)
      }
    })
  }

  #takeAside(body: unknown, kind: 'notification' | 'response'): void {
    const { services } = this.#parts
    const taken =
      kind === 'notification'
        ? takeNotification(services, this.#session, body as JsonRpcNotification)
        : takeResponse(services, this.#session, body as JsonRpcResponse)
    taken?.catch((thrown) => services.replica.report(thrown, 'connection'))
  }

  #refusal(message: JsonRpcRequest): McpError | undefined {
    if (!this.#opened && message.method !== 'ping') {
      return new McpError('session_required', 'Send initialize first, alone: this connection has no session yet.')
    }
    if (this.#stream.full) {
      this.#parts.services.replica.counters.limitsHit++
      return new McpError('too_many_requests', 'Too much waits to be read from the stream (limits.windowBytes).')
    }
    return checkRequest(this.#parts, this.#session, message)
  }

  #start({ request, admitted }: Sender, message: JsonRpcRequest, finish: (text: string | undefined) => void): void {
    const answer: Answer = {
      own: () => {},
      wait: () => {},
      notify: (text) => this.#stream.report(text),
      sendAsk: (text) => this.#stream.send(text),
      finish: (text) => {
        finish(text)
        this.#stream.callEnded()
      },
      closeConnection: () => {},
    }
    start(this.#parts, request, admitted, this.#session, message, this.#parts.services.replica.nextCall(), answer)
  }

  #initialize(message: JsonRpcRequest): string {
    try {
      const { facts, result } = negotiate(this.#parts.definition, message.params ?? {}, true)
      const { token, facts: before } = this.#session
      this.#session = this.#makeSession(token, { ...before, ...facts })
      this.#opened = true
      this.#stream.begin(this.#session)
      this.#parts.services.replica.counters.sessionsOpened++
      this.#parts.serving.runSessionHooks(this.#session, 'open')
      return resultMessage(message.id, result)
    } catch (thrown) {
      return errorMessage(message.id, toMcpError(thrown))
    }
  }

  #makeSession(token: string, facts: SessionFacts): Session {
    const { ring } = this.#parts.services.replica
    const session = new Session(facts, token, ring.eventKey(ring.sealingKeyId))
    session.state = EMPTY_STATE
    return session
  }

  /** "Shutdown is indicated by closing the associated HTTP connection(s)": the session ends with it. */
  #end(): void {
    if (!this.#opened) return
    const { services, serving } = this.#parts
    services.sessions.release(this.#session).catch((thrown) => services.replica.report(thrown, 'session'))
    serving.runSessionHooks(this.#session, 'close')
  }
}

/** A message that was not accepted: the answer is that of the POST, not one on the stream. */
class RefusedMessage extends Error {
  readonly body: unknown
  readonly error: McpError

  constructor(body: unknown, error: McpError) {
    super(error.message)
    this.body = body
    this.error = error
  }
}
