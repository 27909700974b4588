/**
 * What finished request streams keep for a resume: their window as text, in byte segments outside the heap. A server
 * finishes tens of thousands of streams a second, and as objects they would cost more in garbage collection than in
 * work. The index is typed arrays for the same reason.
 *
 * Oldest out: a segment goes as a whole when the bound is reached or when its newest stream is older than the window.
 *
 * @module
 */
import type { Platform, Timer } from '../engine/platform.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** The window of a finished stream. */
export interface FinishedStream {
  /** The sequence number of the first event that is held. */
  readonly first: number
  /** Complete SSE events, one after the other; or, of a stream that is `bare`, the data of its final event. */
  readonly text: string
  /**
   * Only the answer was kept: nothing else that matters was ever sent, and the event around it can be made again. Most
   * streams are like that, and take a third of the room.
   */
  readonly bare: boolean
}

const SEGMENT_BYTES = 1024 * 1024

/** Under a small bound segments are shorter: with one or two of them, everything would go at once. */
const FEWEST_SEGMENTS = 4

/** In front of each text: the first sequence number and whether it is bare (4 bytes), the length of the text (4 bytes). */
const HEADER_BYTES = 8
const BARE = 0x80000000

interface Segment {
  readonly serial: number
  readonly bytes: Uint8Array
  readonly view: DataView
  used: number
  newest: number
}

/** Slots to begin with; doubled while there are more streams than slots. */
const FIRST_SLOTS = 1024

export class FinishedStreams {
  readonly #platform: Pick<Platform, 'now' | 'allocate' | 'writeUtf8'>
  readonly #wheel: TimerWheel
  readonly #maxBytes: number
  readonly #usualBytes: number
  readonly #keepMs: number
  readonly #decoder = new TextDecoder()
  readonly #segments: Segment[] = []
  #segmentBytes = 0
  #serials = 1
  #size = 0
  /**
   * The index, by the low bits of the call number: neighbours in time never share a slot. A slot whose segment is gone
   * counts as free. Should an old call end so late that its slot is taken, the newer stream in it is forgotten.
   */
  #slots = FIRST_SLOTS
  #calls = new Float64Array(FIRST_SLOTS)
  #serialsOf = new Float64Array(FIRST_SLOTS)
  #offsets = new Int32Array(FIRST_SLOTS)
  #sweeper: Timer | undefined

  constructor(
    platform: Pick<Platform, 'now' | 'allocate' | 'writeUtf8'>,
    wheel: TimerWheel,
    maxBytes: number,
    keepMs: number,
  ) {
    this.#platform = platform
    this.#wheel = wheel
    this.#maxBytes = maxBytes
    this.#usualBytes = Math.min(SEGMENT_BYTES, Math.floor(maxBytes / FEWEST_SEGMENTS))
    this.#keepMs = keepMs
  }

  /** Bytes held now, the index included. */
  get bytes(): number {
    return this.#segmentBytes + this.#slots * 20
  }

  /** Streams put since the oldest segment began. */
  get size(): number {
    return this.#size
  }

  put(call: number, first: number, text: string, bare: boolean): void {
    // A UTF-16 unit takes at most three bytes of UTF-8.
    const room = HEADER_BYTES + text.length * 3
    const current = this.#segments.at(-1)
    const segment =
      current !== undefined && current.used + room <= current.bytes.length ? current : this.#addSegment(room)
    if (segment === undefined) return
    const offset = segment.used
    const written = this.#platform.writeUtf8(text, segment.bytes, offset + HEADER_BYTES)
    segment.view.setUint32(offset, bare ? first + BARE : first)
    segment.view.setUint32(offset + 4, written)
    segment.used = offset + HEADER_BYTES + written
    segment.newest = this.#platform.now()
    if (++this.#size > this.#slots) this.#grow()
    const slot = call & (this.#slots - 1)
    this.#calls[slot] = call
    this.#serialsOf[slot] = segment.serial
    this.#offsets[slot] = offset
  }

  get(call: number): FinishedStream | undefined {
    const slot = call & (this.#slots - 1)
    if (this.#calls[slot] !== call) return undefined
    const oldest = this.#segments[0]
    const segment = oldest && this.#segments[this.#serialsOf[slot]! - oldest.serial]
    if (segment === undefined || this.#platform.now() - segment.newest > this.#keepMs) return undefined
    const offset = this.#offsets[slot]!
    const start = offset + HEADER_BYTES
    const first = segment.view.getUint32(offset)
    return {
      first: first >= BARE ? first - BARE : first,
      bare: first >= BARE,
      text: this.#decoder.decode(segment.bytes.subarray(start, start + segment.view.getUint32(offset + 4))),
    }
  }

  /** Every stream that is held, with its call, the newest first. */
  *newestFirst(): Iterable<[call: number, stream: FinishedStream]> {
    const held: number[] = []
    for (let slot = 0; slot < this.#slots; slot++) if (this.#calls[slot]! > 0) held.push(this.#calls[slot]!)
    for (const call of held.sort((left, right) => right - left)) {
      const stream = this.get(call)
      if (stream !== undefined) yield [call, stream]
    }
  }

  #addSegment(room: number): Segment | undefined {
    const size = Math.max(this.#usualBytes, room)
    if (size > this.#maxBytes) return undefined
    let dropped: Segment | undefined
    while (this.#segmentBytes + size > this.#maxBytes) dropped = this.#dropOldest()
    const bytes = dropped?.bytes.length === size ? dropped.bytes : this.#platform.allocate(size)
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    const segment = { serial: this.#serials++, bytes, view, used: 0, newest: this.#platform.now() }
    this.#segments.push(segment)
    this.#segmentBytes += size
    this.#scheduleSweep()
    return segment
  }

  #dropOldest(): Segment {
    const segment = this.#segments.shift()!
    this.#segmentBytes -= segment.bytes.length
    for (let at = 0; at < segment.used; at += HEADER_BYTES + segment.view.getUint32(at + 4)) this.#size--
    return segment
  }

  /** Doubles the index. */
  #grow(): void {
    const calls = this.#calls
    const serials = this.#serialsOf
    const offsets = this.#offsets
    const slots = this.#slots * 2
    this.#slots = slots
    this.#calls = new Float64Array(slots)
    this.#serialsOf = new Float64Array(slots)
    this.#offsets = new Int32Array(slots)
    const oldest = this.#segments[0]?.serial ?? Number.POSITIVE_INFINITY
    for (let from = 0; from < calls.length; from++) {
      if (serials[from]! < oldest) continue
      const slot = calls[from]! & (slots - 1)
      this.#calls[slot] = calls[from]!
      this.#serialsOf[slot] = serials[from]!
      this.#offsets[slot] = offsets[from]!
    }
  }

  #scheduleSweep(): void {
    if (this.#sweeper !== undefined) return
    this.#sweeper = this.#wheel.after(this.#keepMs, () => {
      this.#sweeper = undefined
      const now = this.#platform.now()
      while (this.#segments.length > 0 && now - this.#segments[0]!.newest > this.#keepMs) this.#dropOldest()
      if (this.#segments.length > 0) this.#scheduleSweep()
    })
  }
}
