/**
 * One replica's way to a store that several share: every operation takes its time, the way can be cut, with an unknown
 * outcome for what is under way, and the data can be replaced. Everything is decided by a seed and a manual clock.
 *
 * @module
 */
import { type Engine, EngineError, type Store, type TailBatch } from '../../src/engine/engine.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import type { Platform } from '../../src/engine/platform.ts'

export class SimulatedData {
  readonly platform: Platform
  store: Store
  readonly listeners = new Set<() => void>()

  private constructor(platform: Platform, store: Store) {
    this.platform = platform
    this.store = store
  }

  static async make(platform: Platform): Promise<SimulatedData> {
    return new SimulatedData(platform, await memoryEngine(platform).open(() => {}))
  }

  async empty(): Promise<void> {
    this.store = await memoryEngine(this.platform).open(() => {})
    for (const listener of [...this.listeners]) listener()
  }
}

/** How long an operation takes at most while nothing is wrong, and until one that fails is given up. */
const SLOWEST_MS = 30
const DEADLINE_MS = 1_000

export class SimulatedEngine implements Engine {
  readonly #data: SimulatedData
  readonly #random: () => number
  readonly #platform: Pick<Platform, 'setTimer'>
  readonly #breaks = new Set<() => void>()
  cut = false
  operations = 0

  /** @param platform the one of its replica: while that stands still, so does what it has under way. */
  constructor(data: SimulatedData, random: () => number, platform: Pick<Platform, 'setTimer'> = data.platform) {
    this.#data = data
    this.#random = random
    this.#platform = platform
  }

  async open(onLost: (why: 'epoch') => void): Promise<Store> {
    await this.#pass()
    this.#reach()
    const inner = this.#data.store
    this.#data.listeners.add(() => {
      this.#break()
      if (!this.cut) onLost('epoch')
    })
    const run = async <T>(operation: () => Promise<T>): Promise<T> => {
      this.operations++
      await this.#pass()
      this.#reach(inner)
      const result = await operation()
      await this.#pass()
      this.#reach(inner)
      return result
    }
    return {
      epoch: inner.epoch,
      limits: inner.limits,
      get: (key) => run(() => inner.get(key)),
      put: (key, value, options) => run(() => inner.put(key, value, options)),
      delete: (key, options) => run(() => inner.delete(key, options)),
      append: (log, record, options) => run(() => inner.append(log, record, options)),
      read: (log, after, limit) => run(() => inner.read(log, after, limit)),
      end: (log) => run(() => inner.end(log)),
      trim: (log, through) => run(() => inner.trim(log, through)),
      tail: (log, after, signal) => this.#tail(inner, log, after, signal),
    }
  }

  async close(): Promise<void> {
    this.sever()
  }

  sever(): void {
    this.cut = true
    this.#break()
  }

  heal(): void {
    this.cut = false
  }

  #break(): void {
    for (const stop of [...this.#breaks]) stop()
  }

  async *#tail(inner: Store, log: string, after: string, signal: AbortSignal): AsyncIterable<TailBatch> {
    const broken = new AbortController()
    // A reason of its own costs much less than the default one.
    const stop = (): void => broken.abort('cut')
    signal.addEventListener('abort', stop)
    this.#breaks.add(stop)
    try {
      await this.#pass()
      this.#reach(inner)
      for await (const batch of inner.tail(log, after, broken.signal)) {
        await this.#pass()
        this.#reach(inner)
        yield batch
      }
      if (!signal.aborted) this.#reach(inner)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#breaks.delete(stop)
    }
  }

  #reach(inner?: Store): void {
    if (this.cut) throw new EngineError('unavailable', 'cut')
    if (inner !== undefined && inner !== this.#data.store) throw new EngineError('epoch_changed', 'replaced')
  }

  #pass(): Promise<void> {
    const ms = this.cut ? DEADLINE_MS * this.#random() : SLOWEST_MS * this.#random() ** 3
    return new Promise((resolve) => void this.#platform.setTimer(ms, resolve))
  }
}
