/**
 * Messages of the client that are not requests: notifications and answers.
 *
 * @module
 */
import type { Session } from '../session/session.ts'
import { McpError } from '../wire/errors.ts'
import { isRequestId, type JsonRpcNotification, type JsonRpcResponse } from '../wire/jsonrpc.ts'
import type { CallServices } from './services.ts'

/**
 * Takes a notification. Unknown and malformed ones are ignored: nobody waits for an answer. What concerns another
 * replica is led there; the promise resolves when it can't be lost any more.
 *
 * @throws {McpError} `unavailable`, `too_many_requests`
 */
export function takeNotification(
  services: CallServices,
  session: Session,
  message: JsonRpcNotification,
): void | Promise<void> {
  if (session.stateless) return
  const params = message.params ?? {}
  if (message.method === 'notifications/cancelled') {
    const { requestId, reason } = params
    if (!isRequestId(requestId)) return
    const why = typeof reason === 'string' ? `: ${reason.slice(0, 200)}` : '.'
    const call = session.find(requestId)
    if (call === undefined) {
      services.replica.cancelled.add(session.facts.uid, requestId)
      return services.replica.peers?.cancel(session.facts.uid, requestId, why)
    }
    call.abort(new McpError('cancelled', `The client cancelled the request${why}`), false)
  } else if (message.method === 'notifications/progress') {
    return services.asks.progress(session, params)
  }
}

/**
 * Takes an answer to a question of ours, or leads it to the replica that asked; one that nobody asked for is dropped and
 * counted. The promise resolves when it can't be lost any more.
 *
 * @throws {McpError} `unavailable`
 */
export function takeResponse(services: CallServices, session: Session, message: JsonRpcResponse): void | Promise<void> {
  if (session.stateless) services.replica.counters.answersUnknown++
  else return services.asks.answer(session, message)
}
