/**
 * A connection without a socket: it takes text as a peer of a chosen slowness would, and reads it as clients do.
 *
 * @module
 */
import { createParser } from 'eventsource-parser'
import type { EventSink } from '../../src/session/event-sink.ts'

export interface SeenEvent {
  readonly id: string | undefined
  readonly data: string
}

export class FakeSink implements EventSink {
  /** One element per write that left. */
  readonly writes: string[] = []
  /** How it is over: `end` cleanly, `destroy` broken, `cut` by the peer. */
  over: 'end' | 'destroy' | 'cut' | undefined
  /** Whether the peer is slower than the server: writes are taken, and answered with `false`. */
  slow = false
  onDrain: (() => void) | undefined
  onClose: (() => void) | undefined

  write(text: string): boolean {
    if (this.over !== undefined) throw new Error(`A write after ${this.over}: ${text}`)
    this.writes.push(text)
    return !this.slow
  }

  end(text?: string): void {
    if (this.over !== undefined) throw new Error(`An end after ${this.over}.`)
    if (text !== undefined && text !== '') this.writes.push(text)
    this.over = 'end'
  }

  destroy(): void {
    if (this.over !== undefined) throw new Error(`A reset after ${this.over}.`)
    this.over = 'destroy'
  }

  /** The peer has caught up. */
  drain(): void {
    this.slow = false
    this.onDrain?.()
  }

  /** The connection breaks; what was written last may never have arrived. */
  cut(): void {
    this.over = 'cut'
    this.onClose?.()
  }

  get text(): string {
    return this.writes.join('')
  }

  /** What a client has got, events with empty data included. */
  get events(): readonly SeenEvent[] {
    return readEvents(this.text).events
  }

  get retries(): readonly number[] {
    return readEvents(this.text).retries
  }

  get comments(): number {
    return readEvents(this.text).comments
  }

  /** The JSON-RPC messages among the events. */
  get messages(): readonly Message[] {
    return messagesOf(this.text)
  }
}

/** A JSON-RPC message as loosely as tests look at it. */
export interface Message {
  readonly id?: string | number
  readonly method?: string
  readonly params?: { readonly [name: string]: unknown }
  readonly result?: { readonly [name: string]: unknown }
  readonly error?: { readonly code: number; readonly message: string; readonly data?: unknown }
}

export function readEvents(text: string): { events: SeenEvent[]; retries: number[]; comments: number } {
  const events: SeenEvent[] = []
  const retries: number[] = []
  let comments = 0
  const parser = createParser({
    onEvent: ({ id, data }) => events.push({ id, data }),
    onRetry: (ms) => retries.push(ms),
    onComment: () => comments++,
    onError: (error) => {
      throw error
    },
  })
  parser.feed(text)
  return { events, retries, comments }
}

export function messagesOf(text: string): Message[] {
  return readEvents(text).events.flatMap(({ data }) => (data === '' ? [] : [JSON.parse(data) as Message]))
}
