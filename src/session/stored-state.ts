/**
 * How much sessions have set on this replica (subscriptions, log levels, values), per principal and in all: it stays for as
 * long as they may live, and sessions cost nothing to open. Nobody in particular (anonymous) has no account, only the
 * bound of all.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import type { Limits } from './limits.ts'
import { ANONYMOUS } from './principal.ts'
import type { SessionFacts } from './session-id.ts'

interface Stored {
  readonly principal: string
  readonly bytes: number
  readonly expiresAt: number
}

type Owner = Pick<SessionFacts, 'uid' | 'principal' | 'expiresAt'>

/** Expired entries that are looked for whenever one is added: more go than come. */
const SWEPT_AT_ONCE = 3

export class StoredState {
  readonly #platform: Pick<Platform, 'now'>
  readonly #limits: Pick<Limits, 'storedBytes' | 'storedBytesPerPrincipal'>
  /** By session, the oldest first. */
  readonly #sessions = new Map<string, Stored>()
  /** Absent: nothing. */
  readonly #principals = new Map<string, number>()
  #bytes = 0

  constructor(platform: Pick<Platform, 'now'>, limits: Pick<Limits, 'storedBytes' | 'storedBytesPerPrincipal'>) {
    this.#platform = platform
    this.#limits = limits
  }

  /** Of all sessions. */
  get bytes(): number {
    return this.#bytes
  }

  /** @throws {McpError} `too_many_requests` when this session may not keep so much more. What becomes less is never refused. */
  admit({ uid, principal }: Owner, bytes: number): void {
    const more = bytes - (this.#sessions.get(uid)?.bytes ?? 0)
    if (more <= 0) return
    if (this.#bytes + more > this.#limits.storedBytes) this.#sweep(Number.POSITIVE_INFINITY)
    const { storedBytes, storedBytesPerPrincipal } = this.#limits
    const own = this.#principals.get(principal) ?? 0
    if (principal !== ANONYMOUS && own + more > storedBytesPerPrincipal) {
      throw tooMuch('The sessions of one identity', storedBytesPerPrincipal, 'storedBytesPerPrincipal')
    }
    if (this.#bytes + more > storedBytes) {
      throw tooMuch('All sessions together', storedBytes, 'storedBytes')
    }
  }

  /** Notes what a session has set by now. */
  note({ uid, principal, expiresAt }: Owner, bytes: number): void {
    this.forget(uid)
    this.#sessions.set(uid, { principal, bytes, expiresAt })
    this.#add(principal, bytes)
    this.#sweep(SWEPT_AT_ONCE)
  }

  /** The session has ended. */
  forget(uid: string): void {
    const stored = this.#sessions.get(uid)
    if (stored === undefined) return
    this.#sessions.delete(uid)
    this.#add(stored.principal, -stored.bytes)
  }

  #add(principal: string, bytes: number): void {
    this.#bytes += bytes
    const own = (this.#principals.get(principal) ?? 0) + bytes
    if (own === 0) this.#principals.delete(principal)
    else this.#principals.set(principal, own)
  }

  /** Forgets up to `most` sessions that have expired, of which nothing tells. */
  #sweep(most: number): void {
    const now = this.#platform.now()
    let looked = 0
    for (const [uid, { expiresAt }] of this.#sessions) {
      if (looked++ >= most) return
      if (expiresAt <= now) this.forget(uid)
    }
  }
}

function tooMuch(who: string, bytes: number, limit: string): McpError {
  return new McpError('too_many_requests', `${who} may keep ${bytes} bytes (limits.${limit}).`)
}
