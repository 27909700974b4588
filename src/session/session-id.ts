/**
 * What a session id says. The id is a sealed token: nothing is stored for a session until it sets something.
 *
 * At most 512 bytes of visible ASCII, because proxies and clients refuse long header lines, and because it can't be
 * shortened later: clients read it once, at `initialize`.
 *
 * @see the specification, basic/transports, "Session Management"
 * @module
 */
import type { Position } from '../engine/engine.ts'
import { decodeBase64url, encodeBase64url } from '../wire/base64url.ts'
import { type Revision, type RevisionName, revisionNamed } from '../wire/revision.ts'
import { ANONYMOUS, PRINCIPAL_BYTES } from './principal.ts'

/** The longest session id in bytes. */
export const MAX_SESSION_ID_BYTES = 512

/** The facts of a session, fixed at `initialize`. */
export interface SessionFacts {
  /** 128 random bits in base64url. */
  readonly uid: string
  /** The end of the `cluster` log when the session was born; empty: unknown. */
  readonly birth: Position
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  readonly revision: Revision
  /** See `wire/capabilities.ts`. */
  readonly capabilities: number
  readonly client: { readonly name: string; readonly version: string }
  readonly principal: string
  /** JSON of the extension settings that the server said it reads; empty: none. At most 128 bytes. */
  readonly extensions: string
}

/** Client names and versions are cut to this many bytes: icons and descriptions have no place in a header. */
const NAME_BYTES = 64
const EXTENSION_BYTES = 128
const BIRTH_BYTES = 32
const FORMAT = 1

/** Part of the format: never renumber. 2026-07-28 has no sessions, so its code is never sealed. */
const REVISION_CODES: Readonly<Record<RevisionName, number>> = {
  '2025-03-26': 1,
  '2025-06-18': 2,
  '2025-11-25': 3,
  '2024-11-05': 4,
  '2026-07-28': 0,
}

const encoder = new TextEncoder()
/** With a mark at the beginning of a name as part of the name. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

export function encodeFacts(facts: SessionFacts): Uint8Array {
  const parts = [
    textBytes(facts.client.name, NAME_BYTES),
    textBytes(facts.client.version, NAME_BYTES),
    textBytes(facts.birth, BIRTH_BYTES),
    textBytes(facts.extensions, EXTENSION_BYTES),
  ]
  const principal = facts.principal === ANONYMOUS ? undefined : decodeBase64url(facts.principal)!
  let length = 25 + (principal ? PRINCIPAL_BYTES : 0)
  for (const part of parts) length += 1 + part.length
  const bytes = new Uint8Array(length)
  bytes[0] = FORMAT
  bytes.set(decodeBase64url(facts.uid)!, 1)
  putUint32(bytes, 17, Math.ceil(facts.expiresAt / 1000))
  bytes[21] = REVISION_CODES[facts.revision.name]
  bytes[22] = facts.capabilities >> 8
  bytes[23] = facts.capabilities
  bytes[24] = principal ? 1 : 0
  let at = 25
  if (principal) {
    bytes.set(principal, at)
    at += PRINCIPAL_BYTES
  }
  for (const part of parts) {
    bytes[at++] = part.length
    if (typeof part === 'string') for (let index = 0; index < part.length; index++) bytes[at++] = part.charCodeAt(index)
    else {
      bytes.set(part, at)
      at += part.length
    }
  }
  return bytes
}

function putUint32(bytes: Uint8Array, at: number, value: number): void {
  bytes[at] = value >>> 24
  bytes[at + 1] = value >>> 16
  bytes[at + 2] = value >>> 8
  bytes[at + 3] = value
}

/** The text itself where it is short ASCII, which it nearly always is; else its first bytes as UTF-8. */
function textBytes(text: string, limit: number): string | Uint8Array {
  if (text.length > limit) return cut(text, limit)
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) > 127) return cut(text, limit)
  return text
}

/** `undefined` for bytes of another format. The bytes are authentic, so their inside is trusted to be well-formed. */
export function decodeFacts(bytes: Uint8Array): SessionFacts | undefined {
  if (bytes[0] !== FORMAT || bytes.length < 29) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const entry = Object.entries(REVISION_CODES).find(([, code]) => code === bytes[21])
  const revision = entry && revisionNamed(entry[0])
  if (revision === undefined) return undefined
  let at = 25
  let principal = ANONYMOUS
  if (bytes[24] === 1) {
    principal = encodeBase64url(bytes.subarray(at, at + PRINCIPAL_BYTES))
    at += PRINCIPAL_BYTES
  }
  const next = (): string => {
    const length = bytes[at]!
    const text = decoder.decode(bytes.subarray(at + 1, at + 1 + length))
    at += 1 + length
    return text
  }
  return {
    uid: encodeBase64url(bytes.subarray(1, 17)),
    expiresAt: view.getUint32(17) * 1000,
    revision,
    capabilities: view.getUint16(22),
    principal,
    client: { name: next(), version: next() },
    birth: next(),
    extensions: next(),
  }
}

/** A client name or version as it travels, so that every replica and every later request sees the same. */
export function fitName(text: string): string {
  // Through bytes, because not every text is the same after them, and a long one is not kept by its beginning.
  return /^[ -~]{0,64}$/.test(text) ? text : decoder.decode(cut(text, NAME_BYTES))
}

/** Extension settings that fit as JSON, or nothing: what does not fit counts as not declared. */
export function fitExtensions(settings: { readonly [name: string]: unknown }): string {
  if (Object.keys(settings).length === 0) return ''
  const text = JSON.stringify(settings)
  return encoder.encode(text).length <= EXTENSION_BYTES ? text : ''
}

/** The first bytes of a text without cutting a character in two. */
function cut(text: string, limit: number): Uint8Array {
  const bytes = encoder.encode(text)
  if (bytes.length <= limit) return bytes
  let end = limit
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return bytes.subarray(0, end)
}
