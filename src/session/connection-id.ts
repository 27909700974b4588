/**
 * The session id of HTTP+SSE, which the client gets in the URI of the `endpoint` event before it has said anything. What
 * is agreed on later lies where the connection is, so this id says where that is: a message that was posted elsewhere is
 * led there by its id alone.
 *
 * @see the specification 2024-11-05, basic/transports, "HTTP with SSE"
 * @module
 */
import { decodeBase64url, encodeBase64url } from '../wire/base64url.ts'
import { ANONYMOUS, PRINCIPAL_BYTES } from './principal.ts'

export interface ConnectionFacts {
  /** 128 random bits in base64url: the uid of the session. */
  readonly uid: string
  /** The replica that holds the connection. */
  readonly replica: string
  readonly principal: string
}

const FORMAT = 1
const TAG_BYTES = 16

export function encodeConnection({ uid, replica, principal }: ConnectionFacts): Uint8Array {
  const parts = [uid, replica, ...(principal === ANONYMOUS ? [] : [principal])].map((text) => decodeBase64url(text)!)
  return Uint8Array.of(FORMAT, ...parts.flatMap((bytes) => [...bytes]))
}

/** `undefined` for bytes of another format. The bytes are authentic, so their inside is trusted to be well-formed. */
export function decodeConnection(bytes: Uint8Array): ConnectionFacts | undefined {
  const named = 1 + 2 * TAG_BYTES
  if (bytes[0] !== FORMAT || (bytes.length !== named && bytes.length !== named + PRINCIPAL_BYTES)) return undefined
  return {
    uid: encodeBase64url(bytes.subarray(1, 1 + TAG_BYTES)),
    replica: encodeBase64url(bytes.subarray(1 + TAG_BYTES, named)),
    principal: bytes.length === named ? ANONYMOUS : encodeBase64url(bytes.subarray(named)),
  }
}
