/**
 * Opened sessions by their id, in two generations: new and used ones are in the young one; when that is full it becomes
 * the old one, and what is left in the old one before it is forgotten. Busy sessions move along, because their object is
 * the one that calls and streams hold on to.
 *
 * The key is the end of the id, which is its authentication tag: as good as the whole, and hashed in a tenth of the
 * time. The whole is compared afterwards.
 *
 * @module
 */
import type { Session } from './session.ts'

/** 16 bytes of tag in base64url. */
const KEY_CHARS = 22

export class SessionCache {
  readonly #half: number
  /** When the young generation is full: room for half of the capacity besides the busy sessions that moved along. */
  #full: number
  #young = new Map<string, Session>()
  #old = new Map<string, Session>()

  /** @param capacity sessions that are kept at most, busy ones aside. */
  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2))
    this.#full = this.#half
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(token: string): Session | undefined {
    const key = token.slice(-KEY_CHARS)
    const session = this.#young.get(key) ?? this.#promote(key)
    return session?.token === token ? session : undefined
  }

  /** The same session by its uid. Looks at all of them: news about a session from elsewhere are rare. */
  byUid(uid: string): Session | undefined {
    for (const generation of [this.#young, this.#old]) {
      for (const session of generation.values()) if (session.facts.uid === uid) return session
    }
    return undefined
  }

  *values(): Iterable<Session> {
    for (const generation of [this.#young, this.#old]) yield* generation.values()
  }

  add(session: Session): void {
    if (this.#young.size >= this.#full) this.#turn()
    this.#young.set(session.token.slice(-KEY_CHARS), session)
  }

  #promote(key: string): Session | undefined {
    const session = this.#old.get(key)
    if (session === undefined) return undefined
    this.#old.delete(key)
    if (this.#young.size >= this.#full) this.#turn()
    this.#young.set(key, session)
    return session
  }

  #turn(): void {
    const leaving = this.#old
    this.#old = this.#young
    this.#young = new Map()
    for (const [key, session] of leaving) if (session.busy) this.#young.set(key, session)
    this.#full = this.#half + this.#young.size
  }
}
