/**
 * A retry that lands on another replica than the one on which its call is parked: led there by the one, and taken by
 * the other.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */

import type { Exchange } from '../call/exchange.ts'
import type { ParkedAddress } from '../call/parked-address.ts'
import type { Cancellable } from '../call/parking.ts'
import { headersOf, passedOn } from '../call/passed-headers.ts'
import { RemoteOutlet } from '../call/remote-outlet.ts'
import { readResponses, spentState } from '../call/request-state.ts'
import type { CallServices } from '../call/services.ts'
import { type ForwardedRetry, factsOfRequest, sessionOfFacts } from '../session/forwarded-retry.ts'
import { RelayedExchange } from '../session/relayed-exchange.ts'
import type { Replica } from '../session/replica.ts'
import { lostError } from '../session/stream-log.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { errorMessage } from '../wire/jsonrpc.ts'

/**
 * Leads a retry to the replica of its call. What comes back goes to the outlet of the request.
 *
 * @throws {McpError} `replica_lost`, `unavailable`
 */
export async function forwardRetry(
  replica: Replica,
  request: Exchange,
  address: ParkedAddress,
  started: (call: Cancellable) => void,
): Promise<void> {
  if (replica.peers === undefined) throw lostError('replica_lost')
  const { session, identity, headers, outlet } = request
  const { id, params = {} } = request.request
  const exchange = new RelayedExchange(replica, replica.peers, address.replica, session, id, outlet)
  await exchange.start({
    tag: address.tag,
    round: address.round,
    client: factsOfRequest(session),
    headers: passedOn(headers),
    requestId: id,
    params,
    ...(identity && { identity }),
  })
  started(exchange)
}

/**
 * Takes a retry that was led here.
 *
 * @param late its client has been told to try again: the round must be left for that.
 */
export function takeRetry({ replica, parking }: CallServices, retry: ForwardedRetry, late: boolean): void {
  if (replica.peers === undefined) return
  const outlet = new RemoteOutlet(replica, replica.peers, retry.reader)
  const { requestId: id, params, identity, client, headers, tag, round } = retry
  try {
    if (late) throw new McpError('unavailable', 'The retry came too late; try again.')
    const parked = parking.find(tag)
    if (parked === undefined) throw spentState()
    const session = sessionOfFacts(replica, client)
    const exchange = { session, identity, headers: headersOf(headers), request: { id, params }, outlet }
    const call = parked.take(exchange, round, readResponses(params))
    if (call !== undefined) outlet.own(call)
  } catch (thrown) {
    const error = toMcpError(thrown)
    if (error.cause !== undefined) replica.report(error.cause, 'retry')
    outlet.finish(errorMessage(id, error), error)
  }
}
