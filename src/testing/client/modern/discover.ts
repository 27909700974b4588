/**
 * Reads what a server says of itself in the answer to `server/discover`.
 *
 * @see the specification 2026-07-28, server/discover
 * @module
 */
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import { ClientError } from '../errors.ts'
import { type Negotiated, readImplementation } from '../negotiated.ts'
import type { ClientRevision } from '../revisions.ts'
import { metaOf, SERVER_INFO } from './envelope.ts'

/** @throws {ClientError} `not_mcp` for what is no `DiscoverResult`: a legacy server may answer anything. */
export function readDiscoverResult(result: JsonObject, revision: ClientRevision): Negotiated {
  const { capabilities, instructions } = result
  if (supportedVersions(result) === undefined || !isObject(capabilities)) {
    throw new ClientError('not_mcp', 'server/discover: the result has no supportedVersions and capabilities.')
  }
  return {
    revision,
    sessionId: undefined,
    // "Servers SHOULD include this field": some do not.
    server: readImplementation(metaOf(result)[SERVER_INFO]) ?? { name: '', version: '' },
    capabilities,
    instructions: typeof instructions === 'string' ? instructions : undefined,
    result,
  }
}

/** The versions that a `DiscoverResult` names. */
export function supportedVersions(result: JsonObject): readonly string[] | undefined {
  const list = result['supportedVersions']
  return Array.isArray(list) && list.every((name) => typeof name === 'string') ? list : undefined
}
