/**
 * Requests of the client that wait for their response, each with a clock that measures silence.
 *
 * @see the specification, basic/lifecycle, "Timeouts"
 * @module
 */
import type { JsonObject, RequestId } from '../../wire/jsonrpc.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import { ClientError, rpcErrorOf, rpcFailure } from './errors.ts'

/** Progress of a request, as the server reports it. */
export interface Progress {
  readonly progress: number
  readonly total?: number
  readonly message?: string
}

/** One request in flight. */
export interface PendingRequest {
  readonly id: RequestId
  readonly method: string
  readonly result: Promise<JsonObject>
  readonly settled: boolean
  /** Settles the request with an error; without effect once it is settled. */
  fail(error: ClientError): void
}

export interface PendingOptions {
  readonly onProgress?: (progress: Progress) => void
  /** Runs when nothing was heard for `timeoutMs`. */
  readonly onSilence: () => void
  /** 0 or Infinity: never. */
  readonly timeoutMs: number
}

/** All requests in flight. */
export interface PendingRequests {
  open(id: RequestId, method: string, options: PendingOptions): PendingRequest
  /** Takes a JSON-RPC response; `false` when no request waits for it. */
  settle(response: JsonObject): boolean
  /** Takes the params of `notifications/progress`; the progress token is the request id. */
  progress(params: JsonObject): boolean
  /**
   * Stops all clocks until the returned function is called: while the client answers a question of the server, the
   * silence is the client's own.
   */
  hold(): () => void
  failAll(error: ClientError): void
}

interface Entry {
  readonly method: string
  readonly options: PendingOptions
  resolve(result: JsonObject): void
  reject(error: ClientError): void
  touch(): void
  stop(): void
}

export function createPendingRequests(): PendingRequests {
  const entries = new Map<RequestId, Entry>()
  let holds = 0

  function startClock(options: PendingOptions): Pick<Entry, 'touch' | 'stop'> {
    const { timeoutMs, onSilence } = options
    if (timeoutMs <= 0 || !Number.isFinite(timeoutMs)) return { touch: () => {}, stop: () => {} }
    let timer: ReturnType<typeof setTimeout> | undefined
    const stop = (): void => clearTimeout(timer)
    const touch = (): void => {
      stop()
      if (holds === 0) timer = setTimeout(onSilence, timeoutMs)
    }
    touch()
    return { touch, stop }
  }

  function take(id: RequestId): Entry | undefined {
    const entry = entries.get(id)
    entry?.stop()
    entries.delete(id)
    return entry
  }

  return {
    open(id, method, options) {
      const { promise, resolve, reject } = withResolvers<JsonObject>()
      entries.set(id, { method, options, resolve, reject, ...startClock(options) })
      // The caller may be gone before the result is (a cancelled request): that is no unhandled rejection.
      promise.catch(() => {})
      return {
        id,
        method,
        result: promise,
        get settled() {
          return !entries.has(id)
        },
        fail: (error) => take(id)?.reject(error),
      }
    },
    settle(response) {
      const entry = take(response['id'] as RequestId)
      if (!entry) return false
      const rpc = rpcErrorOf(response)
      if (rpc) entry.reject(rpcFailure(entry.method, rpc))
      else if (isObject(response['result'])) entry.resolve(response['result'])
      else entry.reject(new ClientError('not_mcp', `${entry.method}: the response has neither a result nor an error.`))
      return true
    },
    progress(params) {
      const entry = entries.get(params['progressToken'] as RequestId)
      if (!entry || typeof params['progress'] !== 'number') return false
      entry.touch()
      entry.options.onProgress?.({
        progress: params['progress'],
        ...(typeof params['total'] === 'number' ? { total: params['total'] } : {}),
        ...(typeof params['message'] === 'string' ? { message: params['message'] } : {}),
      })
      return true
    },
    hold() {
      holds++
      for (const entry of entries.values()) entry.stop()
      let held = true
      return () => {
        if (!held) return
        held = false
        holds--
        if (holds === 0) for (const entry of entries.values()) entry.touch()
      }
    },
    failAll(error) {
      for (const id of [...entries.keys()]) take(id)?.reject(error)
    },
  }
}

/** `Promise.withResolvers`, which Node has from 22 on. */
function withResolvers<T>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve: (value: T) => void = () => {}
  let reject: (error: unknown) => void = () => {}
  const promise = new Promise<T>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}
