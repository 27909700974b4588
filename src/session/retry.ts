/**
 * How long clients shall wait before they come back, spread out so that a restart is not answered by a stampede.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'

/** Official clients try twice and then give up; two waits of this length outlast the restart of a process. */
const FASTEST_MS = 1_500
const SLOWEST_MS = 4_000

/** What a session stream that gave way to a newer one is told: its client should not take the place back. */
export const REPLACED_RETRY_MS = 60_000

export class RetryTimes {
  readonly #platform: Pick<Platform, 'randomBytes'>
  #pool: Uint8Array = new Uint8Array(0)
  #at = 0

  constructor(platform: Pick<Platform, 'randomBytes'>) {
    this.#platform = platform
  }

  /** Milliseconds between 1,500 and 4,000. */
  next(): number {
    if (this.#at >= this.#pool.length) {
      this.#pool = this.#platform.randomBytes(1024)
      this.#at = 0
    }
    return FASTEST_MS + Math.floor((this.#pool[this.#at++]! / 256) * (SLOWEST_MS - FASTEST_MS))
  }
}
