/**
 * Just enough of content negotiation: does `Accept` name a type, is `Content-Type` JSON.
 *
 * Clients send the same few values for ever, so answers are remembered by the header's text in a small bounded map.
 *
 * @see RFC 9110, sections 8.3 and 12.5.1
 * @module
 */
import { JSON_TYPE, SSE_TYPE } from './headers.ts'

/** What an `Accept` header allows. */
export interface Accepted {
  readonly json: boolean
  readonly sse: boolean
}

/** How many distinct header texts are remembered; a client that varies them only loses the shortcut. */
const MEMO_SIZE = 64

const acceptMemo = new Map<string, Accepted>()
const jsonMemo = new Map<string, boolean>()

const NOTHING: Accepted = { json: false, sse: false }

/** Nearly always the same text as before, and comparing is cheaper than hashing. */
let lastAccept: { readonly header: string | undefined; readonly accepted: Accepted } = {
  header: undefined,
  accepted: NOTHING,
}

/** Reads an `Accept` header. An absent one accepts nothing: MCP clients must list what they accept. */
export function parseAccept(header: string | undefined): Accepted {
  if (header === lastAccept.header) return lastAccept.accepted
  if (header === undefined) return NOTHING
  const accepted = acceptMemo.get(header) ?? readAccept(header)
  lastAccept = { header, accepted }
  if (acceptMemo.size < MEMO_SIZE) acceptMemo.set(header, accepted)
  return accepted
}

function readAccept(header: string): Accepted {
  let json = false
  let sse = false
  for (const part of header.split(',')) {
    const [type, ...parameters] = part.split(';').map((piece) => piece.trim().toLowerCase())
    if (parameters.some((parameter) => /^q=0(\.0{0,3})?$/.test(parameter))) continue
    if (type === '*/*') json = sse = true
    else if (type === JSON_TYPE || type === 'application/*') json = true
    else if (type === SSE_TYPE || type === 'text/*') sse = true
  }
  return { json, sse }
}

/** Whether a `Content-Type` header names JSON in UTF-8. `text/plain` and the like are how web pages forge posts. */
export function isJsonContentType(header: string | undefined): boolean {
  if (header === undefined) return false
  if (header === JSON_TYPE) return true
  const known = jsonMemo.get(header)
  if (known !== undefined) return known
  const [type, ...parameters] = header.split(';').map((piece) => piece.trim().toLowerCase())
  const charset = parameters.find((parameter) => parameter.startsWith('charset='))
  const json = type === JSON_TYPE && (charset === undefined || /^charset="?utf-?8"?$/.test(charset))
  if (jsonMemo.size < MEMO_SIZE) jsonMemo.set(header, json)
  return json
}
