/**
 * Cancellations that arrived before the request that they cancel: kept for a while and checked when a call starts.
 *
 * @see the specification, basic/utilities/cancellation, "Timing Considerations"
 * @module
 */
import type { RequestId } from '../wire/jsonrpc.ts'

const KEEP_MS = 30_000
const MAX_MARKERS = 10_000

export class CancelMarkers {
  readonly #now: () => number
  readonly #markers = new Map<string, number>()

  constructor(now: () => number) {
    this.#now = now
  }

  add(uid: string, requestId: RequestId): void {
    if (this.#markers.size >= MAX_MARKERS) this.#expire()
    if (this.#markers.size < MAX_MARKERS) this.#markers.set(keyOf(uid, requestId), this.#now())
  }

  /** Whether the request was cancelled already; says so once. */
  take(uid: string, requestId: RequestId): boolean {
    if (this.#markers.size === 0) return false
    const key = keyOf(uid, requestId)
    const at = this.#markers.get(key)
    if (at === undefined) return false
    this.#markers.delete(key)
    return this.#now() - at <= KEEP_MS
  }

  #expire(): void {
    const now = this.#now()
    for (const [key, at] of this.#markers) {
      if (now - at <= KEEP_MS) return
      this.#markers.delete(key)
    }
  }
}

function keyOf(uid: string, requestId: RequestId): string {
  return `${uid} ${typeof requestId} ${requestId}`
}
