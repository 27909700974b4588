/**
 * The way of the modern era in which a handler waits in memory: its questions end the exchange, and the client's retry,
 * led here by its `requestState`, takes the call up again. Nothing is run twice.
 *
 * Questions asked before the event loop turns travel in one round. What the handler asks while it is parked waits for
 * the next one; what it returns then waits for the retry.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */
import type { MaybePromise, Timer } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import { isObject, type JsonObject, type JsonText, type RequestId, resultMessage, withId } from '../wire/jsonrpc.ts'
import type { Exchange } from './exchange.ts'
import {
  inputRequired,
  type KeyedQuestion,
  keyOf,
  type Present,
  roundsExceeded,
  tooManyQuestions,
} from './input-required.ts'
import type { CallOutlet } from './outlet.ts'
import { writeAddress } from './parked-address.ts'
import type { Cancellable, ParkedCall } from './parking.ts'
import { invalidState, MAX_ROUNDS, type Origin, sameRequest, spentState } from './request-state.ts'
import type { Question, Way, WayCall } from './way.ts'

interface Open extends KeyedQuestion {
  readonly resolve: (result: JsonObject) => void
  readonly reject: (reason: McpError) => void
  /** The client was asked. */
  sent: boolean
  /** Given by a retry that lacked others. */
  answer: JsonObject | undefined
  timer: Timer | undefined
}

/** How a call ended that nobody listened to. */
interface Outcome {
  readonly text: string | undefined
  readonly id: RequestId
  readonly error: McpError | undefined
}

/** The call, as the retry finds it. */
export interface ResumableCall extends WayCall {
  resume(exchange: Exchange): void
}

export class Parked implements Way, ParkedCall, CallOutlet {
  readonly #origin: Origin
  readonly #present: Present
  readonly #open = new Map<string, Open>()
  #call: ResumableCall | undefined
  #asked = 0
  #round = 0
  /** Where the call waits; absent while an exchange is open. */
  #tag: string | undefined
  #expiresAt = 0
  #gathering = false
  #outcome: Outcome | undefined

  constructor(origin: Origin, present: Present) {
    this.#origin = origin
    this.#present = present
  }

  ask(call: WayCall, question: Question): Promise<JsonObject> {
    const { limits, counters, wheel } = call.services.replica
    this.#call = call as ResumableCall
    if (this.#round >= MAX_ROUNDS) return Promise.reject(roundsExceeded())
    if (this.#open.size >= limits.asksPerSession) {
      counters.limitsHit++
      return Promise.reject(tooManyQuestions(limits.asksPerSession))
    }
    return new Promise((resolve, reject) => {
      const key = keyOf(question, ++this.#asked, (taken) => this.#open.has(taken))
      const { method, params, settings } = question
      const open: Open = { key, method, params, resolve, reject, sent: false, answer: undefined, timer: undefined }
      if (settings?.timeout !== undefined) open.timer = wheel.after(settings.timeout, () => this.#timeOut(open))
      this.#open.set(key, open)
      counters.asksSent++
      this.#gather()
    })
  }

  async step(_call: WayCall, _name: string, run: () => MaybePromise<unknown>): Promise<unknown> {
    return run()
  }

  /** The turn in which questions were asked is over: they travel now. Called by {@link Replica.turns}. */
  turnEnded(): void {
    this.#gathering = false
    const call = this.#call!
    if (call.ended || this.#tag !== undefined || this.#open.size === 0) return
    const { replica, parking } = call.services
    const refusal = parking.refusal(this.#origin.principal)
    if (refusal !== undefined) {
      this.#reject(refusal)
      return
    }
    this.#round++
    this.#tag = replica.tags.next()
    this.#expiresAt = replica.platform.now() + replica.limits.parkedMs
    const result = this.#questions(call, this.#open.values())
    parking.add(this.#tag, this, this.#origin.principal, this.#expiresAt)
    call.suspend(result, this)
  }

  ended(_call: WayCall, reason: McpError | undefined): void {
    // Mostly every question is answered by then, and an error that nobody gets costs as much as the rest of the end.
    if (this.#open.size > 0) this.#reject(reason ?? new McpError('cancelled', 'The request has ended.'))
  }

  /** The wait is over: the handler hears it, and what it returns after that reaches nobody. */
  expire(): void {
    const call = this.#call!
    this.#tag = undefined
    this.#outcome = undefined
    call.services.replica.counters.asksTimedOut += this.#open.size
    call.abort(new McpError('ask_timeout', 'The client did not answer in time.'), true)
  }

  /** A round is resumed once, by a retry that carries every answer; one that lacks some is asked for those again. */
  take(exchange: Exchange, round: number, responses: JsonObject): Cancellable | undefined {
    const call = this.#call!
    if (!sameRequest(this.#origin, exchange.request.params ?? {})) throw invalidState()
    if (this.#tag === undefined || round !== this.#round) throw spentState()
    const outcome = this.#outcome
    if (outcome !== undefined) {
      this.#leave(call)
      exchange.outlet.finish(outcome.text && withId(outcome.text, outcome.id, exchange.request.id), outcome.error)
      return undefined
    }
    const asked = [...this.#open.values()].filter((open) => open.sent)
    for (const open of asked) {
      const response = Object.hasOwn(responses, open.key) ? responses[open.key] : undefined
      if (isObject(response)) open.answer ??= response
    }
    const missing = asked.filter((open) => open.answer === undefined)
    if (missing.length > 0) {
      exchange.outlet.finish(resultMessage(exchange.request.id, this.#questions(call, missing)))
      return undefined
    }
    this.#leave(call)
    call.resume(exchange)
    const { counters } = call.services.replica
    for (const open of asked) {
      this.#settle(open)
      counters.asksAnswered++
      open.resolve(open.answer!)
    }
    if (this.#open.size > 0) this.#gather()
    return call
  }

  /** The result that asks questions, with the state that leads their answers back here. */
  #questions(call: WayCall, questions: Iterable<Open>): JsonText {
    const { replica } = call.services
    const address = { replica: replica.id, tag: this.#tag!, round: this.#round, expiresAt: this.#expiresAt }
    const state = writeAddress(replica, this.#origin, address)
    const asked = [...questions]
    for (const question of asked) question.sent = true
    return inputRequired(this.#present, asked, state)
  }

  #gather(): void {
    if (this.#gathering) return
    this.#gathering = true
    this.#call!.services.replica.turns.add(this)
  }

  #timeOut(open: Open): void {
    this.#settle(open)
    this.#call!.services.replica.counters.asksTimedOut++
    open.reject(new McpError('ask_timeout', 'The client did not answer in time.'))
  }

  #reject(reason: McpError): void {
    for (const open of [...this.#open.values()]) {
      this.#settle(open)
      open.reject(reason)
    }
  }

  #settle(open: Open): void {
    open.timer?.cancel()
    this.#open.delete(open.key)
  }

  /** The call waits no longer. */
  #leave(call: WayCall): void {
    if (this.#tag !== undefined) call.services.parking.remove(this.#tag)
    this.#tag = undefined
  }

  // The outlet of the call while it has no exchange.

  notify(): void {
    this.#call!.services.replica.counters.notificationsDropped++
  }

  sendAsk(): void {}

  finish(text: string | undefined, error?: McpError): void {
    const { requestId } = this.#call!
    if (this.#tag !== undefined) this.#outcome = { text, id: requestId, error }
  }

  closeConnection(): void {}
}
