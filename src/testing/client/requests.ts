/**
 * One request of the client, from its id to its result: the clock that measures silence, the caller's signal, the
 * progress token. How it is sent and how it is cancelled is the era's.
 *
 * @module
 */
import { isObject, type JsonObject, type RequestId } from '../../wire/jsonrpc.ts'
import type { RequestOptions } from './client.ts'
import { ClientError, toClientError } from './errors.ts'
import type { Line } from './line.ts'

const DEFAULT_TIMEOUT_MS = 60_000

/** What an era does with a request. */
export interface Sending {
  /** Posts the message and reads what comes for it, until it is settled. */
  send(message: JsonObject, signal: AbortSignal, settled: () => boolean): Promise<void>
  /** Tells the server that nobody waits any more, where closing the exchange does not. */
  cancel?(id: RequestId, reason: string): Promise<void>
}

/** @throws {ClientError} */
export async function sendRequest(
  line: Line,
  method: string,
  params: JsonObject | undefined,
  options: RequestOptions,
  sending: Sending,
): Promise<JsonObject> {
  if (line.closing.aborted) throw new ClientError('closed', 'The client was closed.')
  if (options.signal?.aborted) throw cancelledByCaller(method)
  const id = line.nextId()
  const stop = new AbortController()
  const signal = AbortSignal.any([stop.signal, line.closing])
  const timeoutMs = options.timeoutMs ?? line.options.timeoutMs ?? DEFAULT_TIMEOUT_MS

  const giveUp = async (error: ClientError): Promise<void> => {
    if (pending.settled) return
    // The caller learns of the end once the server has.
    await sending.cancel?.(id, error.message)
    pending.fail(error)
    stop.abort(error)
  }
  const pending = line.pending.open(id, method, {
    timeoutMs,
    onSilence: () => {
      const message = `${method}: nothing heard for ${timeoutMs / 1000} s, so it was given up.`
      void giveUp(new ClientError('timeout', message))
    },
    ...(options.onProgress === undefined ? {} : { onProgress: options.onProgress }),
  })
  const onAbort = (): void => void giveUp(cancelledByCaller(method))
  options.signal?.addEventListener('abort', onAbort, { once: true })

  const message: JsonObject = {
    jsonrpc: '2.0',
    id,
    method,
    ...(params === undefined && !options.onProgress ? {} : { params: withProgressToken(params, options, id) }),
  }
  sending
    .send(message, signal, () => pending.settled)
    .catch((error: unknown) => {
      pending.fail(toClientError(error))
    })
  try {
    return await pending.result
  } finally {
    options.signal?.removeEventListener('abort', onAbort)
  }
}

/** The error for a request that its caller's signal has ended. */
export function cancelledByCaller(method: string): ClientError {
  return new ClientError('cancelled', `${method}: cancelled by the caller.`)
}

/** The progress token is the id of the request: unique among requests in flight, as it must be. */
function withProgressToken(params: JsonObject | undefined, options: RequestOptions, id: number): JsonObject {
  if (!options.onProgress) return params ?? {}
  const meta = isObject(params?.['_meta']) ? params['_meta'] : {}
  return { ...params, _meta: { ...meta, progressToken: id } }
}
