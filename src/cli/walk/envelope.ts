/**
 * Every request of the modern era repeats the same envelope in its `_meta`. It is shown once, and again when it changes:
 * between fifteen lines that say the same, nobody finds the one that does not.
 *
 * @see the specification 2026-07-28, basic/index, "_meta"
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'

const PREFIX = 'io.modelcontextprotocol/'

/** Gives the message to show for a request of exchange `exchange`. */
export type EnvelopeFilter = (message: unknown, exchange: number) => unknown

export function createEnvelopeFilter(): EnvelopeFilter {
  let last: { readonly text: string; readonly exchange: number } | undefined
  return (message, exchange) => {
    if (!isObject(message) || !isObject(message['params']) || !isObject(message['params']['_meta'])) return message
    const { params } = message
    const entries = Object.entries(message['params']['_meta'])
    const envelope = entries.filter(([key]) => key.startsWith(PREFIX))
    if (envelope.length === 0) return message
    const text = JSON.stringify(envelope)
    if (last?.text !== text) {
      last = { text, exchange }
      return message
    }
    const rest = Object.fromEntries(entries.filter(([key]) => !key.startsWith(PREFIX)))
    const meta: JsonObject = { '…': `the same as in #${last.exchange}`, ...rest }
    return { ...message, params: { ...params, _meta: meta } }
  }
}
