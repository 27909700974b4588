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
  /** A record of `cluster` says that the session has set something: what follows is judged by what it has set then. */
  changed(): void
  /** A newer connection, on another replica, has taken the stream from this one. */
  replaced(connection: string): void
  /** Says again which connection has the stream: what was written down about it is lost, or about to be. */
  hold(): void
  /** Ends the connection; the client may come back after `retryMs`. */
  close(retryMs: number): void
  /** The process is about to leave: ends the connection as the clients of its revision take it best. */
  letGo(): void
}
