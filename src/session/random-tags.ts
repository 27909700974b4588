/**
 * Random 128-bit tags in base64url.
 *
 * @module
 */
import type { RandomPool } from './random-pool.ts'

const TAG_BYTES = 16

export class RandomTags {
  readonly #pool: RandomPool

  constructor(pool: RandomPool) {
    this.#pool = pool
  }

  /** 22 characters. */
  next(): string {
    return this.#pool.takeText(TAG_BYTES)
  }
}
