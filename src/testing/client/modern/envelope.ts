/**
 * What every request of the modern era says about itself in `_meta`.
 *
 * @see the specification 2026-07-28, basic/index, "_meta"
 * @module
 */
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import type { LogLevel } from '../../../wire/log-level.ts'
import type { Implementation } from '../negotiated.ts'
import type { ClientRevision } from '../revisions.ts'

// The keys are the client's own: one that shared the server's could not notice a mistake in them.
const PREFIX = 'io.modelcontextprotocol/'

/** In the `_meta` of results: who has answered. */
export const SERVER_INFO: string = `${PREFIX}serverInfo`

/** In the `_meta` of everything on a listen stream: the id of the request that opened it. */
export const SUBSCRIPTION_ID: string = `${PREFIX}subscriptionId`

export interface Envelope {
  readonly revision: ClientRevision
  readonly clientInfo: Implementation
  readonly capabilities: JsonObject
  /** Without one, a request gets no log messages. */
  readonly logLevel: LogLevel | undefined
}

/** Params with their envelope. What the caller has put into `_meta` itself stands. */
export function enveloped(params: JsonObject | undefined, envelope: Envelope): JsonObject {
  const { revision, clientInfo, capabilities, logLevel } = envelope
  const own = isObject(params?.['_meta']) ? params['_meta'] : {}
  const meta = {
    [`${PREFIX}protocolVersion`]: revision.name,
    [`${PREFIX}clientInfo`]: clientInfo,
    [`${PREFIX}clientCapabilities`]: capabilities,
    ...(logLevel === undefined ? {} : { [`${PREFIX}logLevel`]: logLevel }),
    ...own,
  }
  return { ...params, _meta: meta }
}

/** The `_meta` of a message, empty where it has none. */
export function metaOf(message: JsonObject): JsonObject {
  return isObject(message['_meta']) ? message['_meta'] : {}
}
