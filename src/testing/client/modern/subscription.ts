/**
 * `subscriptions/listen`: a request whose answer is a stream of notifications, which begins with what the server agreed
 * to and ends with the response.
 *
 * @see the specification 2026-07-28, basic/patterns/subscriptions
 * @module
 */
import { isObject, type JsonObject, type RequestId } from '../../../wire/jsonrpc.ts'
import { ClientError, rpcErrorOf, rpcFailure } from '../errors.ts'
import type { Answer, StreamAnswer } from '../exchange.ts'
import type { Line } from '../line.ts'
import { type Receiver, takeEvent } from '../message.ts'
import type { Endpoint } from './endpoint.ts'
import { metaOf, SUBSCRIPTION_ID } from './envelope.ts'

/** What a client wants to hear of. */
export interface ListenFilter {
  readonly toolsListChanged?: boolean
  readonly promptsListChanged?: boolean
  readonly resourcesListChanged?: boolean
  /** URIs of resources whose updates are wanted. */
  readonly resourceSubscriptions?: readonly string[]
}

export interface ListenOptions {
  /** Aborting ends the subscription. */
  readonly signal?: AbortSignal
  /** The notifications of this subscription; the client's own `onNotification` gets them as well. */
  readonly onNotification?: (method: string, params: JsonObject) => void
  /** How long the acknowledgement may take, in milliseconds. Default: the client's `timeoutMs`. */
  readonly timeoutMs?: number
}

/** How a subscription ended: the server said so, its connection broke, or the client let go of it. */
export type SubscriptionEnd = 'server' | 'cut' | 'client'

/** A subscription that the server has acknowledged. */
export interface Subscription {
  /** The id of its `subscriptions/listen` request, which every notification names. */
  readonly id: RequestId
  /** What the server honours of the filter. */
  readonly acknowledged: ListenFilter
  readonly ended: Promise<SubscriptionEnd>
  /** Closes the stream, which is what tells the server. Resolves when it is closed. */
  close(): Promise<void>
}

const ACKNOWLEDGED = 'notifications/subscriptions/acknowledged'

type Passes = (filter: ListenFilter) => boolean

/** Whether a filter lets a notification through, by method. */
const PASSES: ReadonlyMap<string, Passes> = new Map<string, Passes>([
  ['notifications/tools/list_changed', ({ toolsListChanged }) => toolsListChanged === true],
  ['notifications/prompts/list_changed', ({ promptsListChanged }) => promptsListChanged === true],
  ['notifications/resources/list_changed', ({ resourcesListChanged }) => resourcesListChanged === true],
  ['notifications/resources/updated', ({ resourceSubscriptions = [] }) => resourceSubscriptions.length > 0],
  // A server that ends the subscription may say so twice: by this, and by the response.
  ['notifications/cancelled', () => true],
])

const METHOD = 'subscriptions/listen'

const DEFAULT_TIMEOUT_MS = 60_000

/**
 * Opens a subscription and waits until it is acknowledged.
 *
 * @throws {ClientError} `rpc_error`, `http_error`, `not_mcp`, `stream_lost`, `timeout`, `cancelled`, `unreachable`, `closed`
 */
export async function openSubscription(
  line: Line,
  endpoint: Endpoint,
  params: JsonObject,
  options: ListenOptions,
): Promise<Subscription> {
  if (line.closing.aborted) throw new ClientError('closed', 'The client was closed.')
  const id = line.nextId()
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, line.closing, ...(options.signal ? [options.signal] : [])])
  const timeoutMs = options.timeoutMs ?? line.options.timeoutMs ?? DEFAULT_TIMEOUT_MS
  const late = new ClientError('timeout', `${METHOD}: not acknowledged within ${timeoutMs / 1000} s.`)
  const timer = timeoutMs > 0 ? setTimeout(() => stop.abort(late), timeoutMs) : undefined
  try {
    const message = { jsonrpc: '2.0', id, method: METHOD, params }
    const answer = await endpoint.post(message, signal, { kind: 'listen' })
    if (answer.kind !== 'stream' || answer.status >= 300) throw noStream(answer, endpoint)
    const { acknowledged, ended } = readSubscription(id, answer, { line, options, signal })
    const close = async (): Promise<void> => {
      stop.abort(new ClientError('closed', 'The subscription was closed.'))
      await ended
    }
    return { id, acknowledged: await acknowledged, ended, close }
  } catch (thrown) {
    const error = stop.signal.aborted ? late : thrown
    stop.abort(error)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function noStream(answer: Answer, endpoint: Endpoint): ClientError {
  if (answer.kind === 'stream') answer.cut()
  const refused = answer.status >= 300 || (answer.kind === 'text' && rpcErrorOf(answer.json) !== undefined)
  if (refused) return endpoint.refusal(METHOD, answer)
  return new ClientError('not_mcp', `${METHOD}: the answer is no event stream.`, { status: answer.status })
}

interface Reading {
  readonly line: Line
  readonly options: ListenOptions
  /** Aborted when it is the client that ends the stream. */
  readonly signal: AbortSignal
}

/** Reads a listen stream: `acknowledged` settles first, `ended` at the end. */
function readSubscription(
  id: RequestId,
  stream: StreamAnswer,
  { line, options, signal }: Reading,
): { readonly acknowledged: Promise<ListenFilter>; readonly ended: Promise<SubscriptionEnd> } {
  let filter: ListenFilter | undefined
  let responded = false
  let acknowledge: (filter: ListenFilter) => void = () => {}
  let refuse: (error: ClientError) => void = () => {}
  const acknowledged = new Promise<ListenFilter>((resolve, reject) => {
    acknowledge = resolve
    refuse = reject
  })
  const wrong = (what: string): void => line.report(new ClientError('not_mcp', `${METHOD}: ${what}.`))

  const receiver: Receiver = {
    response(message) {
      responded = true
      const rpc = rpcErrorOf(message)
      refuse(rpc ? rpcFailure(METHOD, rpc, stream.status) : unacknowledged('the server ended it'))
    },
    request: (method) => wrong(`the server sent a request (${method}) on the stream`),
    notification(method, params) {
      if (metaOf(params)[SUBSCRIPTION_ID] !== id) wrong(`${method} does not name the subscription ${id}`)
      if (filter === undefined) {
        if (method !== ACKNOWLEDGED) return wrong(`${method} came before the acknowledgement`)
        filter = isObject(params['notifications']) ? params['notifications'] : {}
        acknowledge(filter)
      } else if (PASSES.get(method)?.(filter) !== true) wrong(`${method} was not asked for`)
      options.onNotification?.(method, params)
      line.options.onNotification?.(method, params)
    },
  }

  const release = line.opened(stream, 'listen')
  const reading = stream.read({
    onEvent: ({ data }) => {
      if (data !== '') takeEvent(data, receiver, line)
    },
    onRetry: () => {},
    onComment: () => {},
  })
  const ended = reading.then((): SubscriptionEnd => {
    release()
    refuse(unacknowledged('the stream ended'))
    if (responded) return 'server'
    return signal.aborted ? 'client' : 'cut'
  })
  return { acknowledged, ended }
}

function unacknowledged(why: string): ClientError {
  return new ClientError('stream_lost', `${METHOD}: ${why} before it was acknowledged.`)
}
