/**
 * A connection that is kept open for as long as the client likes: comments when nothing is sent, a limit for a reader
 * that takes nothing, and one call when it is over, for whatever reason.
 *
 * @module
 */
import type { Timer } from '../engine/platform.ts'
import { SSE_KEEP_ALIVE } from '../wire/sse.ts'
import type { EventSink } from './event-sink.ts'
import type { Replica } from './replica.ts'
import { KEEP_ALIVE_MS } from './request-stream.ts'

export interface PacedSinkOwner {
  /** The reader has caught up. */
  drained(): void
  /** The connection is over. Called once. */
  closed(): void
}

export class PacedSink {
  readonly #replica: Replica
  readonly #principal: string
  readonly #owner: PacedSinkOwner
  #sink: EventSink | undefined
  #blocked = false
  #stall: Timer | undefined
  #keepAlive: Timer | undefined
  #wroteAt: number

  constructor(replica: Replica, principal: string, sink: EventSink, owner: PacedSinkOwner) {
    this.#replica = replica
    this.#principal = principal
    this.#owner = owner
    this.#sink = sink
    this.#wroteAt = replica.platform.now()
    replica.streamOpened(principal)
    sink.onDrain = () => this.#drained()
    sink.onClose = () => this.#release()
    this.#keepAliveIn(KEEP_ALIVE_MS)
  }

  /** Whether nothing may be written now. */
  get blocked(): boolean {
    return this.#blocked
  }

  get open(): boolean {
    return this.#sink !== undefined
  }

  /** Writes text. The caller looks at {@link blocked} first. */
  write(text: string): void {
    if (this.#sink === undefined) return
    this.#wroteAt = this.#replica.platform.now()
    if (this.#sink.write(text)) return
    this.#blocked = true
    this.#stall = this.#replica.wheel.after(this.#replica.limits.stallMs, () => {
      this.#replica.counters.streamsStalled++
      this.destroy()
    })
  }

  end(text?: string): void {
    const sink = this.#sink
    this.#release()
    sink?.end(text)
  }

  destroy(): void {
    const sink = this.#sink
    this.#release()
    sink?.destroy()
  }

  #drained(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#stall?.cancel()
    this.#owner.drained()
  }

  /** One timer, which looks when it is due how long ago the last write was. */
  #keepAliveIn(ms: number): void {
    this.#keepAlive = this.#replica.wheel.after(ms, () => {
      const now = this.#replica.platform.now()
      if (now - this.#wroteAt >= KEEP_ALIVE_MS && !this.#blocked) {
        this.#replica.counters.keepAlives++
        this.write(SSE_KEEP_ALIVE)
      }
      const left = this.#wroteAt + KEEP_ALIVE_MS - now
      if (this.open) this.#keepAliveIn(left > 0 ? left : KEEP_ALIVE_MS)
    })
  }

  #release(): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#sink = undefined
    sink.onDrain = undefined
    sink.onClose = undefined
    this.#keepAlive?.cancel()
    this.#stall?.cancel()
    this.#replica.streamClosed(this.#principal)
    this.#owner.closed()
  }
}
