/**
 * The `requestState` of a parked call: the place where it waits, signed.
 *
 *     p1.<replica>.<tag>.<round>.<expiry>.<key id>.<signature>
 *
 * Nothing in it has to be hidden, and its tag can not be guessed. What it is bound to is signed with it (principal, method,
 * version of the handler, name of the server), or is compared by the call that it leads to (the arguments). Sealing the
 * same would cost as much as the rest of the round.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr, "Server Requirements"
 * @module
 */
import type { Replica } from '../session/replica.ts'
import { invalidState, type Origin } from './request-state.ts'

export interface ParkedAddress {
  readonly replica: string
  readonly tag: string
  /** Questions asked so far, in rounds. */
  readonly round: number
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

const FORMAT = 'p1'

/** The hash takes one byte for each character, so no others than these may come to it. */
const ADDRESS = /^(p1\.([\w-]{22})\.([\w-]{22})\.(\d)\.([0-9a-z]{1,11}))\.([\w-]{6})\.([\w-]{11})$/

/** Whether a state leads to a parked call, if it leads anywhere. */
export function isAddress(state: unknown): state is string {
  return typeof state === 'string' && state.startsWith(`${FORMAT}.`)
}

export function writeAddress({ ring }: Replica, origin: Origin, address: ParkedAddress): string {
  const { replica, tag, round, expiresAt } = address
  const place = `${FORMAT}.${replica}.${tag}.${round}.${expiresAt.toString(36)}`
  const { keyId, signature } = ring.sign(bound(place, origin))
  return `${place}.${keyId}.${signature}`
}

/** @throws {McpError} `request_state_invalid` for what was not given for a request like this, or has expired. */
export function readAddress({ ring, platform }: Replica, origin: Origin, state: string): ParkedAddress {
  const [, place, replica, tag, round, expiry, keyId, signature] = ADDRESS.exec(state) ?? []
  if (place === undefined || !ring.hasSigned(bound(place, origin), keyId!, signature!)) throw invalidState()
  const expiresAt = Number.parseInt(expiry!, 36)
  if (expiresAt <= platform.now()) throw invalidState()
  return { replica: replica!, tag: tag!, round: Number(round), expiresAt }
}

/** The principal is a hash and the method is one of three, so no part can be taken for another. */
function bound(place: string, { principal, method, version }: Origin): string {
  return `${place}\0${principal}\0${method}\0${version}`
}
