/**
 * Random bytes in small pieces: one call to the random source serves hundreds of ids and nonces.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'
import { encodeBase64url } from '../wire/base64url.ts'

const POOL_BYTES = 8192

export class RandomPool {
  readonly #platform: Pick<Platform, 'randomBytes'>
  #pool: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(platform: Pick<Platform, 'randomBytes'>) {
    this.#platform = platform
  }

  /** At most 8,192 bytes, handed out once. */
  take(length: number): Uint8Array {
    const from = this.#claim(length)
    return this.#pool.subarray(from, from + length)
  }

  /** The same as base64url. */
  takeText(length: number): string {
    const from = this.#claim(length)
    return encodeBase64url(this.#pool, from, from + length)
  }

  #claim(length: number): number {
    if (this.#at + length > this.#pool.length) {
      // A new pool each time: pieces of the one before may still be in use.
      this.#pool = this.#platform.randomBytes(POOL_BYTES)
      this.#at = 0
    }
    const from = this.#at
    this.#at += length
    return from
  }
}
