/**
 * What client and server know of each other before the work begins: agreed on by `initialize` in the legacy era, told
 * by `server/discover` in the modern one.
 *
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import type { ClientRevision } from './revisions.ts'

/** Name and version of a client or a server, with whatever else it says of itself. */
export interface Implementation extends JsonObject {
  readonly name: string
  readonly version: string
  readonly title?: string
}

/** What client and server go by. */
export interface Negotiated {
  readonly revision: ClientRevision
  /** Absent where the server keeps no session, and in the modern era, which has none. */
  readonly sessionId: string | undefined
  /** Name and version are empty where a server of the modern era does not say them. */
  readonly server: Implementation
  readonly capabilities: JsonObject
  readonly instructions: string | undefined
  /** The whole `InitializeResult` or `DiscoverResult`. */
  readonly result: JsonObject
}

/** A server's word about itself, or `undefined` when it has no name. */
export function readImplementation(info: unknown): Implementation | undefined {
  if (!isObject(info) || typeof info['name'] !== 'string') return undefined
  return { ...info, name: info['name'], version: typeof info['version'] === 'string' ? info['version'] : '' }
}
