/**
 * One serving process: the services that sessions, streams and calls share in it. A plain record, made once at the
 * edge; what it holds of a client is only what is in flight.
 *
 * @module
 */
import type { Store } from '../engine/engine.ts'
import type { Platform } from '../engine/platform.ts'
import { CancelMarkers } from './cancel-markers.ts'
import { Counters } from './counters.ts'
import { requestEventBegin } from './event-id.ts'
import { FinishedStreams } from './finished-streams.ts'
import type { KeyRing } from './key-ring.ts'
import type { Limits } from './limits.ts'
import type { Peers } from './peers.ts'
import { RandomPool } from './random-pool.ts'
import { RandomTags } from './random-tags.ts'
import type { RequestStream } from './request-stream.ts'
import { RetryTimes } from './retry.ts'
import type { InFlight } from './session.ts'
import { TimerWheel } from './timer-wheel.ts'
import { Turns } from './turns.ts'
import { Usage } from './usage.ts'

/** Where errors go that no client may see. */
export type ReportError = (thrown: unknown, where: string) => void

export class Replica {
  /** 128 random bits per boot: the address that event ids and ask ids carry. Another one after {@link takeNewId}. */
  id: string
  /** What the event ids of this replica's request streams begin with. */
  eventBegin: string
  readonly platform: Platform
  readonly store: Store
  readonly ring: KeyRing
  readonly limits: Limits
  readonly report: ReportError
  readonly wheel: TimerWheel
  readonly turns: Turns
  readonly tags: RandomTags
  readonly retry: RetryTimes
  readonly counters: Counters = new Counters()
  readonly finished: FinishedStreams
  readonly cancelled: CancelMarkers
  /** Open request streams by call number. */
  readonly streams: Map<number, RequestStream> = new Map()
  /** Calls being handled. */
  readonly calls: Set<InFlight> = new Set()
  /** What connects this replica with others; `undefined` where nothing is shared. */
  peers: Peers | undefined
  openStreams = 0
  readonly usage: Usage = new Usage()
  /** Until others know this process by its {@link takeNewId new id}, no question may go out that is answered to it. */
  entering: Promise<void> | undefined
  /** Set when the process is about to leave: no new work should be sent here. */
  leaving = false
  /** Set a moment later: what would last is not accepted any more. */
  draining = false
  #calls = 0
  readonly #formerIds = new Set<string>()

  constructor(options: {
    readonly platform: Platform
    readonly store: Store
    readonly ring: KeyRing
    readonly limits: Limits
    readonly report: ReportError
  }) {
    this.platform = options.platform
    this.store = options.store
    this.ring = options.ring
    this.limits = options.limits
    this.report = options.report
    this.wheel = new TimerWheel(options.platform)
    this.turns = new Turns(options.platform)
    this.tags = new RandomTags(new RandomPool(options.platform))
    this.retry = new RetryTimes(options.platform)
    this.id = this.tags.next()
    this.eventBegin = requestEventBegin(this.id)
    this.cancelled = new CancelMarkers(() => options.platform.now())
    this.finished = new FinishedStreams(
      options.platform,
      this.wheel,
      options.limits.finishedBytes,
      options.limits.windowMs,
    )
  }

  /** Whether an id is, or once was, the one of this process. */
  isOwn(id: string): boolean {
    return id === this.id || this.#formerIds.has(id)
  }

  /** The others have taken this process for dead: what it begins from now on has another address. */
  takeNewId(): void {
    this.#formerIds.add(this.id)
    this.id = this.tags.next()
    this.eventBegin = requestEventBegin(this.id)
  }

  /** An SSE connection was opened, or has ended. */
  streamOpened(principal: string): void {
    this.openStreams++
    this.usage.add(principal, 'streams')
    this.counters.streamsOpened++
  }

  streamClosed(principal: string): void {
    this.openStreams--
    this.usage.remove(principal, 'streams')
  }

  /** Numbers calls, for ids that must not repeat within a process. */
  nextCall(): number {
    return ++this.#calls
  }
}
