/**
 * `holder/<uid>`: which connection has the session stream, and how far into the mailbox it was served. It moves
 * forward before a batch is written to the socket, so a message is never sent to two connections.
 *
 * @module
 */
import type { Position, Store } from '../engine/engine.ts'

export interface Holder {
  readonly v: 1
  readonly replica: string
  /** Tells connections of one replica apart. */
  readonly connection: string
  /** The last mailbox position that was handed to a connection. */
  readonly delivered: Position
}

const KEY = 'holder/'

/** Outlives every window that a stream could resume from. */
const TTL_MS = 10 * 60_000

/**
 * Takes the stream for a connection; the newest wins.
 *
 * @returns what the holder before had delivered, or `undefined` when there was none.
 */
export async function claimHolder(
  store: Store,
  uid: string,
  replica: string,
  connection: string,
  from: (previous: Position | undefined) => Position,
): Promise<void> {
  for (;;) {
    const row = await store.get(KEY + uid)
    const previous = row && (JSON.parse(row.value) as Holder)
    const holder: Holder = { v: 1, replica, connection, delivered: from(previous?.delivered) }
    const outcome = await store.put(KEY + uid, JSON.stringify(holder), {
      ttlMs: TTL_MS,
      expect: row?.version ?? 'absent',
    })
    if (outcome !== 'conflict') return
  }
}

/**
 * Notes that everything through `delivered` is about to be sent.
 *
 * @returns `false` when a newer connection has the stream: then nothing may be sent.
 */
export async function advanceHolder(
  store: Store,
  uid: string,
  replica: string,
  connection: string,
  delivered: Position,
): Promise<boolean> {
  const row = await store.get(KEY + uid)
  const current = row && (JSON.parse(row.value) as Holder)
  if (current !== undefined && (current.replica !== replica || current.connection !== connection)) return false
  const holder: Holder = { v: 1, replica, connection, delivered }
  const outcome = await store.put(KEY + uid, JSON.stringify(holder), {
    ttlMs: TTL_MS,
    expect: row?.version ?? 'absent',
  })
  return outcome !== 'conflict'
}
