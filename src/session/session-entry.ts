/**
 * `session/<uid>`: the one entry that a session may have, absent until it sets something. Changed by compare-and-set,
 * announced in `cluster`, and only then acknowledged.
 *
 * @module
 */
import { ABSENT, type Store } from '../engine/engine.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import { isLogLevel, type LogLevel } from '../wire/log-level.ts'

/** What the entry says that streams and handlers need at once. */
export interface SessionState {
  readonly level: LogLevel | undefined
  readonly subscriptions: ReadonlySet<string>
}

export const EMPTY_STATE: SessionState = { level: undefined, subscriptions: new Set() }

/** The entry as it is stored. Members that this version does not know are kept. */
export interface StoredEntry {
  /** Format version. */
  readonly v: 1
  readonly deleted?: true
  readonly level?: LogLevel
  readonly subscriptions?: readonly string[]
  readonly values?: JsonObject
}

const KEY = 'session/'

/** Attempts at a compare-and-set before giving up; each loss means that another writer of the session won. */
const ATTEMPTS = 16

export async function readEntry(store: Store, uid: string): Promise<StoredEntry | undefined> {
  const row = await store.get(KEY + uid)
  return row && (JSON.parse(row.value) as StoredEntry)
}

/**
 * Applies `change` to the entry until no other writer interferes.
 *
 * @param change returns the new entry, or `undefined` when there is nothing to do. It may throw.
 * @param admit hears of the length of the entry before it is written. It may throw.
 * @returns the entry as it now is, and whether it was written.
 * @throws {McpError} `session_not_found` when the session was deleted, `unavailable` when writers keep interfering.
 */
export async function changeEntry(
  store: Store,
  uid: string,
  ttlMs: number,
  change: (entry: StoredEntry) => StoredEntry | undefined,
  admit: (length: number) => void,
): Promise<{ entry: StoredEntry; written: boolean; length: number }> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const row = await store.get(KEY + uid)
    const entry: StoredEntry = row === undefined ? { v: 1 } : (JSON.parse(row.value) as StoredEntry)
    if (entry.deleted) throw new McpError('session_not_found', 'The session has ended.')
    const changed = change(entry)
    if (changed === undefined) return { entry, written: false, length: row?.value.length ?? 0 }
    const text = JSON.stringify(changed)
    admit(text.length)
    const outcome = await store.put(KEY + uid, text, { ttlMs, expect: row?.version ?? ABSENT })
    if (outcome !== 'conflict') return { entry: changed, written: true, length: text.length }
  }
  throw new McpError('unavailable', 'The session is being changed by too many requests at once; try again.')
}

/** Writes the tombstone over whatever the session had set. */
export async function writeTombstone(store: Store, uid: string, ttlMs: number): Promise<void> {
  await store.put(KEY + uid, JSON.stringify({ v: 1, deleted: true } satisfies StoredEntry), { ttlMs })
}

/** Puts back what a session had set, where the entry was lost. */
export async function restoreEntry(store: Store, uid: string, ttlMs: number, state: SessionState): Promise<void> {
  const entry: StoredEntry = {
    v: 1,
    ...(state.level !== undefined && { level: state.level }),
    ...(state.subscriptions.size > 0 && { subscriptions: [...state.subscriptions] }),
  }
  await store.put(KEY + uid, JSON.stringify(entry), { ttlMs, expect: ABSENT })
}

export function stateOf(entry: StoredEntry | undefined): SessionState {
  if (entry === undefined || (entry.level === undefined && entry.subscriptions === undefined)) return EMPTY_STATE
  return {
    level: isLogLevel(entry.level) ? entry.level : undefined,
    subscriptions: new Set(entry.subscriptions ?? []),
  }
}
