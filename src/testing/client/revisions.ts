/**
 * The revisions that the client speaks, and what it must know of each, as data. Kept apart from the server's own
 * table on purpose: a client that shared it could not notice a mistake in it.
 *
 * @see the specification, changelog of each revision
 * @module
 */

/** A dated protocol version that the client speaks. */
export type ClientRevisionName = '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28'

/** `legacy`: a handshake, and mostly a session. `modern`: every request says all about itself, in `_meta`. */
export type ClientEra = 'legacy' | 'modern'

/** One record per revision. */
export interface ClientRevision {
  readonly name: ClientRevisionName
  readonly era: ClientEra
  /** How the server asks the client something: by JSON-RPC requests on a stream, or by rounds of one request. */
  readonly asks: 'requests' | 'rounds'
  /** `MCP-Protocol-Version` goes with every request after the handshake. */
  readonly versionHeader: boolean
  /** `elicitation/create` exists; with `modes` it may also open a URL. */
  readonly elicitation: false | 'form' | 'modes'
  /** The client may tell that its roots have changed. */
  readonly rootsChange: boolean
}

// The transport of 2024-11-05 is another one (HTTP+SSE); some servers negotiate it over Streamable HTTP all the same.
const R2024_11_05: ClientRevision = {
  name: '2024-11-05',
  era: 'legacy',
  asks: 'requests',
  versionHeader: false,
  elicitation: false,
  rootsChange: true,
}

const R2025_03_26: ClientRevision = { ...R2024_11_05, name: '2025-03-26' }

const R2025_06_18: ClientRevision = { ...R2025_03_26, name: '2025-06-18', versionHeader: true, elicitation: 'form' }

const R2025_11_25: ClientRevision = { ...R2025_06_18, name: '2025-11-25', elicitation: 'modes' }

const R2026_07_28: ClientRevision = {
  ...R2025_11_25,
  name: '2026-07-28',
  era: 'modern',
  asks: 'rounds',
  rootsChange: false,
}

/** Newest first. */
export const CLIENT_REVISIONS: readonly ClientRevision[] = [
  R2026_07_28,
  R2025_11_25,
  R2025_06_18,
  R2025_03_26,
  R2024_11_05,
]

/** What `initialize` asks for unless it is told otherwise: the newest that has this handshake. */
export const LATEST_LEGACY: ClientRevision = R2025_11_25

/** What a probe asks for, and a client that was told to speak the modern era. */
export const LATEST_MODERN: ClientRevision = R2026_07_28

/** The record of a revision, or `undefined` when the client does not speak it. */
export function clientRevision(name: unknown): ClientRevision | undefined {
  return CLIENT_REVISIONS.find((revision) => revision.name === name)
}

/** The newest revision of an era among those that a server names, or `undefined`. */
export function mutualRevision(era: ClientEra, names: readonly unknown[]): ClientRevision | undefined {
  return CLIENT_REVISIONS.find((revision) => revision.era === era && names.includes(revision.name))
}

/** All of them by name, for sentences. */
export function spokenRevisions(): string {
  return CLIENT_REVISIONS.map(({ name }) => name).join(', ')
}
