/**
 * Many coarse timers on one real one: calls, asks and streams each need a time-out, and a timer of the runtime for
 * each costs more than the call.
 *
 * @module
 */
import type { Platform, Timer } from '../engine/platform.ts'

/** Timers run up to this much late, in milliseconds. */
export const GRANULARITY_MS = 50

class Entry implements Timer {
  run: (() => void) | undefined
  constructor(run: () => void) {
    this.run = run
  }
  cancel(): void {
    this.run = undefined
  }
}

export class TimerWheel {
  readonly #platform: Pick<Platform, 'now' | 'setTimer'>
  readonly #slots = new Map<number, Entry[]>()
  #driver: Timer | undefined
  #driverSlot = Number.POSITIVE_INFINITY

  constructor(platform: Pick<Platform, 'now' | 'setTimer'>) {
    this.#platform = platform
  }

  /** Runs `run` once, `ms` milliseconds from now or up to 50 ms later. */
  after(ms: number, run: () => void): Timer {
    const slot = Math.ceil((this.#platform.now() + ms) / GRANULARITY_MS)
    const entry = new Entry(run)
    const slotEntries = this.#slots.get(slot)
    if (slotEntries === undefined) this.#slots.set(slot, [entry])
    else slotEntries.push(entry)
    if (slot < this.#driverSlot) this.#arm(slot)
    return entry
  }

  /** Drops every timer. */
  stop(): void {
    this.#slots.clear()
    this.#driver?.cancel()
    this.#driverSlot = Number.POSITIVE_INFINITY
  }

  #arm(slot: number): void {
    this.#driver?.cancel()
    this.#driverSlot = slot
    this.#driver = this.#platform.setTimer(Math.max(0, slot * GRANULARITY_MS - this.#platform.now()), () =>
      this.#turn(),
    )
  }

  #turn(): void {
    this.#driverSlot = Number.POSITIVE_INFINITY
    const due = Math.floor(this.#platform.now() / GRANULARITY_MS)
    let next = Number.POSITIVE_INFINITY
    const ready: Entry[] = []
    for (const [slot, entries] of this.#slots) {
      if (slot <= due) {
        this.#slots.delete(slot)
        for (const entry of entries) ready.push(entry)
      } else if (slot < next) {
        // Slots whose timers were all cancelled go, so that a busy server keeps no trace of finished calls.
        if (entries.some((entry) => entry.run !== undefined)) next = slot
        else this.#slots.delete(slot)
      }
    }
    if (next !== Number.POSITIVE_INFINITY) this.#arm(next)
    for (const entry of ready) entry.run?.()
  }
}
