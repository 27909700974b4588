/**
 * The platform port with everything in the hands of a test: the clock stands still until it is stepped, turns of the
 * event loop end when they are told to, and randomness comes from a seed. Only the cryptography is real.
 *
 * @module
 */
import { nodePlatform } from '../../src/adapters/node-platform.ts'
import type { Platform } from '../../src/engine/platform.ts'

export interface ManualPlatform extends Platform {
  /** Moves the clock and runs the timers that come due, in the order of their time. */
  advance(ms: number): void
  /** Ends the current turn: runs what was to run after it. Returns how much that was. */
  endTurn(): number
  /** Lets everything run that waits for nothing but its turn, promises and further turns included. */
  settle(): Promise<void>
  /** Moves the clock in steps, with everything settled before, between and after them. */
  pass(ms: number, stepMs?: number): Promise<void>
  /** Timers that wait now. */
  readonly timers: number
}

interface Pending {
  readonly at: number
  readonly run: () => void
}

/** A moment without meaning, so that no test depends on the date. */
const START = Date.UTC(2025, 10, 25)

export function manualPlatform(seed = 1, start = START): ManualPlatform {
  const random = seededRandom(seed)
  const pending = new Set<Pending>()
  let turns: (() => void)[] = []
  let now = start
  const platform: ManualPlatform = {
    ...nodePlatform,
    now: () => now,
    setTimer(ms, run) {
      const entry = { at: now + Math.max(0, ms), run }
      pending.add(entry)
      return { cancel: () => void pending.delete(entry) }
    },
    afterTurn: (run) => void turns.push(run),
    randomBytes: (length) => Uint8Array.from({ length }, () => random() * 256),
    get timers() {
      return pending.size
    },
    advance(ms) {
      const end = now + ms
      for (;;) {
        let next: Pending | undefined
        for (const entry of pending) if (entry.at <= end && (next === undefined || entry.at < next.at)) next = entry
        if (next === undefined) break
        now = Math.max(now, next.at)
        pending.delete(next)
        next.run()
      }
      now = end
    },
    endTurn() {
      const due = turns
      turns = []
      for (const run of due) run()
      return due.length
    },
    async settle() {
      // An answer of the engine takes a few promises; a turn without any new work ends the wait.
      for (let quiet = 0; quiet < 2; ) {
        await new Promise(setImmediate)
        quiet = platform.endTurn() === 0 ? quiet + 1 : 0
      }
    },
    async pass(ms, stepMs = ms) {
      await platform.settle()
      for (let left = ms; left > 0; left -= stepMs) {
        platform.advance(Math.min(stepMs, left))
        await platform.settle()
      }
    },
  }
  return platform
}

/** Numbers from 0 to 1 that a seed repeats (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = state
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}
