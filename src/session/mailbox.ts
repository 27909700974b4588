/**
 * `mailbox/<uid>`: messages for one session that belong to no request of the client. They wait here until the session
 * stream takes them.
 *
 * @module
 */
import { EngineError, type Position, type Store } from '../engine/engine.ts'

/** A record of the log. A question is skipped once its deadline has passed or nobody waits for the answer. */
export type MailboxRecord =
  | { readonly v: 1; readonly t: 'message'; readonly text: string }
  | { readonly v: 1; readonly t: 'ask'; readonly text: string; readonly id: string; readonly deadline: number }
  /** The question `id` was withdrawn. */
  | { readonly v: 1; readonly t: 'withdrawal'; readonly text: string; readonly id: string }

export interface MailboxEntry {
  readonly position: Position
  readonly record: MailboxRecord
}

const LOG = 'mailbox/'
const TTL_MS = 10 * 60_000

/** A session whose stream nobody opens keeps its newest messages only. */
const CAP = 1_000

export async function appendMailbox(store: Store, uid: string, record: MailboxRecord, id: string): Promise<void> {
  const outcome = await store.append(LOG + uid, JSON.stringify(record), { ttlMs: TTL_MS, id, cap: CAP })
  if (typeof outcome === 'string') throw new EngineError('unavailable', `The mailbox answered ${outcome}.`)
}

export async function readMailbox(
  store: Store,
  uid: string,
  after: Position | 'birth',
  limit: number,
): Promise<{ gap: true; oldest: Position } | { gap: false; entries: MailboxEntry[]; end: Position }> {
  const result = await store.read(LOG + uid, after, limit)
  if (result.gap) return result
  const entries = result.entries.map((entry) => ({
    position: entry.position,
    record: JSON.parse(entry.record) as MailboxRecord,
  }))
  return { gap: false, entries, end: result.end }
}
