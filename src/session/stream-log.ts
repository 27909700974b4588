/**
 * `stream/<replica>.<call>`: the events of a request stream whose connection broke, for whichever replica the client
 * comes back to. One writer, the replica that runs the call; a foreign record is the decision that this replica is
 * dead, after which nothing of it counts.
 *
 * @module
 */
import { EMPTY, type LogEntry, type Position, type Store } from '../engine/engine.ts'
import { McpError } from '../wire/errors.ts'
import { skipEvents, type WindowLimits } from './stream-window.ts'

export type StreamRecord =
  | {
      readonly v: 1
      readonly t: 'events'
      /** The sequence numbers of the first and the last event in it. */
      readonly first: number
      readonly last: number
      /** Complete SSE events; of a record that is `bare`, the data of the one event. */
      readonly text: string
      readonly bare?: true
      /** The last of them is the answer. */
      readonly final?: true
    }
  /** After this event the handler let the client go, to come back for the rest. */
  | { readonly v: 1; readonly t: 'close'; readonly after: number }
  | { readonly v: 1; readonly t: 'lost'; readonly reason: LostReason }

/** Why a stream ends without its answer. */
export type LostReason = 'stream_lost' | 'replica_lost'

export interface StreamEntry {
  readonly position: Position
  readonly record: StreamRecord
}

/** The most records per read. */
const BATCH = 256

export function streamLogOf(replica: string, call: number): string {
  return `stream/${replica}.${call.toString(36)}`
}

/**
 * The entries after a position. Where some are missing, or the log is another one by now, it is what is left, and
 * `gap`: the reader goes by the numbers of the events.
 */
export async function readStreamLog(
  store: Store,
  log: string,
  after: Position | 'oldest',
): Promise<{ readonly gap: boolean; readonly entries: StreamEntry[] }> {
  const result = await store.read(log, after, BATCH)
  if (!result.gap) return { gap: false, entries: result.entries.map(parse) }
  const left = await store.read(log, 'oldest', BATCH)
  return { gap: true, entries: left.gap ? [] : left.entries.map(parse) }
}

/**
 * Whether the log says that the stream has ended, and nothing comes after event `sequence`: its request was cancelled, and
 * with a success some clients would come back for ever. One look is enough: a log of that kind is short, or read by now.
 */
export async function isStreamOver(store: Store, log: string, sequence: number): Promise<boolean> {
  const { entries } = await readStreamLog(store, log, 'oldest')
  const last = entries.at(-1)?.record
  if (last?.t !== 'events' || !last.final || last.bare || last.first > sequence + 1) return false
  return skipEvents(last.text, sequence + 1 - last.first) === ''
}

function parse(entry: LogEntry): StreamEntry {
  return { position: entry.position, record: JSON.parse(entry.record) as StreamRecord }
}

/**
 * Appends where the log still ends at `expect`.
 *
 * @returns the position, or `undefined` when somebody else has appended, or the log is not what it was.
 */
export async function appendStreamLog(
  store: Store,
  log: string,
  record: StreamRecord,
  options: { readonly expect: Position | undefined; readonly id: string; readonly limits: WindowLimits },
): Promise<Position | undefined> {
  const { expect = EMPTY, id, limits } = options
  const ttlMs = limits.windowMs
  const outcome = await store.append(log, JSON.stringify(record), { ttlMs, id, expect, cap: limits.windowEvents + 1 })
  return typeof outcome === 'string' ? undefined : outcome.position
}

/** What a client gets instead of a hole, or of the answer of a process that is gone. */
export function lostError(reason: LostReason): McpError {
  const message =
    reason === 'stream_lost'
      ? 'Events of this stream are no longer available; the outcome of the request is lost.'
      : 'The server that handled the request is gone; its outcome is unknown.'
  return new McpError(reason, message, { data: { reason } })
}
