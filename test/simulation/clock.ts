/**
 * The platform port of a simulation: time jumps from timer to timer, and everything random comes from a seed. Only the
 * cryptography is real, and it answers at once, so that nothing ever waits for the machine.
 *
 * @module
 */
import { nodePlatform } from '../../src/adapters/node-platform.ts'
import type { Platform } from '../../src/engine/platform.ts'
import { seededRandom } from '../unit/manual-platform.ts'

/** Timers run together that come due within the same piece of time: every piece costs a turn of the promises. */
const GRID_MS = 10

/** A moment without meaning, so that nothing depends on the date. */
const START = Date.UTC(2025, 10, 25)

interface Pending {
  /** The end of the piece of time that it comes due in. */
  readonly at: number
  readonly due: number
  readonly order: number
  run: (() => void) | undefined
}

/** One replica as the clock sees it. */
export interface SimulatedProcess {
  readonly platform: Platform
  kill(): void
  /** Stands still, as if stopped by a signal: whatever is under way goes on afterwards. */
  stop(ms: number): void
  /** Resolves while it does not stand still. */
  runs(): Promise<void>
}

/** Buffers by their length: the runs of a process use them one after the other. */
const free = new Map<number, Uint8Array[]>()

/** Keys by what they are derived from: all runs derive the same. */
const keys = new Map<string, Uint8Array>()

export class Clock implements Platform {
  readonly #random: () => number
  /** A binary heap: the next timer is its first element. */
  readonly #heap: Pending[] = []
  readonly #taken: Uint8Array[] = []
  #turns: (() => void)[] = []
  #now = START
  #order = 0
  readonly writeUtf8: Platform['writeUtf8'] = nodePlatform.writeUtf8
  readonly base64url: Platform['base64url'] = nodePlatform.base64url
  readonly crypto: Platform['crypto'] = {
    ...nodePlatform.crypto,
    deriveKey: (secret, info, length) => {
      const name = `${info} ${length} ${Buffer.from(secret).toString('latin1')}`
      const known = keys.get(name) ?? (nodePlatform.crypto.deriveKey(secret, info, length) as Uint8Array)
      keys.set(name, known)
      return known
    },
  }

  constructor(seed: number) {
    this.#random = seededRandom(seed)
  }

  readonly now = (): number => this.#now

  /** Milliseconds since the run began. */
  get elapsed(): number {
    return this.#now - START
  }

  readonly setTimer: Platform['setTimer'] = (ms, run) => {
    const due = this.#now + Math.max(0, ms)
    const entry: Pending = { at: Math.ceil(due / GRID_MS) * GRID_MS, due, order: this.#order++, run }
    this.#push(entry)
    return {
      cancel: () => {
        entry.run = undefined
      },
    }
  }

  readonly afterTurn: Platform['afterTurn'] = (run) => void this.#turns.push(run)

  readonly allocate: Platform['allocate'] = (length) => {
    const bytes = free.get(length)?.pop() ?? Buffer.allocUnsafeSlow(length)
    this.#taken.push(bytes)
    return bytes
  }

  /** Nothing of this run is used any more. */
  giveBack(): void {
    for (const bytes of this.#taken.splice(0)) {
      const same = free.get(bytes.length)
      if (same === undefined) free.set(bytes.length, [bytes])
      else same.push(bytes)
    }
  }

  readonly randomBytes: Platform['randomBytes'] = (length) => {
    const bytes = this.allocate(Math.ceil(length / 4) * 4)
    const words = new Uint32Array(bytes.buffer, 0, bytes.length / 4)
    for (let at = 0; at < words.length; at++) words[at] = this.#random() * 0x1_0000_0000
    return bytes.subarray(0, length)
  }

  /** The platform of one replica: its timers end with it, and wait while it stands still. */
  process(): SimulatedProcess {
    let killed = false
    let stoppedUntil = 0
    const alive = (run: () => void): (() => void) => {
      const attempt = (): void => {
        if (this.#now < stoppedUntil) this.setTimer(stoppedUntil - this.#now, attempt)
        else if (!killed) run()
      }
      return attempt
    }
    const platform: Platform = {
      now: this.now,
      setTimer: (ms, run) => this.setTimer(ms, alive(run)),
      afterTurn: (run) => this.afterTurn(alive(run)),
      allocate: this.allocate,
      writeUtf8: this.writeUtf8,
      base64url: this.base64url,
      randomBytes: this.randomBytes,
      crypto: this.crypto,
    }
    return {
      platform,
      kill: () => {
        killed = true
      },
      stop: (ms) => {
        stoppedUntil = this.#now + ms
      },
      runs: () =>
        new Promise((resolve) => {
          alive(resolve)()
        }),
    }
  }

  /** Moves the clock, with everything settled before, between and after timers; `afterEach` runs whenever it has. */
  async pass(ms: number, afterEach: () => void): Promise<void> {
    const end = this.#now + ms
    await this.#settle()
    afterEach()
    for (;;) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) break
      if (next.run === undefined) {
        this.#pop()
        continue
      }
      this.#now = Math.max(this.#now, next.at)
      // What a timer sets for this very moment runs after the promises of those before it.
      const before = this.#order
      for (let due = this.#heap[0]; due !== undefined && due.at <= this.#now; due = this.#heap[0]) {
        if (due.order >= before) break
        this.#pop().run?.()
      }
      await this.#settle()
      afterEach()
    }
    this.#now = Math.max(this.#now, end)
  }

  /** Lets everything run that waits for nothing but its turn. */
  async #settle(): Promise<void> {
    let due: readonly (() => void)[]
    do {
      // Runs when no promise is left to go on.
      await new Promise<void>((resolve) => process.nextTick(resolve))
      due = this.#turns
      this.#turns = []
      for (const run of due) run()
    } while (due.length > 0)
  }

  #push(entry: Pending): void {
    const heap = this.#heap
    let at = heap.push(entry) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!isBefore(entry, heap[parent]!)) break
      heap[at] = heap[parent]!
      at = parent
    }
    heap[at] = entry
  }

  #pop(): Pending {
    const heap = this.#heap
    const first = heap[0]!
    const last = heap.pop()!
    if (heap.length === 0) return first
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
      if (!isBefore(heap[child]!, last)) break
      heap[at] = heap[child]!
      at = child
    }
    heap[at] = last
    return first
  }
}

function isBefore(one: Pending, other: Pending): boolean {
  if (one.at !== other.at) return one.at < other.at
  return one.due === other.due ? one.order < other.order : one.due < other.due
}
