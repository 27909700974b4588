/**
 * `serveStdio`: the same server over standard input and output, for clients that start it as a process.
 *
 * @see the specification, basic/transports, "stdio"
 * @module
 */
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { Call } from '../call/call.ts'
import { takeNotification, takeResponse } from '../call/incoming.ts'
import type { CallOutlet } from '../call/outlet.ts'
import { memoryEngine } from '../engine/memory.ts'
import { errorReport, logLine } from '../http/logger.ts'
import type { EndpointOptions, OptionsFor } from '../http/options.ts'
import { negotiate } from '../server/initialize.ts'
import { definitionOf, type Server } from '../server/server.ts'
import { Serving } from '../server/serving.ts'
import { DEFAULT_LIMITS } from '../session/limits.ts'
import { ANONYMOUS } from '../session/principal.ts'
import { Session } from '../session/session.ts'
import { EMPTY_STATE } from '../session/session-entry.ts'
import { hasEnvelope } from '../wire/envelope.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { parseJson } from '../wire/json-guard.ts'
import {
  classify,
  errorMessage,
  isRequestId,
  type JsonRpcNotification,
  type JsonRpcRequest,
  type JsonRpcResponse,
  notificationMessage,
  resultMessage,
} from '../wire/jsonrpc.ts'
import { LATEST } from '../wire/revision.ts'
import { nodePlatform } from './node-platform.ts'
import { ModernLines } from './stdio-modern.ts'

/** Options of {@link serveStdio}. */
export interface StdioOptions<State = unknown>
  extends Pick<EndpointOptions<State>, 'limits' | 'logger' | 'onError' | 'state'> {
  /** Default `process.stdin`. */
  readonly input?: Readable
  /** Default `process.stdout`. Nothing else may write to it. */
  readonly output?: Writable
}

/** A server on a pair of streams. */
export interface StdioHandle {
  /** Settles when the input has ended and everything is closed. */
  readonly closed: Promise<void>
  close(options?: { readonly deadline?: number }): Promise<void>
}

/** How long calls may go on after the client has closed its end, in milliseconds. */
const CLOSE_DEADLINE_MS = 2_000

/**
 * Serves one client over standard input and output. The server's log goes to standard error.
 *
 * @example
 * ```ts
 * await serveStdio(server)
 * ```
 */
export async function serveStdio<State>(
  server: Server<State>,
  ...[options]: OptionsFor<State, StdioOptions<State>>
): Promise<StdioHandle> {
  const { input = process.stdin, output = process.stdout, limits, onError, state } = options ?? {}
  const logger = options?.logger ?? ((entry) => void process.stderr.write(`${logLine(entry, Date.now())}\n`))
  const serving = await Serving.start(definitionOf(server as Server), {
    platform: nodePlatform,
    engine: memoryEngine(nodePlatform),
    secrets: [],
    limits: { ...DEFAULT_LIMITS, ...limits },
    report: errorReport(logger, onError),
    state,
    stateful: true,
  })
  const connection = new StdioConnection(serving, (line) => void output.write(`${line}\n`))
  const lines = createInterface({ input, crlfDelay: Number.POSITIVE_INFINITY })
  lines.on('line', (line) => connection.take(line))
  let closing: Promise<void> | undefined
  const close = (deadlineMs: number): Promise<void> => {
    // Later than the assignment: closing the lines calls this function again.
    closing ??= Promise.resolve().then(async () => {
      lines.close()
      connection.stop()
      await serving.drain(deadlineMs)
      await serving.close()
    })
    return closing
  }
  const closed = new Promise<void>((resolve, reject) => {
    lines.once('close', () => close(CLOSE_DEADLINE_MS).then(resolve, reject))
  })
  return { closed, close: (closeOptions) => close(closeOptions?.deadline ?? CLOSE_DEADLINE_MS) }
}

const NO_HEADERS = { header: () => undefined }

/** A pair of streams: the one session that `initialize` opens on it, and modern requests beside it. */
class StdioConnection {
  readonly #serving: Serving
  readonly #write: (line: string) => void
  readonly #unlisten: () => void
  readonly #modern: ModernLines
  #session: Session | undefined

  constructor(serving: Serving, write: (line: string) => void) {
    this.#serving = serving
    this.#write = write
    this.#modern = new ModernLines(serving, write)
    this.#unlisten = serving.definition.listen({
      listChanged: (list) => this.#tell(`notifications/${list}/list_changed`),
      resourceUpdated: (uri) => {
        if (this.#session?.state?.subscriptions.has(uri)) this.#tell('notifications/resources/updated', { uri })
      },
      elicitationComplete: (elicitationId) => this.#tell('notifications/elicitation/complete', { elicitationId }),
    })
  }

  take(line: string): void {
    if (line.trim() === '') return
    try {
      const body = parseJson(line)
      if (Array.isArray(body)) this.#takeBatch(body)
      else this.#takeOne(body, this.#write)
    } catch (thrown) {
      this.#write(errorMessage(undefined, toMcpError(thrown)))
    }
  }

  stop(): void {
    this.#unlisten()
  }

  #tell(method: string, params?: object): void {
    if (this.#session !== undefined) this.#write(notificationMessage(method, params))
  }

  /** Batches exist in 2025-03-26; their answers go out together. */
  #takeBatch(bodies: readonly unknown[]): void {
    if (!this.#session?.facts.revision.batches || bodies.length === 0) {
      throw new McpError('invalid_request', 'Send one JSON-RPC message per line.')
    }
    const isAnswered = (body: unknown): boolean => {
      const kind = classify(body)
      return typeof kind === 'object' || kind === 'request'
    }
    let open = bodies.filter(isAnswered).length
    const texts: string[] = []
    const collect = (text: string): void => {
      texts.push(text)
      if (--open === 0) this.#write(`[${texts.join()}]`)
    }
    for (const body of bodies) this.#takeOne(body, collect)
  }

  #takeOne(body: unknown, answer: (text: string) => void): void {
    const kind = classify(body)
    if (typeof kind === 'object') {
      answer(errorMessage(undefined, new McpError('invalid_request', kind.invalid)))
    } else if (kind === 'request') {
      this.#takeRequest(body as JsonRpcRequest, answer)
    } else if (kind === 'notification' && this.#cancels(body as JsonRpcNotification)) {
      // A request of the modern era.
    } else if (this.#session !== undefined) {
      if (kind === 'notification') takeNotification(this.#serving.services, this.#session, body as JsonRpcNotification)
      else takeResponse(this.#serving.services, this.#session, body as JsonRpcResponse)
    }
  }

  #cancels({ method, params }: JsonRpcNotification): boolean {
    const id = params?.['requestId']
    return method === 'notifications/cancelled' && isRequestId(id) && this.#modern.cancel(id)
  }

  #takeRequest(message: JsonRpcRequest, answer: (text: string) => void): void {
    if (hasEnvelope(message)) {
      this.#modern.take(message, answer)
      return
    }
    if (message.method === 'initialize') {
      answer(this.#initialize(message))
      return
    }
    const session = this.#session ?? (message.method === 'ping' ? this.#makeSession() : undefined)
    if (session === undefined) {
      answer(errorMessage(message.id, new McpError('session_required', 'Send initialize first.')))
      return
    }
    if (session.find(message.id) !== undefined) {
      answer(errorMessage(message.id, new McpError('invalid_request', 'A request with this id is already in flight.')))
      return
    }
    const outlet: CallOutlet = {
      notify: this.#write,
      sendAsk: (text) => this.#write(text),
      finish: (text) => {
        if (text !== undefined) answer(text)
      },
      closeConnection: () => {},
    }
    const { services, definition } = this.#serving
    new Call(services, session, undefined, NO_HEADERS, message, services.replica.nextCall(), outlet).run(
      definition.dispatch,
    )
  }

  #initialize(message: JsonRpcRequest): string {
    try {
      if (this.#session !== undefined) throw new McpError('invalid_request', 'The session is open already.')
      const { facts, result } = negotiate(this.#serving.definition, message.params ?? {}, true)
      this.#session = this.#makeSession(facts)
      this.#serving.runSessionHooks(this.#session, 'open')
      return resultMessage(message.id, result)
    } catch (thrown) {
      return errorMessage(message.id, toMcpError(thrown))
    }
  }

  #makeSession(facts?: ReturnType<typeof negotiate>['facts']): Session {
    const { ring, tags } = this.#serving.replica
    const known = facts ?? { revision: LATEST, capabilities: 0, client: { name: '', version: '' }, extensions: '' }
    const uid = tags.next()
    const expiresAt = Number.MAX_SAFE_INTEGER
    const session = new Session(
      { ...known, uid, birth: '', expiresAt, principal: ANONYMOUS },
      uid,
      ring.eventKey(ring.sealingKeyId),
    )
    session.state = EMPTY_STATE
    return session
  }
}
