/**
 * The encoding of values that headers mirror from a body: plain where a header can hold the text, else base64 between
 * `=?base64?` and `?=`.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Value Encoding"
 * @module
 */
const BEGIN = '=?base64?'
const END = '?='

/** Base64 with its padding. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** Visible ASCII, space and tab: what RFC 9110 lets a field value be made of. */
const PLAIN = /^[\t -~]*$/

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The value that a header stands for, or `undefined` where it holds characters that it may not, or bad base64. */
export function decodeHeaderValue(value: string): string | undefined {
  if (!PLAIN.test(value)) return undefined
  if (!value.startsWith(BEGIN) || !value.endsWith(END) || value.length < BEGIN.length + END.length) return value
  const text = value.slice(BEGIN.length, -END.length)
  if (!BASE64.test(text)) return undefined
  try {
    return decoder.decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
  } catch {
    return undefined
  }
}
