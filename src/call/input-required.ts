/**
 * The interim answer that asks the client for input, and what both ways of the modern era know about questions.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */
import { McpError } from '../wire/errors.ts'
import type { JsonObject, JsonText } from '../wire/jsonrpc.ts'
import { MAX_ROUNDS } from './request-state.ts'
import type { Question } from './way.ts'

/** Makes the text of a result of the revision: what every result has is added. */
export type Present = (result: object, type: 'complete' | 'input_required') => JsonText

/** A question with its key. */
export interface KeyedQuestion {
  readonly key: string
  readonly method: string
  readonly params: JsonObject
}

export function inputRequired(present: Present, questions: Iterable<KeyedQuestion>, requestState: string): JsonText {
  // Members made this way are members, whatever their names; `__proto__` is one.
  const inputRequests = Object.fromEntries(
    Array.from(questions, ({ key, method, params }) => [key, { method, params }] as const),
  )
  return present({ inputRequests, requestState }, 'input_required')
}

/** What the keys of questions begin with that have no name of their own. */
const NOUNS: Readonly<Record<string, string>> = {
  'elicitation/create': 'elicitation',
  'sampling/createMessage': 'sampling',
  'roots/list': 'roots',
}

/**
 * The key of a question.
 *
 * @throws {TypeError} for one that names another open question of the same call.
 */
export function keyOf({ method, settings }: Question, ordinal: number, taken: (key: string) => boolean): string {
  const key = settings?.key ?? `${NOUNS[method] ?? method}-${ordinal}`
  if (!taken(key)) return key
  throw new TypeError(`Two open questions of one call have the key "${key}".`)
}

export function roundsExceeded(): McpError {
  return new McpError('rounds_exceeded', `One request may ask for input in ${MAX_ROUNDS} rounds.`)
}

/** A call may have this many unanswered questions. */
export function tooManyQuestions(limit: number): McpError {
  return new McpError(
    'too_many_requests',
    `The client already has ${limit} unanswered questions (limits.asksPerSession).`,
  )
}
