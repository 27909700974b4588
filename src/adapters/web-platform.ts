/**
 * The platform port on web standards: every runtime with `fetch` handlers has them.
 *
 * @module
 */
import { type CryptoPort, NONCE_BYTES, type Platform } from '../engine/platform.ts'
import { encodeBase64url } from '../wire/base64url.ts'

/** AES-GCM tags are 16 bytes; WebCrypto appends them to the ciphertext, as the port wants it. */
const webCrypto: CryptoPort = {
  async deriveKey(secret, info, length) {
    const key = await crypto.subtle.importKey('raw', owned(secret), 'HKDF', false, ['deriveBits'])
    const parameters = { name: 'HKDF', hash: 'SHA-256', salt: new Uint8Array(0), info: new TextEncoder().encode(info) }
    return new Uint8Array(await crypto.subtle.deriveBits(parameters, key, length * 8))
  },
  async sha256(data) {
    return new Uint8Array(await crypto.subtle.digest('SHA-256', owned(data)))
  },
  async seal(key, nonce, data, associated) {
    const imported = await crypto.subtle.importKey('raw', owned(key), 'AES-GCM', false, ['encrypt'])
    const parameters = { name: 'AES-GCM', iv: owned(nonce), additionalData: owned(associated) }
    const body = new Uint8Array(await crypto.subtle.encrypt(parameters, imported, owned(data)))
    const sealed = new Uint8Array(nonce.length + body.length)
    sealed.set(nonce)
    sealed.set(body, nonce.length)
    return sealed
  },
  async open(key, sealed, associated) {
    const imported = await crypto.subtle.importKey('raw', owned(key), 'AES-GCM', false, ['decrypt'])
    const iv = owned(sealed.subarray(0, NONCE_BYTES))
    const parameters = { name: 'AES-GCM', iv, additionalData: owned(associated) }
    try {
      return new Uint8Array(await crypto.subtle.decrypt(parameters, imported, owned(sealed.subarray(NONCE_BYTES))))
    } catch {
      return undefined
    }
  },
}

/** WebCrypto takes no views of shared memory; the types say so, and ours never are. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>
}

const encoder = new TextEncoder()

interface Unref {
  unref?(): void
}

export const webPlatform: Platform = {
  now: () => Date.now(),
  setTimer(ms, run) {
    // A timer holds at most 2^31 - 1 ms, and would run at once beyond that.
    const handle = setTimeout(run, Math.min(ms, 0x7fffffff))
    if (typeof handle === 'object') (handle as Unref).unref?.()
    return { cancel: () => clearTimeout(handle) }
  },
  afterTurn: (run) => void setTimeout(run, 0),
  allocate: (length) => new Uint8Array(length),
  writeUtf8: (text, target, at) => encoder.encodeInto(text, target.subarray(at)).written,
  base64url: (bytes) => encodeBase64url(bytes),
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  crypto: webCrypto,
}
