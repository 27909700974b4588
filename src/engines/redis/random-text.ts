/**
 * Random text for what must never come twice: versions, lives of logs, tags.
 *
 * @module
 */
import type { Platform } from '../../engine/platform.ts'
import { TAGS } from './place.ts'

const DIGITS = '0123456789abcdefghijklmnopqrstuvwxyz'

/** 12 digits of base 36 are 62 bits: lives are compared within one log only. */
const LIFE_DIGITS = 12

export class RandomText {
  readonly #randomBytes: Platform['randomBytes']

  constructor(platform: Pick<Platform, 'randomBytes'>) {
    this.#randomBytes = (length) => platform.randomBytes(length)
  }

  /** 128 bits. */
  next(): string {
    return Array.from(this.#randomBytes(16), (byte) => byte.toString(16).padStart(2, '0')).join('')
  }

  /** For the life of a log: digits and small letters. */
  life(): string {
    // 36 does not divide 256, which costs a fraction of a bit per digit.
    return Array.from(this.#randomBytes(LIFE_DIGITS), (byte) => DIGITS[byte % DIGITS.length]).join('')
  }

  /** 31 bits, as a decimal number. */
  tag(): string {
    const [a, b, c, d] = this.#randomBytes(4)
    return String((((a! << 24) | (b! << 16) | (c! << 8) | d!) >>> 0) % TAGS)
  }
}
