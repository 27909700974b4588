/**
 * The response stream of the modern era: the answer to one POST as SSE. It lives as long as its connection; there are no
 * event ids, and nobody comes back for it. Its end before its time is the cancellation of the request.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Receiving Messages" and "Cancellation"
 * @module
 */
import type { Timer } from '../engine/platform.ts'
import { SSE_KEEP_ALIVE, sseEvent } from '../wire/sse.ts'
import type { EventSink } from './event-sink.ts'
import type { Replica } from './replica.ts'
import { KEEP_ALIVE_MS } from './request-stream.ts'

/** Who sends on a stream, and hears about it. */
export interface StreamUser {
  /** The connection is gone before the stream was finished. */
  streamGone(): void
}

export class ResponseStream {
  readonly #replica: Replica
  readonly #principal: string
  readonly #user: StreamUser
  #sink: EventSink | undefined
  /** Events of this turn, or those that a slow reader has not taken yet. */
  #waiting = ''
  #flushing = false
  #blocked = false
  #finished = false
  #gone = false
  #wroteAt = 0
  #keepAlive: Timer | undefined
  #stall: Timer | undefined

  constructor(replica: Replica, principal: string, user: StreamUser) {
    this.#replica = replica
    this.#principal = principal
    this.#user = user
  }

  /** Gives the stream its connection. */
  attach(sink: EventSink): void {
    const replica = this.#replica
    if (this.#gone) {
      sink.destroy()
      return
    }
    this.#sink = sink
    replica.streamOpened(this.#principal)
    sink.onDrain = () => this.#drained()
    sink.onClose = () => this.#lost()
    const text = this.#take()
    if (this.#finished) {
      this.#close(text)
      return
    }
    // The head of a response leaves with its first bytes.
    this.#write(text === '' ? SSE_KEEP_ALIVE : text)
    this.#keepAliveIn(KEEP_ALIVE_MS)
  }

  /** Sends one message. */
  send(data: string): void {
    if (this.#finished || this.#gone) return
    const held = this.#blocked || this.#sink === undefined
    // Nobody can come back for what a window would keep, so a reader that is too slow for it is let go.
    if (held && this.#waiting.length > this.#replica.limits.windowBytes) {
      this.#overflow()
      return
    }
    this.#waiting += sseEvent(undefined, data)
    if (!held) this.#schedule()
  }

  /** Sends the last message, if there is one, and ends the stream. */
  finish(data: string | undefined): void {
    if (this.#finished || this.#gone) return
    this.#finished = true
    if (data !== undefined) this.#waiting += sseEvent(undefined, data)
    if (this.#sink === undefined || this.#blocked) return
    this.#close(this.#take())
  }

  /** Called by {@link Replica.turns}. */
  turnEnded(): void {
    this.#flushing = false
    if (this.#blocked || this.#sink === undefined) return
    const text = this.#take()
    if (text !== '') this.#write(text)
  }

  #take(): string {
    const text = this.#waiting
    this.#waiting = ''
    return text
  }

  #schedule(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#replica.turns.add(this)
  }

  #write(text: string): void {
    this.#wroteAt = this.#replica.platform.now()
    if (this.#sink!.write(text)) return
    this.#blocked = true
    this.#stall = this.#replica.wheel.after(this.#replica.limits.stallMs, () => this.#overflow())
  }

  #drained(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#stall?.cancel()
    const text = this.#take()
    if (this.#finished) {
      this.#close(text)
      return
    }
    if (text !== '') this.#write(text)
  }

  #keepAliveIn(ms: number): void {
    this.#keepAlive = this.#replica.wheel.after(ms, () => {
      if (this.#sink === undefined) return
      const now = this.#replica.platform.now()
      if (now - this.#wroteAt >= KEEP_ALIVE_MS && !this.#blocked) {
        this.#replica.counters.keepAlives++
        this.#write(SSE_KEEP_ALIVE)
      }
      this.#keepAliveIn(Math.max(1, this.#wroteAt + KEEP_ALIVE_MS - now))
    })
  }

  #overflow(): void {
    this.#replica.counters.streamsStalled++
    const sink = this.#sink
    this.#lost()
    sink?.destroy()
  }

  #close(text: string): void {
    const sink = this.#sink!
    this.#release()
    sink.end(text)
  }

  #lost(): void {
    if (this.#gone) return
    this.#gone = true
    this.#waiting = ''
    this.#release()
    if (!this.#finished) this.#user.streamGone()
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
  }
}
