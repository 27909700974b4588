/**
 * One request of the client while it is being handled: what it may send, how it is cancelled, how it ends.
 *
 * @module
 */
import type { MaybePromise, Timer } from '../engine/platform.ts'
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
  resultMessage,
} from '../wire/jsonrpc.ts'
import type { Exchange } from './exchange.ts'
import { LIVE } from './live.ts'
import type { CallHeaders, CallOutlet } from './outlet.ts'
import type { CallServices } from './services.ts'
import type { Question, Way, WayCall } from './way.ts'

export class Call implements InFlight, WayCall {
  readonly services: CallServices
  readonly method: string
  readonly number: number
  readonly way: Way
  // Of the exchange that the call is in now.
  session: Session
  identity: Identity | undefined
  headers: CallHeaders
  requestId: RequestId
  params: JsonObject
  outlet: CallOutlet
  #id: string | undefined
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
    way: Way = LIVE,
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
    this.way = way
  }

  /** Stable and unique over all replicas: an idempotency key for what the handler does elsewhere. */
  get id(): string {
    // Once named, it keeps its name, even if the replica has to take another one.
    this.#id ??= this.way.callId ?? `${this.services.replica.id}.${this.number.toString(36)}`
    return this.#id
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
    this.services.replica.usage.add(this.session.facts.principal, 'calls')
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
    this.#end(answer ? errorMessage(this.requestId, reason) : undefined, reason)
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

  ask(question: Question): Promise<JsonObject> {
    if (this.#ended) return Promise.reject(this.#reason ?? new ProtocolError('cancelled', 'The request has ended.'))
    this.#asked = true
    return this.way.ask(this, question)
  }

  suspend(result: JsonText, meanwhile: CallOutlet): void {
    const { outlet } = this
    this.outlet = meanwhile
    this.headers = this.headers.detach?.() ?? this.headers
    outlet.finish(resultMessage(this.requestId, result))
  }

  /** Goes on in another exchange: from now on everything that a request says comes from there. */
  resume({ session, identity, headers, request, outlet }: Exchange): void {
    this.session = session
    this.identity = identity
    this.headers = headers
    this.requestId = request.id
    this.params = request.params ?? NO_PARAMS
    this.outlet = outlet
  }

  conclude(result: JsonText): void {
    this.#succeed(result)
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
    this.#end(errorMessage(this.requestId, error), error)
  }

  /** What a revision has no code for. -32042 asks for URL mode: a client without it gets the error that says so. */
  #fit(error: McpError): McpError {
    const { revision, capabilities } = this.session.facts
    if (error.code === 'resource_not_found' && revision.era === 'modern') {
      return new ProtocolError('invalid_params', error.message, { data: error.data })
    }
    if (error.code !== 'url_elicitation_required') return error
    if (revision.elicitation === 'modes' && hasCapability(capabilities, 'elicitation.url')) return error
    return new ProtocolError('capability_missing', error.message, {
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    })
  }

  #end(text: string | undefined, error?: McpError): void {
    this.#ended = true
    if (this.#open) {
      this.services.replica.calls.delete(this)
      this.services.replica.usage.remove(this.session.facts.principal, 'calls')
      this.session.remove(this)
    }
    this.#timer?.cancel()
    if (this.#asked) this.way.ended(this, this.#reason)
    this.outlet.finish(text, error)
  }
}

const NO_PARAMS: JsonObject = {}
