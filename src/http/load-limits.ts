/**
 * Whether one more request may be handled, or one more SSE connection opened.
 *
 * @module
 */
import type { Replica } from '../session/replica.ts'
import { McpError } from '../wire/errors.ts'

/** @param ofSession the open connections of its session, where it has one. */
export function tooManyStreams(replica: Replica, principal: string, ofSession = 0): McpError | undefined {
  const { limits, usage, counters, openStreams } = replica
  let limit: 'streams' | 'streamsPerSession' | 'streamsPerPrincipal'
  if (openStreams >= limits.streams) limit = 'streams'
  else if (ofSession >= limits.streamsPerSession) limit = 'streamsPerSession'
  else if (usage.full(principal, 'streams', limits.streamsPerPrincipal)) limit = 'streamsPerPrincipal'
  else return undefined
  counters.limitsHit++
  return new McpError('too_many_requests', `Too many open streams (limits.${limit}).`)
}

/** @param busy the requests that are being worked on in this process. */
export function tooManyCalls(replica: Replica, principal: string, busy: number): McpError | undefined {
  const { limits, usage, counters } = replica
  let message: string
  if (busy >= limits.calls) message = 'The server is handling as many requests as it may (limits.calls).'
  else if (!usage.full(principal, 'calls', limits.callsPerPrincipal)) return undefined
  else message = `An identity may have ${limits.callsPerPrincipal} requests in flight (limits.callsPerPrincipal).`
  counters.limitsHit++
  return new McpError('too_many_requests', message)
}
