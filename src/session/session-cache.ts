/**
 * Opened sessions by their id, in two generations: new and used ones are in the young one; when that is full it becomes
 * the old one, and what is left in the old one before it is forgotten. Busy sessions move along, because their object is
 * the one that calls and streams hold on to.
 *
 * @module
 */
import type { Session } from './session.ts'

export class SessionCache {
  readonly #half: number
  #young = new Map<string, Session>()
  #old = new Map<string, Session>()
  readonly #byUid = new Map<string, Session>()

  /** @param capacity sessions that are kept at most, busy ones aside. */
  constructor(capacity: number) {
    this.#half = Math.max(1, Math.floor(capacity / 2))
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(token: string): Session | undefined {
    return this.#young.get(token) ?? this.#promote(token)
  }

  /** The same session by its uid, for news about it. */
  byUid(uid: string): Session | undefined {
    return this.#byUid.get(uid)
  }

  add(session: Session): void {
    if (this.#young.size >= this.#half) this.#turn()
    this.#young.set(session.token, session)
    this.#byUid.set(session.facts.uid, session)
  }

  #promote(token: string): Session | undefined {
    const session = this.#old.get(token)
    if (session === undefined) return undefined
    this.#old.delete(token)
    if (this.#young.size >= this.#half) this.#turn()
    this.#young.set(token, session)
    return session
  }

  #turn(): void {
    const leaving = this.#old
    this.#old = this.#young
    this.#young = new Map()
    for (const [token, session] of leaving) {
      if (session.busy) this.#young.set(token, session)
      else this.#byUid.delete(session.facts.uid)
    }
  }
}
