/**
 * Short names for messages, so that a reader sees what an exchange is about before reading its body.
 *
 * @module
 */
import type { ObservedRequest } from '../../testing/client/index.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import { oneLine } from '../terminal/text.ts'

/** What a request of the client is about: `tools/call get_forecast`, `answer to elicitation/create`. */
export function requestLabel({ purpose, body, method }: ObservedRequest): string {
  if (purpose?.kind === 'answer') return `answer to ${oneLine(purpose.method)}`
  if (purpose?.kind === 'stream') return 'session stream'
  if (purpose?.kind === 'resume') return `resume the stream of #${purpose.of}`
  if (method === 'DELETE') return 'end of the session'
  const message = body === undefined ? undefined : parsed(body)
  const label = isObject(message) ? messageLabel(message) : ''
  return purpose?.kind === 'retry' ? `${label}, round ${purpose.round} after #${purpose.of}` : label
}

/** What a message is: its method and what it names, or a response. */
export function messageLabel(message: Readonly<Record<string, unknown>>): string {
  const { method, params, result } = message
  if (typeof method !== 'string') {
    if ('error' in message) return 'error response'
    return isObject(result) && result['resultType'] === 'input_required' ? 'response: input required' : 'response'
  }
  const subject = isObject(params) ? (params['name'] ?? params['uri'] ?? params['level']) : undefined
  return oneLine(typeof subject === 'string' ? `${method} ${subject}` : method)
}

/** The parsed text, or `undefined` when it is not JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
