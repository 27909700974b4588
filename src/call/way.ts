/**
 * The ways in which a handler runs: what becomes of its questions to the client, and of its steps.
 *
 * - *live*: the question is a request on a stream, and the handler waits while the request stays open;
 * - *parked*: the question ends the exchange, and the handler waits for the client's retry;
 * - *replayed*: the question ends the exchange and the call, and the retry runs the handler again from its beginning.
 *
 * Handlers see none of that: they await an answer.
 *
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Session } from '../session/session.ts'
import type { McpError } from '../wire/errors.ts'
import type { JsonObject, JsonText, RequestId } from '../wire/jsonrpc.ts'
import type { AskSettings } from './ask-settings.ts'
import type { CallOutlet } from './outlet.ts'
import type { CallServices } from './services.ts'

/** A question to the client. */
export interface Question {
  readonly method: string
  readonly params: JsonObject
  readonly settings: AskSettings | undefined
  /** How long a live question waits where the handler does not say. */
  readonly defaultMs: number
}

/** A call, as far as the way that it runs in has to know it. */
export interface WayCall {
  readonly services: CallServices
  readonly session: Session
  readonly number: number
  readonly id: string
  readonly requestId: RequestId
  readonly outlet: CallOutlet
  readonly ended: boolean
  /** Ends the exchange with a result while the handler goes on; what it sends meanwhile goes to `meanwhile`. */
  suspend(result: JsonText, meanwhile: CallOutlet): void
  /** Ends the call with a result that its handler did not return. */
  conclude(result: JsonText): void
  abort(reason: McpError, answer: boolean): void
}

export interface Way {
  /** The id that the call had in earlier exchanges, where it is another one by now. */
  readonly callId?: string
  /** Settles with the client's answer, or rejects with the error that {@link Context} documents. */
  ask(call: WayCall, question: Question): Promise<JsonObject>
  /** Runs what must not be repeated. */
  step(call: WayCall, name: string, run: () => MaybePromise<unknown>): Promise<unknown>
  /** The call has ended, for `reason` unless by itself: nobody waits for its questions any more. */
  ended(call: WayCall, reason: McpError | undefined): void
}
