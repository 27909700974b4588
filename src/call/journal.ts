/**
 * What a replayed handler has behind it: the answers that it got, and the results of its steps. It travels sealed in
 * `requestState`, so that no process has to remember anything.
 *
 * @module
 */
import { sipHashText, sipKey } from '../session/siphash.ts'
import { canonicalJson } from '../wire/canonical-json.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'

/** An answered question: its print, and the answer. */
export type Answered = readonly [print: string, result: JsonObject]

/** An open question: its place in the order of questions, its key in `inputRequests`, its print. */
export type Asked = readonly [ordinal: number, key: string, print: string]

export interface Journal {
  /** The id of the call, the same in all its exchanges. */
  readonly callId: string
  /** By the place of the question in the order of questions. */
  readonly answers: readonly (Answered | null)[]
  /** Results by the name of the step and how often that name was used before. */
  readonly steps: { readonly [step: string]: unknown }
  /** The questions that the client was asked last. */
  readonly open: readonly Asked[]
}

/** Nothing secret hangs on it: the state around it is sealed, and it only has to notice a changed program. */
const PRINT_KEY = sipKey(new Uint8Array(16))

/** Stands for the kind and the parameters of a question. */
export function printOf(method: string, params: JsonObject): string {
  return `${method} ${sipHashText(PRINT_KEY, canonicalJson(params))}`
}
