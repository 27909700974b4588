/**
 * Randomness that comes back with its seed: every case has a generator of its own, made of the seed and its number, so
 * that it can be made again without the cases before it.
 */
export class Random {
  #a
  #b
  #c
  #d = 1

  /** @param {number} seed @param {number} [index] */
  constructor(seed, index = 0) {
    this.#a = seed | 0
    this.#b = (seed / 2 ** 32) | 0
    this.#c = Math.imul(index + 1, 0x9e3779b1)
    for (let round = 0; round < 12; round++) this.#next()
  }

  /** sfc32 (Chris Doty-Humphrey): fast, small, and good enough to choose cases. */
  #next() {
    const sum = (((this.#a + this.#b) | 0) + this.#d) | 0
    this.#d = (this.#d + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum
    this.#c |= 0
    return sum >>> 0
  }

  /** An integer from 0 to below `limit`. */
  below(limit) {
    return Math.floor((this.#next() / 2 ** 32) * limit)
  }

  /** An integer from `low` to `high`, both included. */
  between(low, high) {
    return low + this.below(high - low + 1)
  }

  chance(probability) {
    return this.#next() < probability * 2 ** 32
  }

  /** @template T @param {readonly T[]} list @returns {T} */
  pick(list) {
    return list[this.below(list.length)]
  }

  /** Picks a key of `{ key: weight }`. */
  weighted(weights) {
    let sum = 0
    for (const key in weights) sum += weights[key]
    let at = this.below(sum)
    for (const key in weights) {
      at -= weights[key]
      if (at < 0) return key
    }
    throw new Error('no weights')
  }

  /** Latin-1 text of any bytes. */
  bytes(length) {
    let text = ''
    for (let at = 0; at < length; at++) text += String.fromCharCode(this.below(256))
    return text
  }

  word(length = this.between(1, 12)) {
    let text = ''
    for (let at = 0; at < length; at++) text += 'abcdefghijklmnopqrstuvwxyz0123456789_-'[this.below(38)]
    return text
  }
}
