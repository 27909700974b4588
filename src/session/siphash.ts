/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for short inputs with a 64-bit result. It signs SSE event
 * ids, of which a server writes tens of thousands a second; HMAC over a native call costs several times the event.
 *
 * 64-bit words are held as two 32-bit halves (low, high).
 *
 * @module
 */

/** A 128-bit key as four little-endian words. */
export type SipKey = Uint32Array

export function sipKey(bytes: Uint8Array): SipKey {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  return Uint32Array.of(
    view.getUint32(0, true),
    view.getUint32(4, true),
    view.getUint32(8, true),
    view.getUint32(12, true),
  )
}

let v0l = 0
let v0h = 0
let v1l = 0
let v1h = 0
let v2l = 0
let v2h = 0
let v3l = 0
let v3h = 0

function round(): void {
  // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
  let low = (v0l >>> 0) + (v1l >>> 0)
  v0h = (v0h + v1h + (low > 0xffffffff ? 1 : 0)) | 0
  v0l = low | 0
  let a = (v1l << 13) | (v1h >>> 19)
  let b = (v1h << 13) | (v1l >>> 19)
  v1l = a ^ v0l
  v1h = b ^ v0h
  a = v0l
  v0l = v0h
  v0h = a
  // v2 += v3; v3 = rotl(v3, 16) ^ v2
  low = (v2l >>> 0) + (v3l >>> 0)
  v2h = (v2h + v3h + (low > 0xffffffff ? 1 : 0)) | 0
  v2l = low | 0
  a = (v3l << 16) | (v3h >>> 16)
  b = (v3h << 16) | (v3l >>> 16)
  v3l = a ^ v2l
  v3h = b ^ v2h
  // v0 += v3; v3 = rotl(v3, 21) ^ v0
  low = (v0l >>> 0) + (v3l >>> 0)
  v0h = (v0h + v3h + (low > 0xffffffff ? 1 : 0)) | 0
  v0l = low | 0
  a = (v3l << 21) | (v3h >>> 11)
  b = (v3h << 21) | (v3l >>> 11)
  v3l = a ^ v0l
  v3h = b ^ v0h
  // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
  low = (v2l >>> 0) + (v1l >>> 0)
  v2h = (v2h + v1h + (low > 0xffffffff ? 1 : 0)) | 0
  v2l = low | 0
  a = (v1l << 17) | (v1h >>> 15)
  b = (v1h << 17) | (v1l >>> 15)
  v1l = a ^ v2l
  v1h = b ^ v2h
  a = v2l
  v2l = v2h
  v2h = a
}

function absorb(low: number, high: number): void {
  v3l ^= low
  v3h ^= high
  round()
  round()
  v0l ^= low
  v0h ^= high
}

/**
 * The hash of an ASCII text, its high and low halves.
 *
 * The state lives in module variables because a round on locals of a closure or on an array is several times slower;
 * the function is synchronous, so nothing can see them half done.
 */
export function sipHash(key: SipKey, text: string): { high: number; low: number } {
  v0l = key[0]! ^ 0x70736575
  v0h = key[1]! ^ 0x736f6d65
  v1l = key[2]! ^ 0x6e646f6d
  v1h = key[3]! ^ 0x646f7261
  v2l = key[0]! ^ 0x6e657261
  v2h = key[1]! ^ 0x6c796765
  v3l = key[2]! ^ 0x79746573
  v3h = key[3]! ^ 0x74656462
  const length = text.length
  const whole = length - (length % 8)
  let at = 0
  for (; at < whole; at += 8) {
    absorb(
      text.charCodeAt(at) |
        (text.charCodeAt(at + 1) << 8) |
        (text.charCodeAt(at + 2) << 16) |
        (text.charCodeAt(at + 3) << 24),
      text.charCodeAt(at + 4) |
        (text.charCodeAt(at + 5) << 8) |
        (text.charCodeAt(at + 6) << 16) |
        (text.charCodeAt(at + 7) << 24),
    )
  }
  let low = 0
  let high = length << 24
  for (let shift = 0; at < length; at++, shift += 8) {
    if (shift < 32) low |= text.charCodeAt(at) << shift
    else high |= text.charCodeAt(at) << (shift - 32)
  }
  absorb(low, high)
  v2l ^= 0xff
  round()
  round()
  round()
  round()
  return { high: (v0h ^ v1h ^ v2h ^ v3h) >>> 0, low: (v0l ^ v1l ^ v2l ^ v3l) >>> 0 }
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

/** The hash as 16 hexadecimal digits. */
export function sipHashHex(key: SipKey, text: string): string {
  const { high, low } = sipHash(key, text)
  return (
    HEX[high >>> 24]! +
    HEX[(high >>> 16) & 255]! +
    HEX[(high >>> 8) & 255]! +
    HEX[high & 255]! +
    HEX[low >>> 24]! +
    HEX[(low >>> 16) & 255]! +
    HEX[(low >>> 8) & 255]! +
    HEX[low & 255]!
  )
}
