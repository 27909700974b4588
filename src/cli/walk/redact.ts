/**
 * Takes out of a report what gives access: session ids, request states and credentials. A walk is made to be shown to
 * others.
 *
 * @module
 */
import { SESSION_ID } from '../../wire/headers.ts'
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { shortened } from '../terminal/text.ts'
import { parsed } from './labels.ts'

/** Headers whose value is a secret by their name. */
const SECRET = /authorization|cookie|token|secret|password|api-?key/i

/** The value of a header as it may be shown. */
export function shownHeader(name: string, value: string): string {
  if (name === SESSION_ID) return shortened(value)
  if (!SECRET.test(name)) return value
  const scheme = /^(\S+) \S/.exec(value)?.[1]
  return scheme === undefined ? '…' : `${scheme} …`
}

/** All headers as they may be shown. */
export function shownHeaders(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, shownHeader(name, value)]))
}

/** A message as it may be shown: `requestState` stands for a user and a call that waits, as a session id does. */
export function shownMessage(message: unknown): unknown {
  if (!isObject(message)) return message
  const shown: Record<string, unknown> = { ...message }
  for (const member of ['params', 'result']) if (isObject(message[member])) shown[member] = shortState(message[member])
  return shown
}

function shortState(carrier: JsonObject): JsonObject {
  const { requestState } = carrier
  return typeof requestState === 'string' ? { ...carrier, requestState: shortened(requestState) } : carrier
}

/** The same for a body or the data of an event, which stay as they are where there is nothing to take out. */
export function shownText(text: string): string {
  if (!text.includes('"requestState"')) return text
  const message = parsed(text)
  return message === undefined ? text : JSON.stringify(shownMessage(message))
}
