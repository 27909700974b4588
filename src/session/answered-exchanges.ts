/**
 * Exchanges of forwarded retries that were answered a moment ago. An answer that the engine took may be lost with its data
 * before it was read; until then it can be written again.
 *
 * @module
 */
import type { TimerWheel } from './timer-wheel.ts'

/** Somebody who can write the log of an exchange again. */
export interface Rewritable {
  rewrite(): void
}

/** Readers look every second: what was not read within this time will not be. */
const KEEP_MS = 10_000

const MAX_EXCHANGES = 1_000

/** UTF-16 units of all answers together. */
const MAX_CHARS = 16_000_000

export class AnsweredExchanges {
  readonly #wheel: TimerWheel
  /** By their connection, the oldest first. */
  readonly #exchanges = new Map<string, { readonly exchange: Rewritable; readonly chars: number }>()
  #chars = 0

  constructor(wheel: TimerWheel) {
    this.#wheel = wheel
  }

  get size(): number {
    return this.#exchanges.size
  }

  /** @param chars the length of its answer; one that is longer than all may be together is not kept. */
  put(connection: string, exchange: Rewritable, chars: number): void {
    if (chars > MAX_CHARS) return
    this.#exchanges.set(connection, { exchange, chars })
    this.#chars += chars
    for (const oldest of this.#exchanges.keys()) {
      if (this.#exchanges.size <= MAX_EXCHANGES && this.#chars <= MAX_CHARS) break
      this.#delete(oldest)
    }
    this.#wheel.after(KEEP_MS, () => this.#delete(connection))
  }

  get(connection: string): Rewritable | undefined {
    return this.#exchanges.get(connection)?.exchange
  }

  #delete(connection: string): void {
    const found = this.#exchanges.get(connection)
    if (found === undefined) return
    this.#exchanges.delete(connection)
    this.#chars -= found.chars
  }
}
