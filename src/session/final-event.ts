/**
 * The last event of a request stream, made from nothing but the id that a client came back with: so that it gets an
 * answer even when all else about its call is gone.
 *
 * @module
 */
import { errorMessage } from '../wire/jsonrpc.ts'
import { sseEvent } from '../wire/sse.ts'
import { type RequestEventId, requestEventBegin, requestEventId, requestEventMiddle } from './event-id.ts'
import type { Session } from './session.ts'
import { sipBegin } from './siphash.ts'
import { type LostReason, lostError } from './stream-log.ts'

/** The final event number `sequence` of the stream that `id` belongs to. */
export function finalEvent(session: Session, id: RequestEventId, sequence: number, data: string): string {
  const begin = requestEventBegin(id.replica)
  const middle = requestEventMiddle(id.call, id.requestId)
  return sseEvent(requestEventId(sipBegin(session.eventKey, begin), begin, middle, sequence, true), data)
}

/** The error that ends a stream whose answer is lost. */
export function lostEvent(session: Session, id: RequestEventId, sequence: number, reason: LostReason): string {
  return finalEvent(session, id, sequence, errorMessage(id.requestId, lostError(reason)))
}
