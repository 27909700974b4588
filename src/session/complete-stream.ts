/**
 * A request stream that is complete at once: most calls end within the turn of the event loop that brought them, and
 * their answer needs no stream that could be written to, only the events of one, and what a resume would ask for.
 *
 * @see the specification, basic/transports, "Sending Messages to the Server" and "Resumability and Redelivery"
 * @module
 */
import type { RequestId } from '../wire/jsonrpc.ts'
import { sseEvent, ssePriming, sseRetry } from '../wire/sse.ts'
import { requestEventId, requestEventMiddle } from './event-id.ts'
import type { Replica } from './replica.ts'
import type { Session } from './session.ts'

/** @returns the events of a stream that brings only the answer `data`, from first to last. */
export function completeStream(
  replica: Replica,
  session: Session,
  call: number,
  requestId: RequestId,
  data: string,
): string {
  if (session.stateless) return sseEvent(undefined, data)
  const begin = replica.eventBegin
  const key = session.requestEventKey(begin)
  const middle = requestEventMiddle(call, requestId)
  const retry = replica.retry.next()
  if (!session.facts.revision.primingEvent) {
    replica.finished.put(call, 0, data, true)
    return sseRetry(retry) + sseEvent(requestEventId(key, begin, middle, 0, true), data)
  }
  const priming = ssePriming(requestEventId(key, begin, middle, 0, false), retry)
  replica.finished.put(call, 1, data, true)
  return priming + sseEvent(requestEventId(key, begin, middle, 1, true), data)
}
