/**
 * What each principal holds in this process, so that one that opens many sessions, or none, can't take what is meant for
 * all. Nobody in particular (anonymous) has no account: strangers share nothing but the bounds of the process.
 *
 * @module
 */
import { ANONYMOUS } from './principal.ts'

/** What is counted: calls in flight, open SSE connections, questions to clients, calls that wait for a retry. */
export type Held = 'calls' | 'streams' | 'asks' | 'parked'

type Account = Record<Held, number>

export class Usage {
  /** Absent: holds nothing. */
  readonly #accounts = new Map<string, Account>()

  /** Principals that hold something. */
  get size(): number {
    return this.#accounts.size
  }

  /** Whether a principal holds as much as it may. */
  full(principal: string, what: Held, limit: number): boolean {
    const account = this.#accounts.get(principal)
    return account !== undefined && account[what] >= limit
  }

  add(principal: string, what: Held): void {
    if (principal === ANONYMOUS) return
    const account = this.#accounts.get(principal)
    if (account === undefined) this.#accounts.set(principal, { calls: 0, streams: 0, asks: 0, parked: 0, [what]: 1 })
    else account[what]++
  }

  remove(principal: string, what: Held): void {
    const account = this.#accounts.get(principal)
    if (account === undefined) return
    account[what]--
    if (account.calls + account.streams + account.asks + account.parked === 0) this.#accounts.delete(principal)
  }
}
