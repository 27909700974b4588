/**
 * Verified tokens by the header that brought them: the steady cost of authentication is one look-up here.
 *
 * In two generations: what is used moves to the young one; when that is full it becomes the old one, and what is left
 * in the old one before it is forgotten. Only verified tokens get in, so nobody fills it but who has them.
 *
 * The key is the end of the header: of a signature or of a random text, it is as good as the whole, and hashed in a
 * fraction of the time. The whole is compared afterwards.
 *
 * @module
 */
import type { Admitted } from './authenticator.ts'

/** Tokens kept at most, and their characters: some identity providers put every group of a person into the token. */
const MAX_ENTRIES = 10_000
const MAX_CHARS = 16 * 1024 * 1024

const KEY_CHARS = 32

interface Entry extends VerifiedToken {
  readonly header: string
}

export interface VerifiedToken {
  readonly admitted: Admitted
  /** Milliseconds since 1970: from then on the token is verified anew. */
  readonly until: number
}

export class VerifiedTokens {
  readonly #maxEntries: number
  readonly #maxChars: number
  #young = new Map<string, Entry>()
  #old = new Map<string, Entry>()
  #youngChars = 0

  constructor(maxEntries: number = MAX_ENTRIES, maxChars: number = MAX_CHARS) {
    this.#maxEntries = maxEntries
    this.#maxChars = maxChars
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(header: string, now: number): Admitted | undefined {
    const key = header.slice(-KEY_CHARS)
    const known = this.#young.get(key) ?? this.#promote(key)
    if (known === undefined || known.header !== header) return undefined
    if (known.until > now) return known.admitted
    if (this.#young.delete(key)) this.#youngChars -= header.length
    return undefined
  }

  add(header: string, token: VerifiedToken): void {
    this.#put(header.slice(-KEY_CHARS), { header, ...token })
  }

  #put(key: string, entry: Entry): void {
    this.#old.delete(key)
    const before = this.#young.get(key)
    if (before !== undefined) this.#youngChars -= before.header.length
    else if (this.#young.size >= this.#maxEntries / 2 || this.#youngChars >= this.#maxChars / 2) {
      this.#old = this.#young
      this.#young = new Map()
      this.#youngChars = 0
    }
    this.#young.set(key, entry)
    this.#youngChars += entry.header.length
  }

  #promote(key: string): Entry | undefined {
    const entry = this.#old.get(key)
    if (entry !== undefined) this.#put(key, entry)
    return entry
  }
}
