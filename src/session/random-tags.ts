/**
 * Random 128-bit tags in base64url, cut from a pool: one call to the random source serves many asks and sessions.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'
import { encodeBase64url } from '../wire/base64url.ts'

const TAG_BYTES = 16
const POOL_BYTES = TAG_BYTES * 256

export class RandomTags {
  readonly #platform: Pick<Platform, 'randomBytes'>
  #pool: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(platform: Pick<Platform, 'randomBytes'>) {
    this.#platform = platform
  }

  /** 22 characters. */
  next(): string {
    if (this.#at + TAG_BYTES > this.#pool.length) {
      this.#pool = this.#platform.randomBytes(POOL_BYTES)
      this.#at = 0
    }
    const tag = encodeBase64url(this.#pool.subarray(this.#at, this.#at + TAG_BYTES))
    this.#pool.fill(0, this.#at, this.#at + TAG_BYTES)
    this.#at += TAG_BYTES
    return tag
  }
}
