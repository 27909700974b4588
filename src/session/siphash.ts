/**
 * SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash for short inputs with a 64-bit result. It signs SSE event
 * ids, of which a server writes tens of thousands a second; HMAC over a native call costs several times the event.
 *
 * 64-bit words are held as two 32-bit halves (low, high).
 *
 * @module
 */
import { DIGIT_PAIRS } from '../wire/base64url.ts'

/**
 * The inner state: v0 to v3 as low and high halves, then the number of characters absorbed. A plain array of 32-bit
 * integers takes a third of the memory of a typed one, and every remembered session has such a state.
 */
export type SipKey = readonly number[]

/** The state of a fresh hash under a 128-bit key. */
export function sipKey(bytes: Uint8Array): SipKey {
  const view = new DataView(bytes.buffer, bytes.byteOffset, 16)
  const k0l = view.getInt32(0, true)
  const k0h = view.getInt32(4, true)
  const k1l = view.getInt32(8, true)
  const k1h = view.getInt32(12, true)
  return [
    k0l ^ 0x70736575,
    k0h ^ 0x736f6d65,
    k1l ^ 0x6e646f6d,
    k1h ^ 0x646f7261,
    k0l ^ 0x6e657261,
    k0h ^ 0x6c796765,
    k1l ^ 0x79746573,
    k1h ^ 0x74656462,
    0,
  ]
}

/**
 * The state after a beginning that many texts share, so that it is hashed once.
 *
 * @param text a multiple of eight characters.
 * @throws {RangeError} for another length.
 */
export function sipBegin(key: SipKey, text: string): SipKey {
  if (text.length % 8 !== 0) throw new RangeError('A shared beginning has a multiple of eight characters.')
  run(key, text, begun)
  // Written out, so that the array is made in its final shape.
  return [begun[0]!, begun[1]!, begun[2]!, begun[3]!, begun[4]!, begun[5]!, begun[6]!, begun[7]!, begun[8]!]
}

/** The hash of an ASCII text, its high and low halves. */
export function sipHash(key: SipKey, text: string): { high: number; low: number } {
  run(key, text, result)
  return { high: result[1]! >>> 0, low: result[0]! >>> 0 }
}

/** Hold the outcome of one run; read before anything else can run. */
const result = new Int32Array(2)
const begun = new Int32Array(9)

/**
 * One loop with everything in local variables: state outside of the function would be boxed numbers, and the garbage of
 * a hash would cost more than the hash. The last pass is the finalization: four rounds and no message.
 *
 * @param out two elements: gets the finished hash; nine: gets the state after the whole blocks of the text.
 */
function run(key: SipKey, text: string, out: Int32Array): void {
  let v0l = key[0]!
  let v0h = key[1]!
  let v1l = key[2]!
  let v1h = key[3]!
  let v2l = key[4]!
  let v2h = key[5]!
  let v3l = key[6]!
  let v3h = key[7]!
  const length = text.length
  const blocks = length >> 3
  const passes = out.length === 2 ? blocks + 2 : blocks
  for (let block = 0; block < passes; block++) {
    let low = 0
    let high = 0
    let rounds = 2
    if (block < blocks) {
      const at = block << 3
      low =
        text.charCodeAt(at) |
        (text.charCodeAt(at + 1) << 8) |
        (text.charCodeAt(at + 2) << 16) |
        (text.charCodeAt(at + 3) << 24)
      high =
        text.charCodeAt(at + 4) |
        (text.charCodeAt(at + 5) << 8) |
        (text.charCodeAt(at + 6) << 16) |
        (text.charCodeAt(at + 7) << 24)
    } else if (block === blocks) {
      high = (key[8]! + length) << 24
      for (let at = blocks << 3, shift = 0; at < length; at++, shift += 8) {
        if (shift < 32) low |= text.charCodeAt(at) << shift
        else high |= text.charCodeAt(at) << (shift - 32)
      }
    } else {
      v2l ^= 0xff
      rounds = 4
    }
    v3l ^= low
    v3h ^= high
    for (let round = 0; round < rounds; round++) {
      // v0 += v1; v1 = rotl(v1, 13) ^ v0; v0 = rotl(v0, 32)
      let sum = (v0l + v1l) | 0
      v0h = (v0h + v1h + (sum >>> 0 < v0l >>> 0 ? 1 : 0)) | 0
      v0l = sum
      let kept = (v1l << 13) | (v1h >>> 19)
      v1h = ((v1h << 13) | (v1l >>> 19)) ^ v0h
      v1l = kept ^ v0l
      kept = v0l
      v0l = v0h
      v0h = kept
      // v2 += v3; v3 = rotl(v3, 16) ^ v2
      sum = (v2l + v3l) | 0
      v2h = (v2h + v3h + (sum >>> 0 < v2l >>> 0 ? 1 : 0)) | 0
      v2l = sum
      kept = (v3l << 16) | (v3h >>> 16)
      v3h = ((v3h << 16) | (v3l >>> 16)) ^ v2h
      v3l = kept ^ v2l
      // v0 += v3; v3 = rotl(v3, 21) ^ v0
      sum = (v0l + v3l) | 0
      v0h = (v0h + v3h + (sum >>> 0 < v0l >>> 0 ? 1 : 0)) | 0
      v0l = sum
      kept = (v3l << 21) | (v3h >>> 11)
      v3h = ((v3h << 21) | (v3l >>> 11)) ^ v0h
      v3l = kept ^ v0l
      // v2 += v1; v1 = rotl(v1, 17) ^ v2; v2 = rotl(v2, 32)
      sum = (v2l + v1l) | 0
      v2h = (v2h + v1h + (sum >>> 0 < v2l >>> 0 ? 1 : 0)) | 0
      v2l = sum
      kept = (v1l << 17) | (v1h >>> 15)
      v1h = ((v1h << 17) | (v1l >>> 15)) ^ v2h
      v1l = kept ^ v2l
      kept = v2l
      v2l = v2h
      v2h = kept
    }
    v0l ^= low
    v0h ^= high
  }
  if (out.length === 2) {
    out[0] = v0l ^ v1l ^ v2l ^ v3l
    out[1] = v0h ^ v1h ^ v2h ^ v3h
  } else {
    out[0] = v0l
    out[1] = v0h
    out[2] = v1l
    out[3] = v1h
    out[4] = v2l
    out[5] = v2h
    out[6] = v3l
    out[7] = v3h
    out[8] = key[8]! + (blocks << 3)
  }
}

/** The hash as 11 digits of base64url, the high half first; the last digit has its two low bits clear. */
export function sipHashText(key: SipKey, text: string): string {
  run(key, text, result)
  const high = result[1]!
  const low = result[0]!
  return (
    DIGIT_PAIRS[high >>> 20]! +
    DIGIT_PAIRS[(high >>> 8) & 4095]! +
    DIGIT_PAIRS[((high << 4) | (low >>> 28)) & 4095]! +
    DIGIT_PAIRS[(low >>> 16) & 4095]! +
    DIGIT_PAIRS[(low >>> 4) & 4095]! +
    DIGIT_PAIRS[(low & 15) << 8]![0]!
  )
}

/** Whether a signature is the hash of the text. */
export function sipVerifies(key: SipKey, text: string, signature: string): boolean {
  const hash = sipHashText(key, text)
  if (hash.length !== signature.length) return false
  // Without stopping at the first difference, so that the time taken tells nothing.
  let difference = 0
  for (let at = 0; at < hash.length; at++) difference |= hash.charCodeAt(at) ^ signature.charCodeAt(at)
  return difference === 0
}
