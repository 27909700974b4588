/**
 * The recent events of one stream, kept as long as they may have to be sent again. Events are held in the chunks in
 * which they left: one per turn of the event loop.
 *
 * @module
 */

/** Events that left together. */
export interface WindowChunk {
  /** The sequence numbers of the first and the last of them. */
  readonly first: number
  readonly last: number
  readonly text: string
}

interface Chunk extends WindowChunk {
  readonly at: number
  /** Events that the count does not bound: unanswered questions and the final event. */
  readonly exempt: number
}

export interface WindowLimits {
  readonly windowMs: number
  readonly windowEvents: number
  readonly windowBytes: number
}

export class StreamWindow {
  #chunks: Chunk[] = []
  #events = 0
  #chars = 0

  /** The sequence number of the oldest event that can still be sent, or `undefined` when there is none. */
  get first(): number | undefined {
    return this.#chunks[0]?.first
  }

  push(first: number, last: number, text: string, at: number, exempt: number): void {
    this.#chunks.push({ first, last, text, at, exempt })
    this.#events += last - first + 1 - exempt
    this.#chars += text.length
  }

  /** Forgets what is over the limits, oldest first. The newest chunk stays, whatever its size. */
  trim(now: number, limits: WindowLimits): void {
    while (this.#chunks.length > 1) {
      const oldest = this.#chunks[0]!
      const expired = now - oldest.at > limits.windowMs
      if (!expired && this.#events <= limits.windowEvents && this.#chars <= limits.windowBytes) return
      this.#chunks.shift()
      this.#events -= oldest.last - oldest.first + 1 - oldest.exempt
      this.#chars -= oldest.text.length
    }
  }

  /** The events after `sequence` as text, or `undefined` when one of them is no longer held. */
  after(sequence: number): string | undefined {
    const first = this.first
    if (first === undefined || first > sequence + 1) return undefined
    let text = ''
    for (const chunk of this.#chunks) {
      if (chunk.first > sequence) text += chunk.text
      else if (chunk.last > sequence) text += skipEvents(chunk.text, sequence - chunk.first + 1)
    }
    return text
  }

  /** Everything held, as it left. */
  chunks(): readonly WindowChunk[] {
    return this.#chunks
  }

  /** Everything held, as one text. */
  all(): string {
    return this.#chunks.length === 1 ? this.#chunks[0]!.text : this.#chunks.map((chunk) => chunk.text).join('')
  }
}

/** SSE text without its first `count` events. Data is one line each, so an empty line ends every event. */
export function skipEvents(text: string, count: number): string {
  // A `retry:` block alone is no event and has no sequence number.
  let at = text.startsWith('retry:') ? text.indexOf('\n\n') + 2 : 0
  for (let skipped = 0; skipped < count; skipped++) {
    const end = text.indexOf('\n\n', at)
    if (end === -1) return ''
    at = end + 2
  }
  return text.slice(at)
}
