/**
 * What one client, and all of them together, may hold at a time. Each limit protects the others from one.
 *
 * @module
 */
export interface Limits {
  /** Largest request body in bytes. Default 4 MiB: room for an image in base64. */
  readonly bodyBytes: number
  /** Calls in flight per session. Default 32. Over it: 429. */
  readonly callsPerSession: number
  /** Open SSE connections per session, those of its calls included. Default 40. Over it: 429 for a further GET. */
  readonly streamsPerSession: number
  /** Questions to the client waiting for an answer, per session. Default 16. */
  readonly asksPerSession: number
  /**
   * Calls in flight of one principal in this process, over all its sessions. Default 2,500, a quarter of what the process
   * takes: an identity may stand for a gateway with many people behind it, but not for all there is. Over it: 429.
   */
  readonly callsPerPrincipal: number
  /** Open SSE connections of one principal in this process. Default 5,000. Over it: 429. */
  readonly streamsPerPrincipal: number
  /** Questions to the clients of one principal that wait for an answer, in this process. Default 2,500. */
  readonly asksPerPrincipal: number
  /** Calls of one principal that wait in this process for a retry (2026-07-28). Default 2,500. */
  readonly parkedPerPrincipal: number
  /** Resources that one session may be subscribed to. Default 1,000. */
  readonly subscriptionsPerSession: number
  /** Longest URI in bytes, in subscriptions and reads. Default 2,048. */
  readonly uriBytes: number
  /** All the values that one session keeps with `ctx.session.set`, in bytes of JSON. Default 64 KiB. */
  readonly sessionValueBytes: number
  /**
   * What all sessions of one principal keep, in bytes of JSON, as far as they set it by way of this process: subscriptions
   * and values. Default 64 MB. Over it: `too_many_requests` for what would add to it.
   */
  readonly storedBytesPerPrincipal: number
  /** The same of all sessions together. Default 256 MB. */
  readonly storedBytes: number
  /** Calls that wait in this process for the retry of their client (2026-07-28). Default 10,000. */
  readonly parked: number
  /** How long such a call waits, and how long a `requestState` is good, in milliseconds. Default 10 minutes. */
  readonly parkedMs: number
  /** Calls in flight in this process. Default 10,000. */
  readonly calls: number
  /** Open SSE connections in this process. Default 20,000. */
  readonly streams: number
  /** Messages in one batch (2025-03-26). Default 50. */
  readonly batch: number
  /** How long an event stays replayable, in milliseconds. Default 2 minutes. */
  readonly windowMs: number
  /** How many events of one stream stay replayable. Default 1,000. */
  readonly windowEvents: number
  /** How many bytes of one stream stay replayable or wait for a slow reader. Default 1 MB. */
  readonly windowBytes: number
  /** What all finished streams together may keep for a resume, in bytes. Default 64 MB. */
  readonly finishedBytes: number
  /** Opened session ids that are remembered. Default 10,000: a miss costs one decryption. */
  readonly sessionCache: number
  /** How long a reader that takes nothing keeps its connection, in milliseconds. Default 30,000. */
  readonly stallMs: number
}

export const DEFAULT_LIMITS: Limits = {
  bodyBytes: 4 * 1024 * 1024,
  callsPerSession: 32,
  streamsPerSession: 40,
  asksPerSession: 16,
  callsPerPrincipal: 2_500,
  streamsPerPrincipal: 5_000,
  asksPerPrincipal: 2_500,
  parkedPerPrincipal: 2_500,
  subscriptionsPerSession: 1_000,
  uriBytes: 2_048,
  sessionValueBytes: 64 * 1024,
  storedBytesPerPrincipal: 64_000_000,
  storedBytes: 256_000_000,
  parked: 10_000,
  parkedMs: 600_000,
  calls: 10_000,
  streams: 20_000,
  batch: 50,
  windowMs: 120_000,
  windowEvents: 1_000,
  windowBytes: 1_000_000,
  finishedBytes: 64_000_000,
  sessionCache: 10_000,
  stallMs: 30_000,
}
