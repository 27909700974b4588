/**
 * How the value of a body's field is written into a header: plain where a header can hold it, else base64 between
 * `=?base64?` and `?=`.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Value Encoding"
 * @module
 */

/** Visible ASCII, with spaces and tabs inside but not at the ends, where HTTP drops them. */
const PLAIN = /^(?:[!-~](?:[\t -~]*[!-~])?)?$/

const BEGIN = '=?base64?'
const END = '?='

export function headerValue(value: string): string {
  // What looks encoded would be decoded: it has to be encoded to stay what it is.
  const looksEncoded = value.startsWith(BEGIN) && value.endsWith(END)
  if (PLAIN.test(value) && !looksEncoded) return value
  const bytes = Array.from(new TextEncoder().encode(value), (byte) => String.fromCharCode(byte))
  return `${BEGIN}${btoa(bytes.join(''))}${END}`
}
