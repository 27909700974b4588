/**
 * base64url without padding (RFC 4648, section 5), strict in what it accepts: a text that is not the canonical form
 * of its bytes is refused, so that one token has one spelling.
 *
 * @module
 */
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

const DECODE = new Int8Array(128).fill(-1)
for (let at = 0; at < 64; at++) DECODE[ALPHABET.charCodeAt(at)] = at

/** Every pair of digits: twelve bits become text at a time. */
export const DIGIT_PAIRS: readonly string[] = Array.from(
  { length: 4096 },
  (_, bits) => ALPHABET[bits >> 6]! + ALPHABET[bits & 63]!,
)

/** Encodes the bytes, or a part of them without a view of it. */
export function encodeBase64url(bytes: Uint8Array, from = 0, to: number = bytes.length): string {
  let text = ''
  let at = from
  for (; at + 2 < to; at += 3) {
    const word = (bytes[at]! << 16) | (bytes[at + 1]! << 8) | bytes[at + 2]!
    text += DIGIT_PAIRS[word >> 12]! + DIGIT_PAIRS[word & 4095]!
  }
  if (at + 1 === to) {
    text += DIGIT_PAIRS[bytes[at]! << 4]!
  } else if (at + 2 === to) {
    const word = (bytes[at]! << 10) | (bytes[at + 1]! << 2)
    text += DIGIT_PAIRS[word >> 6]! + ALPHABET[word & 63]!
  }
  return text
}

/** Decodes, or `undefined` where the text is not the canonical encoding of any bytes. */
export function decodeBase64url(text: string): Uint8Array | undefined {
  const rest = text.length % 4
  if (rest === 1) return undefined
  const bytes = new Uint8Array(Math.floor((text.length * 3) / 4))
  let buffer = 0
  let bits = 0
  let out = 0
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    const value = code < 128 ? DECODE[code]! : -1
    if (value < 0) return undefined
    buffer = ((buffer << 6) | value) & 0xffff
    bits += 6
    if (bits >= 8) {
      bits -= 8
      bytes[out++] = (buffer >> bits) & 0xff
    }
  }
  if ((buffer & ((1 << bits) - 1)) !== 0) return undefined
  return bytes
}
