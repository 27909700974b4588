/**
 * Sorts what a server sends into responses, requests and notifications. Nonsense is reported, never thrown: the next
 * message on the same stream may be a good one.
 *
 * @module
 */
import { isObject, type JsonObject, type RequestId } from '../../wire/jsonrpc.ts'
import { ClientError } from './errors.ts'
import type { Line } from './line.ts'

/** Who takes the messages of one stream or one answer. */
export interface Receiver {
  response(message: JsonObject): void
  request(method: string, id: RequestId, params: JsonObject): void
  notification(method: string, params: JsonObject): void
}

/** Takes the data of one event. */
export function takeEvent(data: string, receiver: Receiver, line: Line): void {
  let value: unknown
  try {
    value = JSON.parse(data)
  } catch (error) {
    line.report(new ClientError('not_mcp', 'An event on a stream is not JSON.', { cause: error }))
    return
  }
  takeMessage(value, receiver, line)
}

/** Takes one message. 2025-03-26 servers may send several in an array. */
export function takeMessage(value: unknown, receiver: Receiver, line: Line): void {
  if (Array.isArray(value)) {
    for (const entry of value) takeMessage(entry, receiver, line)
    return
  }
  if (!isObject(value)) {
    line.report(new ClientError('not_mcp', 'A message of the server is not a JSON object.'))
    return
  }
  const { method, id } = value
  const params = isObject(value['params']) ? value['params'] : {}
  if (typeof method !== 'string') receiver.response(value)
  else if (typeof id === 'string' || typeof id === 'number') receiver.request(method, id, params)
  else receiver.notification(method, params)
}

/** Hands a response to the request that waits for it. */
export function settle(message: JsonObject, line: Line): void {
  if (line.pending.settle(message)) return
  line.report(new ClientError('not_mcp', `A response came for no request in flight (id ${String(message['id'])}).`))
}
