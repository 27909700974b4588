/**
 * What a session needs of the stream that brings what belongs to none of its requests: the GET stream of Streamable
 * HTTP, or the one stream of HTTP+SSE.
 *
 * @module
 */
import type { ClusterEntry } from './cluster.ts'

export interface SessionFeed {
  /** A record of `cluster`, in its order. */
  push(entry: ClusterEntry): void
  /** The mailbox has something new. */
  hint(): void
  /** `cluster` has a gap: what was in it is unknown. */
  clusterGap(): void
  /** Ends the connection; the client may come back after `retryMs`. */
  close(retryMs: number): void
  /** The process is about to leave: ends the connection as the clients of its revision take it best. */
  letGo(): void
}
