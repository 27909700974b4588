/**
 * The store of a memory engine as several replicas see it over a network: each has its own way to it, which can be cut,
 * and all of them notice when the data was replaced.
 */

import { randomFillSync } from 'node:crypto'
import {
  type AppendOptions,
  type Engine,
  EngineError,
  memoryEngine,
  type PutOptions,
  type Store,
  type TailBatch,
} from 'fairlead/engine'

const platform = {
  now: () => Date.now(),
  setTimer(ms: number, run: () => void) {
    const timer = setTimeout(run, ms).unref()
    return { cancel: () => clearTimeout(timer) }
  },
  randomBytes: (length: number) => randomFillSync(new Uint8Array(length)),
}

/** The data that the replicas share. */
export class SharedData {
  store: Store | undefined
  operations = 0
  readonly #lost = new Set<() => void>()

  async open(): Promise<Store> {
    this.store ??= await memoryEngine(platform).open(() => {})
    return this.store
  }

  /** Replaces the data by none. */
  async empty(): Promise<void> {
    this.store = await memoryEngine(platform).open(() => {})
    for (const lost of [...this.#lost]) lost()
  }

  onLost(lost: () => void): void {
    this.#lost.add(lost)
  }
}

/** One replica's way to the data. */
export class SwitchedEngine implements Engine {
  readonly #data: SharedData
  readonly #breaks = new Set<() => void>()
  #cut = false

  constructor(data: SharedData) {
    this.#data = data
  }

  async open(onLost: (why: 'epoch') => void): Promise<Store> {
    if (this.#cut) throw new EngineError('unavailable', 'cut')
    const inner = await this.#data.open()
    const data = this.#data
    data.onLost(() => {
      for (const stop of [...this.#breaks]) stop()
      if (!this.#cut) onLost('epoch')
    })
    const reach = async <T>(run: () => Promise<T>): Promise<T> => {
      data.operations++
      await new Promise((resolve) => setImmediate(resolve))
      this.#check(inner)
      const result = await run()
      await new Promise((resolve) => setImmediate(resolve))
      this.#check(inner)
      return result
    }
    const tail = (log: string, after: string, signal: AbortSignal): AsyncIterable<TailBatch> =>
      this.#tail(inner, log, after, signal)
    return {
      epoch: inner.epoch,
      limits: inner.limits,
      get: (key) => reach(() => inner.get(key)),
      put: (key, value, options: PutOptions) => reach(() => inner.put(key, value, options)),
      delete: (key, options) => reach(() => inner.delete(key, options)),
      append: (log, record, options: AppendOptions) => reach(() => inner.append(log, record, options)),
      read: (log, after, limit) => reach(() => inner.read(log, after, limit)),
      end: (log) => reach(() => inner.end(log)),
      trim: (log, through) => reach(() => inner.trim(log, through)),
      tail,
    }
  }

  async close(): Promise<void> {
    this.cut()
  }

  cut(): void {
    this.#cut = true
    for (const stop of [...this.#breaks]) stop()
  }

  heal(): void {
    this.#cut = false
  }

  async *#tail(inner: Store, log: string, after: string, signal: AbortSignal): AsyncIterable<TailBatch> {
    const broken = new AbortController()
    const stop = (): void => broken.abort()
    signal.addEventListener('abort', stop)
    this.#breaks.add(stop)
    try {
      this.#check(inner)
      for await (const batch of inner.tail(log, after, broken.signal)) {
        this.#check(inner)
        yield batch
      }
      if (!signal.aborted) this.#check(inner)
    } finally {
      signal.removeEventListener('abort', stop)
      this.#breaks.delete(stop)
    }
  }

  #check(inner: Store): void {
    if (this.#cut) throw new EngineError('unavailable', 'cut')
    if (this.#data.store !== inner) throw new EngineError('epoch_changed', 'replaced')
  }
}
