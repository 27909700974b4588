/**
 * The protocol revisions, and how they differ, as data. Code asks what a revision *has*, never which date it is.
 *
 * @see the specification, changelog of each revision
 * @module
 */

/** A dated protocol version that is served. */
export type RevisionName = '2024-11-05' | '2025-03-26' | '2025-06-18' | '2025-11-25' | '2026-07-28'

/** One record per revision. */
export interface Revision {
  readonly name: RevisionName
  /** `legacy`: an `initialize` handshake and a session. `modern`: every request says all about itself, in `_meta`. */
  readonly era: 'legacy' | 'modern'
  /** A body may be an array of messages. */
  readonly batches: boolean
  /** `MCP-Protocol-Version` is part of the revision; an invalid value is refused with 400. */
  readonly versionHeader: boolean
  /** An SSE stream begins with an event of an id and empty data. */
  readonly primingEvent: boolean
  /** The server may end a connection and let the client come back for the rest. */
  readonly closesConnections: boolean
  /** Invalid tool arguments are a tool result with `isError` rather than the protocol error -32602. */
  readonly invalidArgumentsAreResults: boolean
  /** `elicitation/create` exists; with modes, the one that opens a URL does too. */
  readonly elicitation: false | 'form' | 'modes'
  /** `sampling` has the parts `tools` and `context`, which must be declared before they are used. */
  readonly samplingParts: boolean
  /** `title`, `outputSchema`, `structuredContent` and `resource_link` exist. */
  readonly structured: boolean
  /** `icons`, `websiteUrl` and the description of an implementation exist. */
  readonly icons: boolean
  /** The `context` of `completion/complete` and `_meta` of a listed item exist. */
  readonly itemMeta: boolean
  /** `annotations` of a tool exist. */
  readonly toolAnnotations: boolean
  /** Content may be audio. */
  readonly audio: boolean
  /** A report of progress may say in words what is going on. */
  readonly progressMessage: boolean
  /** The capability `completions` exists. `completion/complete` is older than it. */
  readonly completions: boolean
  /**
   * Questions to the client. `requests`: requests of the server on a stream. `rounds`: an answer that asks for input
   * (`input_required`), and the client's retry.
   */
  readonly asks: 'requests' | 'rounds'
  /** `notifications/message` are sent to a client that named no level. */
  readonly logsUnasked: boolean
  /** A question that opens a URL has an id, and its completion is told. */
  readonly elicitationIds: boolean
  /** The capability under which extensions are declared. */
  readonly extensions: 'experimental' | 'extensions'
  /** Results say how long and for whom they may be cached. */
  readonly cacheHints: boolean
  /** `outputSchema` may describe any JSON value, and `structuredContent` may be one. */
  readonly anyStructure: boolean
}

const R2024_11_05: Revision = {
  name: '2024-11-05',
  era: 'legacy',
  // Its page on messages: all of them "MUST follow the JSON-RPC 2.0 specification", which has batches.
  batches: true,
  versionHeader: false,
  primingEvent: false,
  closesConnections: false,
  invalidArgumentsAreResults: false,
  elicitation: false,
  samplingParts: false,
  structured: false,
  icons: false,
  itemMeta: false,
  toolAnnotations: false,
  audio: false,
  progressMessage: false,
  completions: false,
  asks: 'requests',
  logsUnasked: true,
  elicitationIds: false,
  extensions: 'experimental',
  cacheHints: false,
  anyStructure: false,
}

const R2025_03_26: Revision = {
  ...R2024_11_05,
  name: '2025-03-26',
  toolAnnotations: true,
  audio: true,
  progressMessage: true,
  completions: true,
}

const R2025_06_18: Revision = {
  ...R2025_03_26,
  name: '2025-06-18',
  batches: false,
  versionHeader: true,
  elicitation: 'form',
  structured: true,
  itemMeta: true,
}

const R2025_11_25: Revision = {
  ...R2025_06_18,
  name: '2025-11-25',
  primingEvent: true,
  closesConnections: true,
  invalidArgumentsAreResults: true,
  elicitation: 'modes',
  elicitationIds: true,
  samplingParts: true,
  icons: true,
}

const R2026_07_28: Revision = {
  ...R2025_11_25,
  name: '2026-07-28',
  era: 'modern',
  primingEvent: false,
  closesConnections: false,
  asks: 'rounds',
  logsUnasked: false,
  elicitationIds: false,
  extensions: 'extensions',
  cacheHints: true,
  anyStructure: true,
}

/** Newest first. The position of a revision in this list is not stable; its name is. */
export const REVISIONS: readonly Revision[] = [R2026_07_28, R2025_11_25, R2025_06_18, R2025_03_26, R2024_11_05]

/** What `initialize` offers to a client that asks for something unknown. */
export const LATEST: Revision = R2025_11_25

/** The revision whose identity, in the words that it knows, stands in results of the modern era. */
export const MODERN: Revision = R2026_07_28

/** What a request without a session and without `MCP-Protocol-Version` is taken for. */
export const ASSUMED: Revision = R2025_03_26

/** What a connection of HTTP+SSE, the transport of this revision, is taken for until it is initialized. */
export const FIRST: Revision = R2024_11_05

const BY_NAME: ReadonlyMap<string, Revision> = new Map(REVISIONS.map((revision) => [revision.name, revision]))

export function revisionNamed(name: string): Revision | undefined {
  return BY_NAME.get(name)
}

export const SUPPORTED: readonly RevisionName[] = REVISIONS.map((revision) => revision.name)
