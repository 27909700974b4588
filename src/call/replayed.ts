/**
 * The way of the modern era in which nothing waits: questions end the exchange and the call, and the client's retry runs
 * the handler again from its beginning, on any process, with the answers and step results so far given to it from the
 * sealed `requestState`. For tools with `durable: true`.
 *
 * A handler must ask the same questions in the same order when it gets the same answers. One that differs from the
 * recorded one stops the call rather than taking an answer that was meant for another question.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import {
  inputRequired,
  type KeyedQuestion,
  keyOf,
  type Present,
  roundsExceeded,
  tooManyQuestions,
} from './input-required.ts'
import { type Answered, type Asked, type Journal, printOf } from './journal.ts'
import { MAX_ROUNDS, MAX_STATE_CHARS, type Origin, type RequestState, sealState } from './request-state.ts'
import type { Question, Way, WayCall } from './way.ts'

interface Open extends KeyedQuestion {
  readonly ordinal: number
  readonly print: string
  readonly reject: (reason: McpError) => void
}

/** What an earlier round left, and the answers that came with this one. */
export interface Resumption {
  readonly round: number
  readonly journal: Journal
  readonly responses: JsonObject
}

export class Replayed implements Way {
  readonly callId: string | undefined
  readonly #origin: Origin
  readonly #present: Present
  readonly #round: number
  readonly #answers: (Answered | null)[]
  readonly #steps: Record<string, unknown>
  readonly #uses = new Map<string, number>()
  readonly #open = new Map<string, Open>()
  #call: WayCall | undefined
  #asked = 0
  #running = 0
  #gathering = false

  constructor(origin: Origin, present: Present, resumption: Resumption | undefined) {
    this.#origin = origin
    this.#present = present
    this.#round = resumption?.round ?? 0
    this.#answers = resumption === undefined ? [] : withResponses(resumption)
    this.#steps = Object.assign(Object.create(null), resumption?.journal.steps)
    this.callId = resumption?.journal.callId
  }

  ask(call: WayCall, question: Question): Promise<JsonObject> {
    const { limits, counters } = call.services.replica
    const { method, params } = question
    const ordinal = this.#asked++
    const print = printOf(method, params)
    const recorded = this.#answers[ordinal]
    if (recorded) return recorded[0] === print ? Promise.resolve(recorded[1]) : Promise.reject(this.#diverge(call))
    if (this.#round >= MAX_ROUNDS) return Promise.reject(roundsExceeded())
    if (this.#open.size >= limits.asksPerSession) {
      counters.limitsHit++
      return Promise.reject(tooManyQuestions(limits.asksPerSession))
    }
    this.#call = call
    // Never resolved: the handler that goes on with the answer is the next one.
    return new Promise((_, reject) => {
      const key = keyOf(question, ordinal + 1, (taken) => this.#open.has(taken))
      this.#open.set(key, { key, method, params, ordinal, print, reject })
      counters.asksSent++
      this.#gather(call)
    })
  }

  async step(call: WayCall, name: string, run: () => MaybePromise<unknown>): Promise<unknown> {
    const use = this.#uses.get(name) ?? 0
    this.#uses.set(name, use + 1)
    const step = `${name}#${use}`
    if (step in this.#steps) return this.#steps[step]
    this.#running++
    try {
      const text = JSON.stringify(await run())
      // What comes back is what a replay would give: the value after it was JSON.
      const value: unknown = text === undefined ? undefined : JSON.parse(text)
      this.#steps[step] = value ?? null
      return this.#steps[step]
    } finally {
      this.#running--
      if (this.#open.size > 0) this.#gather(call)
    }
  }

  /** Questions were asked in this turn: they travel once no step runs whose result would be lost. */
  turnEnded(): void {
    this.#gathering = false
    const call = this.#call!
    if (call.ended || this.#open.size === 0 || this.#running > 0) return
    const { replica } = call.services
    const questions = [...this.#open.values()]
    const journal: Journal = {
      callId: call.id,
      answers: this.#answers,
      steps: this.#steps,
      open: questions.map(({ ordinal, key, print }): Asked => [ordinal, key, print]),
    }
    const state: RequestState = {
      journal,
      round: this.#round + 1,
      expiresAt: replica.platform.now() + replica.limits.parkedMs,
    }
    try {
      const sealed = sealState(replica, this.#origin, state)
      if (typeof sealed === 'string') this.#finish(call, questions, sealed)
      else sealed.then((late) => this.#finish(call, questions, late)).catch((thrown) => this.#fail(call, thrown))
    } catch (thrown) {
      this.#fail(call, thrown)
    }
  }

  ended(_call: WayCall, reason: McpError | undefined): void {
    // A call that ends because its questions travel leaves its handler waiting for ever, which costs nothing: to reject
    // would run the code that a handler keeps for failures.
    if (reason !== undefined) this.#reject(reason)
  }

  #finish(call: WayCall, questions: readonly Open[], sealed: string): void {
    if (call.ended) return
    if (sealed.length > MAX_STATE_CHARS) {
      this.#reject(
        new McpError('request_state_too_large', `Answers and step results have ${MAX_STATE_CHARS} bytes together.`),
      )
      return
    }
    call.conclude(inputRequired(this.#present, questions, sealed))
  }

  #fail(call: WayCall, thrown: unknown): void {
    call.abort(toMcpError(thrown), true)
  }

  #diverge(call: WayCall): McpError {
    const reason = new McpError('replay_diverged', 'The handler asked another question than it did before.')
    call.abort(reason, true)
    return reason
  }

  #reject(reason: McpError): void {
    for (const open of this.#open.values()) open.reject(reason)
    this.#open.clear()
  }

  #gather(call: WayCall): void {
    if (this.#gathering) return
    this.#gathering = true
    call.services.replica.turns.add(this)
  }
}

/** The recorded answers and those of this retry. An answer belongs to the question that was asked under its key. */
function withResponses({ journal, responses }: Resumption): (Answered | null)[] {
  const answers = [...journal.answers]
  for (const [ordinal, key, print] of journal.open) {
    const response = Object.hasOwn(responses, key) ? responses[key] : undefined
    if (!isObject(response)) continue
    while (answers.length < ordinal) answers.push(null)
    answers[ordinal] = [print, response]
  }
  return answers
}
