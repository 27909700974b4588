/**
 * What the edge gives to everything below it: time, timers, randomness and cryptography. No other code reads a global
 * clock or a global random source, so that a test or a simulation can own them all.
 *
 * @module
 */

/** A value now, or a promise of it: WebCrypto answers later, `node:crypto` at once. */
export type MaybePromise<T> = T | Promise<T>

export interface Timer {
  /** Stops the timer; harmless once it has run. */
  cancel(): void
}

/** Cryptography as a small port. */
export interface CryptoPort {
  /** HKDF-SHA-256 (RFC 5869). */
  deriveKey(secret: Uint8Array, info: string, length: number): MaybePromise<Uint8Array>
  sha256(data: Uint8Array): MaybePromise<Uint8Array>
  /** AES-256-GCM: returns the nonce, the ciphertext and the 16-byte tag, one after the other. */
  seal(key: Uint8Array, nonce: Uint8Array, data: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array>
  /** The reverse; `undefined` when anything was altered. */
  open(key: Uint8Array, sealed: Uint8Array, associated: Uint8Array): MaybePromise<Uint8Array | undefined>
}

/** AES-GCM's nonce and tag. */
export const NONCE_BYTES = 12
export const TAG_BYTES = 16

/** The port itself. */
export interface Platform {
  /** Milliseconds since 1970. */
  now(): number
  /** Runs `run` once, `ms` milliseconds from now. A pending timer does not keep the process alive. */
  setTimer(ms: number, run: () => void): Timer
  /** Runs `run` when the current turn of the event loop is over: what was sent within one turn leaves in one write. */
  afterTurn(run: () => void): void
  /** Bytes outside the heap, which {@link writeUtf8} writes to. They may hold anything at first. */
  allocate(length: number): Uint8Array
  /** Writes text as UTF-8 into `target` from `at` on, where it fits for certain. Returns the bytes written. */
  writeUtf8(text: string, target: Uint8Array, at: number): number
  /** base64url without padding. */
  base64url(bytes: Uint8Array): string
  /** Cryptographically secure. */
  randomBytes(length: number): Uint8Array
  readonly crypto: CryptoPort
}
