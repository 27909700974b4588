/**
 * Rounds: a result that asks for input, the answers of the handlers, and what the retry carries.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import { type AskHandlers, answerTo } from '../asks.ts'
import { ClientError } from '../errors.ts'
import type { ExchangePurpose } from '../observation.ts'
import { cancelledByCaller } from '../requests.ts'
import type { Sent } from './sender.ts'

/** The requests whose result may ask for input. */
const MAY_ASK: readonly string[] = ['tools/call', 'prompts/get', 'resources/read']

/** More than any dialogue needs: a server that never comes to an end is not followed for ever. */
const MAX_ROUNDS = 32

/** A server that asks for nothing but another try gets it after a moment, not in a loop. */
const RETRY_PAUSE_MS = 100

/** A stream that does not end after its response is not waited for longer. */
const OVER_MS = 50

export interface Dialogue {
  readonly method: string
  readonly handlers: AskHandlers
  /** Ends the dialogue, also while a handler takes its time. */
  readonly signal: AbortSignal
  readonly first: Sent
  /** Sends the request again, with these members more. */
  retry(answers: JsonObject, purpose: ExchangePurpose): Promise<Sent>
}

/** Answers round after round, until the final result. */
export async function finish({ method, handlers, signal, first, retry }: Dialogue): Promise<JsonObject> {
  let sent = first
  for (let count = 1; ; count++) {
    const round = roundOf(method, sent.result)
    if (round === undefined) return sent.result
    if (count > MAX_ROUNDS) {
      throw new ClientError('rounds_exceeded', `${method}: the server still asks for input after ${MAX_ROUNDS} rounds.`)
    }
    // So that whoever watches sees one exchange after the other.
    await Promise.race([sent.over, pause(OVER_MS)])
    const answers = await interruptible(answerRound(method, round, handlers, signal), signal, method)
    sent = await retry(answers, { kind: 'retry', of: sent.exchange, round: count + 1 })
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Rejects when the signal aborts: a handler need not look at it. */
async function interruptible<T>(work: Promise<T>, signal: AbortSignal, method: string): Promise<T> {
  let onAbort = (): void => {}
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason instanceof ClientError ? signal.reason : cancelledByCaller(method))
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}

/** What a server asks for before it goes on. */
interface Round {
  readonly inputRequests: Readonly<Record<string, JsonObject>>
  /** Absent where the server gave none: then the retry has none either. */
  readonly requestState: string | undefined
}

/**
 * The round that a result opens, or `undefined` for a final result. A result without `resultType` is final: servers of
 * earlier revisions have none.
 *
 * @throws {ClientError} `not_mcp` for a result that the specification does not know.
 */
function roundOf(method: string, result: JsonObject): Round | undefined {
  const { resultType = 'complete', inputRequests, requestState } = result
  if (resultType === 'complete') return undefined
  const nonsense = (why: string): ClientError => new ClientError('not_mcp', `${method}: ${why}.`)
  if (resultType !== 'input_required') throw nonsense(`the resultType ${JSON.stringify(resultType)} is not known`)
  if (!MAY_ASK.includes(method)) throw nonsense('a server must not ask for input here')
  if (inputRequests === undefined && requestState === undefined) {
    throw nonsense('the server asks for input, with neither inputRequests nor requestState')
  }
  if (requestState !== undefined && typeof requestState !== 'string') throw nonsense('requestState is not a string')
  const requests = inputRequests ?? {}
  if (!isObject(requests) || !Object.values(requests).every(isObject)) {
    throw nonsense('inputRequests is not a map of requests')
  }
  return { inputRequests: requests as Round['inputRequests'], requestState }
}

/**
 * Answers all questions of a round, and gives the members that the retry carries besides the params of the request.
 *
 * @throws {ClientError} `ask_failed`: an answer cannot be an error here, so a handler that fails ends the request.
 */
async function answerRound(
  method: string,
  { inputRequests, requestState }: Round,
  handlers: AskHandlers,
  signal: AbortSignal,
): Promise<JsonObject> {
  if (Object.keys(inputRequests).length === 0) await pause(RETRY_PAUSE_MS)
  const answers = await Promise.all(
    Object.entries(inputRequests).map(async ([key, request]) => {
      return [key, await answer(method, key, request, handlers, signal)] as const
    }),
  )
  return {
    // `fromEntries` defines members, so that a key like `__proto__` is one like any other.
    ...(answers.length === 0 ? {} : { inputResponses: Object.fromEntries(answers) }),
    ...(requestState === undefined ? {} : { requestState }),
  }
}

async function answer(
  method: string,
  key: string,
  request: JsonObject,
  handlers: AskHandlers,
  signal: AbortSignal,
): Promise<unknown> {
  const asked = String(request['method'])
  const params = isObject(request['params']) ? request['params'] : {}
  try {
    const given = await answerTo(handlers, asked, params, { id: key, signal, progress: async () => {} })
    if (given !== undefined) return given
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw new ClientError('ask_failed', `${method}: no answer to ${asked}: ${why}`, { cause: thrown })
  }
  throw new ClientError('ask_failed', `${method}: the server asks for ${asked}, which this client does not answer.`)
}
