/**
 * The legacy handshake: what `initialize` says, and what its answer settles for the rest of the conversation.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import { ClientError } from '../errors.ts'
import { type Implementation, type Negotiated, readImplementation } from '../negotiated.ts'
import { type ClientRevision, clientRevision, spokenRevisions } from '../revisions.ts'

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
  if (revision?.era !== 'legacy') {
    const message = revision
      ? `The server answers initialize with revision ${protocolVersion}, which has no such handshake.`
      : `The server offers revision ${protocolVersion}; this client speaks ${spokenRevisions()}.`
    throw new ClientError('unsupported_revision', message)
  }
  const server = readImplementation(serverInfo)
  if (!server) throw new ClientError('not_mcp', 'initialize: the result has no serverInfo with a name.')
  return {
    revision,
    sessionId,
    server,
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: typeof instructions === 'string' ? instructions : undefined,
    result,
  }
}
