/**
 * The platform port on Node: synchronous cryptography, and `setImmediate` as the end of a turn.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomFillSync } from 'node:crypto'
import { type CryptoPort, NONCE_BYTES, type Platform, TAG_BYTES } from '../engine/platform.ts'

const nodeCrypto: CryptoPort = {
  deriveKey: (secret, info, length) => new Uint8Array(hkdfSync('sha256', secret, '', info, length)),
  sha256: (data) => createHash('sha256').update(data).digest(),
  seal(key, nonce, data, associated) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(associated)
    const body = cipher.update(data)
    // GCM is a stream: `final` only makes the tag.
    cipher.final()
    return Buffer.concat([nonce, body, cipher.getAuthTag()])
  },
  open(key, sealed, associated) {
    const split = sealed.length - TAG_BYTES
    if (split < NONCE_BYTES) return undefined
    const nonce = sealed.subarray(0, NONCE_BYTES)
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(associated)
    decipher.setAuthTag(sealed.subarray(split))
    try {
      const data = decipher.update(sealed.subarray(NONCE_BYTES, split))
      decipher.final()
      return data
    } catch {
      return undefined
    }
  },
}

export const nodePlatform: Platform = {
  now: () => Date.now(),
  setTimer(ms, run) {
    const handle = setTimeout(run, Math.min(ms, 0x7fffffff)).unref()
    return { cancel: () => clearTimeout(handle) }
  },
  afterTurn: (run) => void setImmediate(run),
  allocate: (length) => Buffer.allocUnsafeSlow(length),
  writeUtf8: (text, target, at) => (target as Buffer).write(text, at),
  base64url: (bytes) => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64url'),
  randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  crypto: nodeCrypto,
}
