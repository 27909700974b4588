/**
 * What the engine needs of a Redis client: connections of its own, made like the user's. Nothing is sent over the user's
 * client, so that its offline queue, its time-outs and its blocking commands can't get into the way.
 *
 * @module
 */

/** What a script or command answers, once decoded. */
export type Reply = string | number | null | readonly Reply[]

/** One connection: to a server, to the master that sentinels name, or to a cluster. It reconnects by itself. */
export interface Connection {
  /**
   * Sends a command; `key` says to which node of a cluster.
   *
   * @param signal aborts when nobody waits any more: a command that was not sent yet must not be sent later.
   * @throws an error of the server as it is (its message begins with a word in capitals), or whatever the client says
   *   when there is no connection. It never waits for one longer than until the signal aborts.
   */
  send(command: readonly string[], key: string, signal: AbortSignal): Promise<unknown>
  /** What the client has complained of since it last was connected: why there is no connection. */
  trouble(): Error | undefined
  /** Ends the connection at once, and whatever waits on it. */
  close(): void
}

/** Makes connections like the one that the user has configured. */
export interface RedisClient {
  connect(options: ConnectionOptions): Connection
}

export interface ConnectionOptions {
  /** How long one attempt to connect may take. */
  readonly connectTimeoutMs: number
}

/** Milliseconds until the n-th attempt to connect again: several of them fit into the time that an operation has. */
export function reconnectDelay(attempt: number): number {
  return Math.min(10 * 2 ** Math.min(attempt, 10), 200)
}
