/**
 * The answer to `initialize`: revision, capabilities, identity.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import { fitExtensions, fitName, type SessionFacts } from '../session/session-id.ts'
import { capabilityBits } from '../wire/capabilities.ts'
import { McpError } from '../wire/errors.ts'
import { isObject, type JsonObject, type JsonText } from '../wire/jsonrpc.ts'
import { LATEST, type Revision, revisionNamed } from '../wire/revision.ts'
import type { Definition } from './definition.ts'
import { serverInfo } from './identity.ts'

/** What was negotiated: the facts of the session to be, and the result to answer with. */
export interface Negotiated {
  readonly facts: Pick<SessionFacts, 'revision' | 'capabilities' | 'client' | 'extensions'>
  readonly result: JsonText
}

/**
 * "If the server supports the requested protocol version, it MUST respond with the same version. Otherwise, the server
 * MUST respond with another protocol version it supports": the latest.
 *
 * @throws {McpError} `invalid_params`
 */
export function negotiate(definition: Definition, params: JsonObject, stateful: boolean): Negotiated {
  const { protocolVersion, capabilities, clientInfo } = params
  if (typeof protocolVersion !== 'string') throw new McpError('invalid_params', 'protocolVersion: must be a string.')
  if (capabilities !== undefined && !isObject(capabilities)) {
    throw new McpError('invalid_params', 'capabilities: must be an object.')
  }
  if (!isObject(clientInfo) || typeof clientInfo['name'] !== 'string' || typeof clientInfo['version'] !== 'string') {
    throw new McpError('invalid_params', 'clientInfo: needs a name and a version, both strings.')
  }
  const asked = revisionNamed(protocolVersion)
  const revision = asked?.era === 'legacy' ? asked : LATEST
  return {
    facts: {
      revision,
      capabilities: capabilityBits(capabilities),
      client: { name: fitName(clientInfo['name']), version: fitName(clientInfo['version']) },
      extensions: fitExtensions(definition.readExtensions(capabilities, revision)),
    },
    result: definition.text(stateful ? revision.name : `stateless ${revision.name}`, () =>
      initializeResult(definition, revision, stateful),
    ),
  }
}

function initializeResult(definition: Definition, revision: Revision, stateful: boolean): object {
  const { instructions } = definition.identity
  return {
    protocolVersion: revision.name,
    capabilities: definition.capabilities(revision, stateful),
    serverInfo: serverInfo(definition.identity, revision),
    ...(instructions !== undefined && { instructions }),
  }
}
