/**
 * The calls of this process that wait for the client's retry: bounded in number, and each in time.
 *
 * @module
 */
import type { Timer } from '../engine/platform.ts'
import type { Replica } from '../session/replica.ts'
import type { InFlight } from '../session/session.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import type { Exchange } from './exchange.ts'

/** What can be done to a call from outside. */
export type Cancellable = Pick<InFlight, 'abort'>

/** A call that waits. */
export interface ParkedCall {
  /**
   * Takes the call up again in the exchange of a retry.
   *
   * @returns the call, where it goes on; `undefined` where the exchange has its answer already.
   * @throws {McpError} `request_state_invalid`, `request_state_spent`
   */
  take(exchange: Exchange, round: number, responses: JsonObject): Cancellable | undefined
  /** The wait is over, and nobody came. */
  expire(): void
}

interface Place {
  readonly parked: ParkedCall
  readonly principal: string
  readonly expiresAt: number
}

export class Parking {
  readonly #replica: Replica
  /** In the order in which they came. All wait for the same time, so that is the order in which they expire. */
  readonly #places = new Map<string, Place>()
  /**
   * One for all places, set for the oldest one: calls come and go by the thousand within the time that one may wait,
   * and each would leave a timer behind that lasts as long.
   */
  #timer: Timer | undefined

  constructor(replica: Replica) {
    this.#replica = replica
  }

  get size(): number {
    return this.#places.size
  }

  /** Why no further call of this principal may wait, if that is so. */
  refusal(principal: string): McpError | undefined {
    const { limits, usage, counters } = this.#replica
    const { parked, parkedPerPrincipal } = limits
    let message: string
    if (this.#places.size >= parked) message = `${parked} calls wait for their clients already (limits.parked).`
    else if (!usage.full(principal, 'parked', parkedPerPrincipal)) return undefined
    else message = `${parkedPerPrincipal} calls of this identity wait already (limits.parkedPerPrincipal).`
    counters.limitsHit++
    return new McpError('too_many_requests', message)
  }

  /** Gives a call a place until `expiresAt`, under an address that nobody can guess. */
  add(tag: string, parked: ParkedCall, principal: string, expiresAt: number): void {
    this.#places.set(tag, { parked, principal, expiresAt })
    this.#replica.usage.add(principal, 'parked')
    if (this.#timer === undefined) this.#wait(expiresAt)
  }

  find(tag: string): ParkedCall | undefined {
    return this.#places.get(tag)?.parked
  }

  remove(tag: string): void {
    const place = this.#places.get(tag)
    if (place !== undefined) this.#drop(tag, place)
  }

  #drop(tag: string, { principal }: Place): void {
    this.#places.delete(tag)
    this.#replica.usage.remove(principal, 'parked')
  }

  #wait(until: number): void {
    const { wheel, platform } = this.#replica
    this.#timer = wheel.after(Math.max(0, until - platform.now()), () => this.#expire())
  }

  #expire(): void {
    this.#timer = undefined
    const now = this.#replica.platform.now()
    const due: ParkedCall[] = []
    for (const [tag, place] of this.#places) {
      if (place.expiresAt > now) {
        this.#wait(place.expiresAt)
        break
      }
      this.#drop(tag, place)
      due.push(place.parked)
    }
    for (const parked of due) parked.expire()
  }
}
