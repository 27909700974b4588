/**
 * For how long and for whom a result may be cached (2026-07-28).
 *
 * @see the specification 2026-07-28, server/utilities/caching
 * @module
 */
import type { Call } from '../call/call.ts'
import { ANONYMOUS } from '../session/principal.ts'

/** What an author may say about the results of one thing. */
export interface CacheHints {
  /** Milliseconds that a client may use a result without asking again; 0: none. */
  readonly ttlMs?: number
  /**
   * `public`: the result is the same for everybody, and anybody on the way may keep it and give it to anybody.
   * `private`: only for whoever asked. It protects nothing: every request is authorized by itself.
   */
  readonly scope?: 'public' | 'private'
}

/** Lists and identity change rarely, and clients that listen hear of it at once. */
export const LIST_TTL_MS = 60_000

/** Contents change when they like. */
const READ_TTL_MS = 0

/** @throws {TypeError} for hints that could not be sent. */
export function checkCacheHints(hints: CacheHints | undefined, where: string): void {
  if (hints === undefined) return
  const { ttlMs, scope } = hints
  if (ttlMs !== undefined && !(Number.isSafeInteger(ttlMs) && ttlMs >= 0)) {
    throw new TypeError(`${where}: cache.ttlMs must be a whole number of milliseconds, 0 or more.`)
  }
  if (scope !== undefined && scope !== 'public' && scope !== 'private') {
    throw new TypeError(`${where}: cache.scope must be 'public' or 'private'.`)
  }
}

/**
 * The hints of a list or of `server/discover`. Without a word of the author a list is public only where nothing could
 * make it differ between callers: nobody is identified, and no middleware stands before it.
 */
export function listHints(call: Call, hints: CacheHints | undefined, varies: boolean): object {
  const shared = !varies && call.session.facts.principal === ANONYMOUS
  return { ttlMs: hints?.ttlMs ?? LIST_TTL_MS, cacheScope: hints?.scope ?? (shared ? 'public' : 'private') }
}

export function readHints(hints: CacheHints | undefined): object {
  return { ttlMs: hints?.ttlMs ?? READ_TTL_MS, cacheScope: hints?.scope ?? 'private' }
}
