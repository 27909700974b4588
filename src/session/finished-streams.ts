/**
 * What finished request streams keep for a resume: their window as text, in byte segments outside the heap. A server
 * finishes tens of thousands of streams a second, and as objects they would cost more in garbage collection than in
 * work.
 *
 * Oldest out: a segment goes as a whole when the bound is reached or when its newest stream is older than the window.
 *
 * @module
 */
import type { Timer } from '../engine/platform.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** The window of a finished stream. */
export interface FinishedStream {
  /** The sequence number of the first event in `text`. */
  readonly first: number
  /** Complete SSE events, one after the other. */
  readonly text: string
}

const SEGMENT_BYTES = 1024 * 1024

/** Per stream: call number (8), first sequence (4), length of the text (4). */
const HEADER_BYTES = 16

interface Segment {
  readonly serial: number
  readonly bytes: Uint8Array
  readonly view: DataView
  used: number
  newest: number
}

interface Place {
  readonly segment: Segment
  readonly offset: number
}

export class FinishedStreams {
  readonly #now: () => number
  readonly #wheel: TimerWheel
  readonly #maxBytes: number
  readonly #keepMs: number
  readonly #encoder = new TextEncoder()
  readonly #decoder = new TextDecoder()
  readonly #places = new Map<number, Place>()
  readonly #segments: Segment[] = []
  #bytes = 0
  #serials = 0
  #sweeper: Timer | undefined

  constructor(now: () => number, wheel: TimerWheel, maxBytes: number, keepMs: number) {
    this.#now = now
    this.#wheel = wheel
    this.#maxBytes = maxBytes
    this.#keepMs = keepMs
  }

  /** Bytes held now. */
  get bytes(): number {
    return this.#bytes
  }

  /** Streams held now. */
  get size(): number {
    return this.#places.size
  }

  put(call: number, first: number, text: string): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    const room = HEADER_BYTES + text.length * 3
    const segment = this.#segmentWith(room)
    if (segment === undefined) return
    const offset = segment.used
    const { written } = this.#encoder.encodeInto(text, segment.bytes.subarray(offset + HEADER_BYTES))
    segment.view.setFloat64(offset, call)
    segment.view.setUint32(offset + 8, first)
    segment.view.setUint32(offset + 12, written)
    segment.used = offset + HEADER_BYTES + written
    segment.newest = this.#now()
    this.#places.set(call, { segment, offset })
  }

  get(call: number): FinishedStream | undefined {
    const place = this.#places.get(call)
    if (place === undefined || this.#now() - place.segment.newest > this.#keepMs) return undefined
    const { segment, offset } = place
    const start = offset + HEADER_BYTES
    return {
      first: segment.view.getUint32(offset + 8),
      text: this.#decoder.decode(segment.bytes.subarray(start, start + segment.view.getUint32(offset + 12))),
    }
  }

  #segmentWith(room: number): Segment | undefined {
    const current = this.#segments.at(-1)
    if (current !== undefined && current.used + room <= current.bytes.length) return current
    const size = Math.max(SEGMENT_BYTES, room)
    if (size > this.#maxBytes) return undefined
    let reuse: Segment | undefined
    while (this.#bytes + size > this.#maxBytes) reuse = this.#dropOldest()
    const bytes = reuse?.bytes.length === size ? reuse.bytes : new Uint8Array(size)
    const segment = { serial: this.#serials++, bytes, view: new DataView(bytes.buffer), used: 0, newest: this.#now() }
    this.#segments.push(segment)
    this.#bytes += size
    this.#scheduleSweep()
    return segment
  }

  #dropOldest(): Segment {
    const segment = this.#segments.shift()!
    this.#bytes -= segment.bytes.length
    for (let at = 0; at < segment.used; at += HEADER_BYTES + segment.view.getUint32(at + 12)) {
      const call = segment.view.getFloat64(at)
      if (this.#places.get(call)?.segment === segment) this.#places.delete(call)
    }
    return segment
  }

  #scheduleSweep(): void {
    if (this.#sweeper !== undefined) return
    this.#sweeper = this.#wheel.after(this.#keepMs, () => {
      this.#sweeper = undefined
      while (this.#segments.length > 0 && this.#now() - this.#segments[0]!.newest > this.#keepMs) this.#dropOldest()
      if (this.#segments.length > 0) this.#scheduleSweep()
    })
  }
}
