/**
 * One request of the client while it is being handled: what it may send, how it is cancelled, how it ends.
 *
 * @module
 */
import type { MaybePromise, Timer } from '../engine/platform.ts'
import type { AskOptions, AskRoute } from '../session/asks.ts'
import type { Identity } from '../session/principal.ts'
import type { InFlight, Session } from '../session/session.ts'
import { hasCapability } from '../wire/capabilities.ts'
import { type McpError, McpError as ProtocolError, toMcpError } from '../wire/errors.ts'
import {
  answerMessage,
  errorMessage,
  type JsonObject,
  type JsonText,
  notificationMessage,
  type RequestId,
} from '../wire/jsonrpc.ts'
import type { CallServices } from './services.ts'

/** Where a call's messages go. */
export interface CallOutlet extends AskRoute {
  notify(text: string): void
  /** The answer, or nothing for a request that the client cancelled. */
  finish(text: string | undefined): void
  /** Ends the connection, not the stream. */
  closeConnection(): void
}

/** The headers of the request that brought a call; none over stdio. */
export interface CallHeaders {
  /** By the lower-case name. */
  header(name: string): string | undefined
}

export class Call implements InFlight {
  readonly services: CallServices
  readonly session: Session
  readonly identity: Identity | undefined
  readonly headers: CallHeaders
  readonly requestId: RequestId
  readonly method: string
  readonly params: JsonObject
  readonly number: number
  readonly outlet: CallOutlet
  #progressed = Number.NEGATIVE_INFINITY
  #asked = false
  #open = false
  #ended = false
  #reason: McpError | undefined
  #controller: AbortController | undefined
  #timer: Timer | undefined

  constructor(
    services: CallServices,
    session: Session,
    identity: Identity | undefined,
    headers: CallHeaders,
    request: { readonly id: RequestId; readonly method: string; readonly params?: JsonObject },
    number: number,
    outlet: CallOutlet,
  ) {
    this.services = services
    this.session = session
    this.identity = identity
    this.headers = headers
    this.requestId = request.id
    this.method = request.method
    this.params = request.params ?? NO_PARAMS
    this.number = number
    this.outlet = outlet
  }

  /** Stable and unique over all replicas: an idempotency key for what the handler does elsewhere. */
  get id(): string {
    return `${this.services.replica.id}.${this.number.toString(36)}`
  }

  get ended(): boolean {
    return this.#ended
  }

  /** Made when somebody asks for it: most handlers are done before anybody could cancel them. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Runs the handler and answers with what it yields. Never throws and never leaves the client without an answer. */
  run(handle: (call: Call) => MaybePromise<object | JsonText>): void {
    const { replica } = this.services
    replica.counters.callsStarted++
    let result: MaybePromise<object | JsonText>
    try {
      result = handle(this)
    } catch (thrown) {
      this.#fail(thrown)
      return
    }
    if (!(result instanceof Promise)) {
      this.#succeed(result)
      return
    }
    this.#stayOpen()
    result
      .then(
        (late) => this.#succeed(late),
        (thrown) => this.#fail(thrown),
      )
      .catch((thrown) => replica.report(thrown, this.method))
  }

  /** From now on others must be able to find the call. One that ends at once is never seen by anybody. */
  #stayOpen(): void {
    if (this.#ended) return
    this.#open = true
    this.services.replica.calls.add(this)
    if (!this.session.stateless) this.session.add(this)
  }

  /** Ends the call with `request_timeout` unless it is done within `ms` milliseconds. */
  limitTime(ms: number): void {
    this.#timer = this.services.replica.wheel.after(ms, () => {
      this.abort(new ProtocolError('request_timeout', `The request took longer than ${ms} ms.`), true)
    })
  }

  abort(reason: McpError, answer: boolean): void {
    if (this.#ended) return
    this.#reason = reason
    this.services.replica.counters[answer ? 'callsFailed' : 'callsCancelled']++
    this.#end(answer ? errorMessage(this.requestId, reason) : undefined)
    this.#controller?.abort(reason)
  }

  /** The stream told the client that it is broken; nothing that the handler does can reach it any more. */
  streamBroken(reason: McpError): void {
    this.abort(reason, true)
  }

  notify(method: string, params: object): void {
    if (this.#ended) this.services.replica.counters.notificationsDropped++
    else this.outlet.notify(notificationMessage(method, params))
  }

  progress(progress: number, total: number | undefined, message: string | undefined): void {
    const token = (this.params['_meta'] as JsonObject | undefined)?.['progressToken']
    if (token === undefined) return
    // "The progress value MUST increase with each notification": a value that does not is no news.
    if (!(progress > this.#progressed)) {
      this.services.replica.counters.notificationsDropped++
      return
    }
    this.#progressed = progress
    const said = this.session.facts.revision.progressMessage ? message : undefined
    this.notify('notifications/progress', { progressToken: token, progress, total, message: said })
  }

  ask(method: string, params: JsonObject, options: AskOptions): Promise<JsonObject> {
    if (this.#ended) return Promise.reject(this.#reason ?? new ProtocolError('cancelled', 'The request has ended.'))
    this.#asked = true
    return this.services.asks.ask(this.session, this.number, this.outlet, method, params, options)
  }

  #succeed(result: object | JsonText): void {
    if (this.#ended) return
    const answer = answerMessage(this.requestId, result)
    const { counters } = this.services.replica
    if (answer.failed === undefined) {
      counters.callsFinished++
    } else {
      counters.callsFailed++
      this.services.replica.report(answer.failed.cause, this.method)
    }
    this.#end(answer.text)
  }

  #fail(thrown: unknown): void {
    if (this.#ended) return
    const { counters, report } = this.services.replica
    const error = this.#fit(toMcpError(thrown))
    counters.callsFailed++
    if (error.cause !== undefined) report(error.cause, this.method)
    this.#end(errorMessage(this.requestId, error))
  }

  /** -32042 asks for URL mode: a client without it gets the error that says so. */
  #fit(error: McpError): McpError {
    if (error.code !== 'url_elicitation_required') return error
    const { revision, capabilities } = this.session.facts
    if (revision.elicitation === 'modes' && hasCapability(capabilities, 'elicitation.url')) return error
    return new ProtocolError('capability_missing', error.message, {
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    })
  }

  #end(text: string | undefined): void {
    this.#ended = true
    if (this.#open) {
      this.services.replica.calls.delete(this)
      this.session.remove(this)
    }
    this.#timer?.cancel()
    // An error is made only where a question is still open: its stack costs more than the rest of the call.
    if (this.#asked && this.session.openAsks > 0) {
      this.services.asks.withdrawCall(
        this.number,
        this.#reason ?? new ProtocolError('cancelled', 'The request has ended.'),
      )
    }
    this.outlet.finish(text)
  }
}

const NO_PARAMS: JsonObject = {}
