/**
 * The legacy handshake: what `initialize` says, and what its answer settles for the rest of the conversation.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import type { JsonObject } from '../../wire/jsonrpc.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import { ClientError } from './errors.ts'
import { CLIENT_REVISIONS, type ClientRevision, clientRevision } from './revisions.ts'

/** Name and version of a client or a server, with whatever else it says of itself. */
export interface Implementation extends JsonObject {
  readonly name: string
  readonly version: string
  readonly title?: string
}

/** What client and server agreed on. */
export interface Negotiated {
  readonly revision: ClientRevision
  /** Absent where the server keeps no session. */
  readonly sessionId: string | undefined
  readonly server: Implementation
  readonly capabilities: JsonObject
  readonly instructions: string | undefined
  /** The whole `InitializeResult`. */
  readonly result: JsonObject
}

export interface HandshakeOptions {
  readonly revision: ClientRevision
  readonly clientInfo: Implementation
  readonly capabilities: JsonObject
}

export function initializeParams({ revision, clientInfo, capabilities }: HandshakeOptions): JsonObject {
  return { protocolVersion: revision.name, capabilities, clientInfo }
}

/**
 * Reads an `InitializeResult`.
 *
 * @throws {ClientError} `unsupported_revision`, or `not_mcp` when a member that every revision demands is missing.
 */
export function readInitializeResult(result: JsonObject, sessionId: string | undefined): Negotiated {
  const { protocolVersion, serverInfo, capabilities, instructions } = result
  if (typeof protocolVersion !== 'string') {
    throw new ClientError('not_mcp', 'initialize: the result has no protocolVersion.')
  }
  const revision = clientRevision(protocolVersion)
  if (!revision) {
    const spoken = CLIENT_REVISIONS.map(({ name }) => name).join(', ')
    const message = `The server offers revision ${protocolVersion}; this client speaks ${spoken}.`
    throw new ClientError('unsupported_revision', message)
  }
  if (!isObject(serverInfo) || typeof serverInfo['name'] !== 'string') {
    throw new ClientError('not_mcp', 'initialize: the result has no serverInfo with a name.')
  }
  const { name, version } = serverInfo
  return {
    revision,
    sessionId,
    server: { ...serverInfo, name: String(name), version: typeof version === 'string' ? version : '' },
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: typeof instructions === 'string' ? instructions : undefined,
    result,
  }
}
