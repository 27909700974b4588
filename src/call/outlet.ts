/**
 * Where the messages of a call go.
 *
 * @module
 */
import type { AskRoute } from '../session/asks.ts'
import type { McpError } from '../wire/errors.ts'

export interface CallOutlet extends AskRoute {
  notify(text: string): void
  /**
   * The answer, or nothing for a request that the client cancelled.
   *
   * @param error what the answer says, where it is an error.
   */
  finish(text: string | undefined, error?: McpError): void
  /** Ends the connection, not the stream. */
  closeConnection(): void
}

/** The headers of the request that brought a call; none over stdio. */
export interface CallHeaders {
  /** By the lower-case name. */
  header(name: string): string | undefined
  /** The headers without the connection that brought them: what a call keeps that waits for a retry. */
  detach?(): CallHeaders
}
