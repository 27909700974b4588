/**
 * How fast one client may send requests: a token bucket for each, in this process. Replicas ask nobody: each gives out
 * its share of the rate, by the number of those that are alive, because a load balancer spreads a client over all.
 *
 * @module
 */
import { type AuthRequest, anyCase } from '../auth/authenticate.ts'
import type { Admitted } from '../auth/authenticator.ts'
import type { Identity } from '../session/principal.ts'
import { McpError } from '../wire/errors.ts'

export interface RateOptions {
  /** Requests a second on average: every POST, GET and DELETE counts, whatever its outcome. */
  readonly requests: number
  /** How many may come at once after a rest. Default: four seconds' worth, because clients begin with several. */
  readonly burst?: number
  /** Bytes of request bodies a second on average, and four times as many at once. Default: no bound. */
  readonly bytes?: number
  /**
   * Whose rate a request counts against; `undefined`: nobody's. Default: the identity; for anonymous requests the address
   * of the connection, which behind a proxy is the proxy's.
   */
  readonly by?: (request: AuthRequest, identity: Identity | undefined) => string | undefined
}

/** What has not been used up, and since when it refills. */
interface Bucket {
  requests: number
  bytes: number
  at: number
}

/** How many seconds' worth may come at once. */
const BURST_SECONDS = 4

/** Buckets in a generation, of which two are kept. A client that comes back after that many others begins anew. */
const GENERATION = 10_000

export class RateLimit {
  readonly #options: RateOptions
  readonly #now: () => number
  readonly #replicas: () => number
  #young = new Map<string, Bucket>()
  #old = new Map<string, Bucket>()

  /** @param replicas how many processes serve, this one included. */
  constructor(options: RateOptions, now: () => number, replicas: () => number) {
    this.#options = options
    this.#now = now
    this.#replicas = replicas
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#young.size + this.#old.size
  }

  /** Takes one request from the client's budget. @returns the seconds to wait, where it has none left. */
  take(request: AuthRequest, admitted: Admitted): number | undefined {
    const key = this.#keyOf(request, admitted)
    if (key === undefined) return undefined
    const replicas = this.#replicas()
    const bucket = this.#bucket(key, replicas)
    const { requests, bytes } = this.#options
    if (bucket.requests < 1) return secondsUntil(1 - bucket.requests, requests / replicas)
    if (bytes !== undefined && bucket.bytes <= 0) return secondsUntil(1 - bucket.bytes, bytes / replicas)
    bucket.requests--
    return undefined
  }

  /** Takes a body that has been read. One may be larger than what is left: the next request pays for it. */
  charge(request: AuthRequest, admitted: Admitted, bytes: number): void {
    if (this.#options.bytes === undefined) return
    const key = this.#keyOf(request, admitted)
    if (key !== undefined) this.#bucket(key, this.#replicas()).bytes -= bytes
  }

  #keyOf(request: AuthRequest, { identity, principal }: Admitted): string | undefined {
    const { by } = this.#options
    if (by !== undefined) return by(anyCase(request), identity)
    // An address can't be taken for a principal: those have no dots and no colons.
    return identity === undefined ? request.address?.() : principal
  }

  #bucket(key: string, replicas: number): Bucket {
    const now = this.#now()
    const { requests, burst = requests * BURST_SECONDS, bytes = 0 } = this.#options
    const most = Math.max(1, burst / replicas)
    const mostBytes = (bytes * BURST_SECONDS) / replicas
    let bucket = this.#young.get(key)
    if (bucket === undefined) {
      bucket = this.#old.get(key) ?? { requests: most, bytes: mostBytes, at: now }
      this.#young.set(key, bucket)
      this.#old.delete(key)
      if (this.#young.size > GENERATION) {
        this.#old = this.#young
        this.#young = new Map()
      }
    }
    const seconds = Math.max(0, now - bucket.at) / 1_000
    bucket.requests = Math.min(most, bucket.requests + (seconds * requests) / replicas)
    bucket.bytes = Math.min(mostBytes, bucket.bytes + (seconds * bytes) / replicas)
    bucket.at = now
    return bucket
  }
}

function secondsUntil(missing: number, perSecond: number): number {
  return Math.max(1, Math.ceil(missing / perSecond))
}

/** @throws {TypeError} for a rate that makes no sense. */
export function checkRate(rate: RateOptions): void {
  const known = ['requests', 'burst', 'bytes', 'by']
  const unknown = Object.keys(rate).find((name) => !known.includes(name))
  if (unknown !== undefined) throw new TypeError(`Unknown option "rate.${unknown}". It has ${known.join(', ')}.`)
  for (const name of ['requests', 'burst', 'bytes'] as const) {
    const value = rate[name]
    if (value === undefined && name !== 'requests') continue
    if (!(typeof value === 'number' && value > 0)) {
      throw new TypeError(`rate.${name} must be a positive number; got ${String(value)}.`)
    }
  }
  if (rate.by !== undefined && typeof rate.by !== 'function') throw new TypeError('rate.by must be a function.')
}

export function rateExceeded(): McpError {
  return new McpError('too_many_requests', 'Too many requests in too short a time (rate).')
}
