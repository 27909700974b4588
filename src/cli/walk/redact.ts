/**
 * Takes out of a report what gives access: session ids and credentials. A walk is made to be shown to others.
 *
 * @module
 */
import { SESSION_ID } from '../../wire/headers.ts'
import { shortened } from '../terminal/text.ts'

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
