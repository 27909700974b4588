/**
 * Follows one stream over as many connections as it takes: reads, and when the connection ends before the stream
 * does, comes back with `Last-Event-ID` after the delay that the server asked for.
 *
 * @see the specification, basic/transports, "Resumability and Redelivery"
 * @module
 */
import { SSE_TYPE } from '../../../wire/headers.ts'
import { ClientError } from '../errors.ts'
import { type Answer, mediaType, type StreamAnswer } from '../exchange.ts'

export interface ReconnectOptions {
  /** The wait before a reconnect where the server named none with `retry:`. Default 1,000 ms. */
  readonly delayMs?: number
  /** The longest wait, whatever the server asks for: a test need not wait as long as a client should. Default 24 hours. */
  readonly maxDelayMs?: number
  /** Attempts that may fail in a row before the stream is given up. Default 5. */
  readonly maxAttempts?: number
}

/** One stream to follow. */
export interface Following {
  /** A session stream may start anew without `Last-Event-ID`; a request stream would have no way to its response. */
  readonly kind: 'request' | 'session'
  /** Ends the following for good. */
  readonly signal: AbortSignal
  /** Whether everything that the stream was for has come. */
  done(): boolean
  /** Takes the data of one event, never empty. */
  onData(data: string): void
  /** Opens the next connection; `of` is the exchange that broke. */
  reconnect(lastEventId: string | undefined, of: number): Promise<Answer>
  /** Called with each connection, so that it can be cut from outside; the returned function when it ended. */
  onConnection(connection: StreamAnswer): () => void
}

/** Timers overflow at 2^31 ms. */
const MAX_DELAY_MS = 24 * 60 * 60 * 1000

/** Failed attempts wait longer each time, as the official clients do. */
const BACKOFF = 1.5

/**
 * Resolves when the stream is done, aborted, or (session stream) no longer offered by the server.
 *
 * @throws {ClientError} `stream_lost`, `session_not_found` or `unreachable` when it can't go on.
 */
export async function follow(first: StreamAnswer, following: Following, options: ReconnectOptions): Promise<void> {
  const { kind, signal } = following
  const maxAttempts = options.maxAttempts ?? 5
  const maxDelayMs = Math.min(options.maxDelayMs ?? MAX_DELAY_MS, MAX_DELAY_MS)
  let delayMs = options.delayMs ?? 1000
  let lastEventId: string | undefined
  let connection = first

  for (;;) {
    const release = following.onConnection(connection)
    await connection.read({
      onEvent: ({ id, data }) => {
        if (id !== undefined) lastEventId = id
        if (data !== '') following.onData(data)
      },
      onRetry: (retryMs) => {
        delayMs = retryMs
      },
      onComment: () => {},
    })
    release()
    if (following.done() || signal.aborted) return
    if (lastEventId === undefined && kind === 'request') {
      throw new ClientError('stream_lost', 'The stream ended before the response, and no event had an id to resume by.')
    }
    const next = await reopen(connection.exchange)
    if (next === undefined) return
    connection = next
  }

  async function reopen(of: number): Promise<StreamAnswer | undefined> {
    let wait = delayMs
    for (let attempt = 1; ; attempt++) {
      await pause(Math.min(wait, maxDelayMs), signal)
      if (signal.aborted || following.done()) return undefined
      const outcome = await tryOnce(of)
      if (signal.aborted) return undefined
      if (!(outcome instanceof ClientError)) return outcome
      if (isFinal(outcome)) {
        // A session stream that the server does not offer again (405) has simply ended.
        if (kind === 'session' && outcome.status === 405) return undefined
        throw outcome
      }
      if (attempt >= maxAttempts) throw outcome
      wait = Math.max(wait * BACKOFF, 1)
    }
  }

  async function tryOnce(of: number): Promise<StreamAnswer | ClientError> {
    try {
      const answer = await following.reconnect(lastEventId, of)
      if (answer.kind === 'stream' && answer.status === 200) return answer
      return refusal(answer, lastEventId !== undefined)
    } catch (error) {
      if (error instanceof ClientError) return error
      throw error
    }
  }
}

function refusal(answer: Answer, resuming: boolean): ClientError {
  const { status } = answer
  if (answer.kind === 'stream') answer.cut()
  if (status === 404) return new ClientError('session_not_found', 'The session is gone (404).', { status })
  const what = resuming ? 'resume the stream' : 'open the session stream'
  const type = mediaType(answer.headers)
  const why = status === 200 ? `the answer is ${type || 'without a type'}, not ${SSE_TYPE}` : `HTTP ${status}`
  return new ClientError('stream_lost', `The server did not ${what}: ${why}.`, { status })
}

/** Whether trying again is pointless: the server has understood and said no. */
function isFinal({ status }: ClientError): boolean {
  return status !== undefined && status < 500 && status !== 429
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const timer = setTimeout(finish, ms)
    signal.addEventListener('abort', finish, { once: true })
    function finish(): void {
      clearTimeout(timer)
      signal.removeEventListener('abort', finish)
      resolve()
    }
  })
}
