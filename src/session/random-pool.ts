/**
 * Random bytes in small pieces: one call to the random source serves hundreds of ids and nonces.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'

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
    if (this.#at + length > this.#pool.length) {
      // A new pool each time: pieces of the one before may still be in use.
      this.#pool = this.#platform.randomBytes(POOL_BYTES)
      this.#at = 0
    }
    const piece = this.#pool.subarray(this.#at, this.#at + length)
    this.#at += length
    return piece
  }
}
