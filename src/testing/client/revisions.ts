/**
 * The revisions that the client speaks, and what it must know of each, as data. Kept apart from the server's own
 * table on purpose: a client that shared it could not notice a mistake in it.
 *
 * @see the specification, changelog of each revision
 * @module
 */

/** A dated protocol version that the client speaks. */
export type ClientRevisionName = '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25'

/** One record per revision. */
export interface ClientRevision {
  readonly name: ClientRevisionName
  /** How a conversation starts: `initialize` is a request, answered before anything else may be sent. */
  readonly handshake: 'initialize'
  /** How the server asks the client something: by JSON-RPC requests on a stream. */
  readonly asks: 'requests'
  /** `MCP-Protocol-Version` goes with every request after the handshake. */
  readonly versionHeader: boolean
  /** `elicitation/create` exists; with `modes` it may also open a URL. */
  readonly elicitation: false | 'form' | 'modes'
}

// The transport of 2024-11-05 is another one (HTTP+SSE); some servers negotiate it over Streamable HTTP all the same.
const R2024_11_05: ClientRevision = {
  name: '2024-11-05',
  handshake: 'initialize',
  asks: 'requests',
  versionHeader: false,
  elicitation: false,
}

const R2025_03_26: ClientRevision = { ...R2024_11_05, name: '2025-03-26' }

const R2025_06_18: ClientRevision = { ...R2025_03_26, name: '2025-06-18', versionHeader: true, elicitation: 'form' }

const R2025_11_25: ClientRevision = { ...R2025_06_18, name: '2025-11-25', elicitation: 'modes' }

/** Newest first. */
export const CLIENT_REVISIONS: readonly ClientRevision[] = [R2025_11_25, R2025_06_18, R2025_03_26, R2024_11_05]

/** What a client asks for unless it is told otherwise. */
export const LATEST_CLIENT_REVISION: ClientRevision = R2025_11_25

/** The record of a revision, or `undefined` when the client does not speak it. */
export function clientRevision(name: unknown): ClientRevision | undefined {
  return CLIENT_REVISIONS.find((revision) => revision.name === name)
}
