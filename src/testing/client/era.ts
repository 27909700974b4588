/**
 * What an era does for the client: how a conversation begins, what goes with a request, and how it ends. Everything
 * that both do alike lies outside, in the files beside this one.
 *
 * @module
 */

import type { JsonObject } from '../../wire/jsonrpc.ts'
import type { LogLevel } from '../../wire/log-level.ts'
import type { EndStatus, RequestOptions } from './client.ts'
import type { Negotiated } from './negotiated.ts'
import type { ClientEra } from './revisions.ts'

export interface Era {
  readonly name: ClientEra
  /** What is known of the server, once it is. */
  readonly negotiated: Negotiated | undefined
  /** All that has to happen before the first request. */
  connect(): Promise<Negotiated>
  request(method: string, params: JsonObject | undefined, options: RequestOptions): Promise<JsonObject>
  notify(method: string, params: JsonObject | undefined): Promise<void>
  setLogLevel(level: LogLevel): Promise<void>
  /** Ends the session, where there is one. */
  end(): Promise<EndStatus>
  /** Drops what goes on beside requests: the client is closed. */
  close(): void
}
