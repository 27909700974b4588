/**
 * What both eras stand on: HTTP exchanges, the requests in flight, the streams that are open, and where errors go that
 * nobody waits for.
 *
 * @module
 */
import type { ClientOptions, StreamKind } from './client.ts'
import { ClientError, toClientError } from './errors.ts'
import { createExchanger, type Exchanger, type StreamAnswer } from './exchange.ts'
import type { HeaderRecord } from './observation.ts'
import { createPendingRequests, type PendingRequests } from './pending.ts'

export interface Line {
  readonly options: ClientOptions
  readonly exchanger: Exchanger
  /** Sent with everything. */
  readonly headers: HeaderRecord
  readonly pending: PendingRequests
  /** Aborted when the client is closed. */
  readonly closing: AbortSignal
  /** Ids are never used twice, not even across eras: a probe is a request like any other. */
  nextId(): number
  /** Enters a connection, so that it can be cut from outside. The returned function takes it out. */
  opened(connection: StreamAnswer, kind: StreamKind): () => void
  /** Breaks open connections. */
  cut(which: StreamKind | 'all'): void
  report(error: unknown): void
  /** Fails every request in flight and ends every exchange. */
  close(): void
}

export function createLine(url: string, options: ClientOptions): Line {
  const closing = new AbortController()
  const connections = new Map<StreamAnswer, StreamKind>()
  const pending = createPendingRequests()
  let ids = 0
  return {
    options,
    exchanger: createExchanger({
      url,
      fetch: options.fetch ?? ((input, init) => fetch(input, init)),
      observe: options.onExchange ?? (() => {}),
    }),
    headers: options.headers ?? {},
    pending,
    closing: closing.signal,
    nextId: () => ++ids,
    opened(connection, kind) {
      connections.set(connection, kind)
      return () => connections.delete(connection)
    },
    cut(which) {
      for (const [connection, kind] of connections) if (which === 'all' || which === kind) connection.cut()
    },
    report(error) {
      if (!closing.signal.aborted) options.onError?.(toClientError(error))
    },
    close() {
      const closed = new ClientError('closed', 'The client was closed.')
      pending.failAll(closed)
      closing.abort(closed)
    },
  }
}
