/**
 * The platform port on Node: synchronous cryptography, and `setImmediate` as the end of a turn.
 *
 * @module
 */
import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomFillSync } from 'node:crypto'
import type { CryptoPort, Platform } from '../engine/platform.ts'

const TAG_BYTES = 16

const nodeCrypto: CryptoPort = {
  deriveKey: (secret, info, length) => new Uint8Array(hkdfSync('sha256', secret, '', info, length)),
  sha256: (data) => createHash('sha256').update(data).digest(),
  seal(key, nonce, data, associated) {
    const cipher = createCipheriv('aes-256-gcm', key, nonce)
    cipher.setAAD(associated)
    return Buffer.concat([cipher.update(data), cipher.final(), cipher.getAuthTag()])
  },
  open(key, nonce, sealed, associated) {
    if (sealed.length < TAG_BYTES) return undefined
    const split = sealed.length - TAG_BYTES
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(associated)
    decipher.setAuthTag(sealed.subarray(split))
    try {
      return Buffer.concat([decipher.update(sealed.subarray(0, split)), decipher.final()])
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
  randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  crypto: nodeCrypto,
}
