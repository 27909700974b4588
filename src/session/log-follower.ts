/**
 * Follows one log of the engine for as long as the process serves: by its position, over disconnections and over a
 * change of the data behind the store.
 *
 * @module
 */
import { EngineError, type LogEntry, type Position, type Store } from '../engine/engine.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** How long to wait before a tail that failed is opened again. */
const REOPEN_MS = 200

export class LogFollower {
  readonly #store: Store
  readonly #wheel: TimerWheel
  readonly #log: string
  readonly #onEntries: (entries: readonly LogEntry[]) => void
  readonly #onGap: (oldest: Position) => void
  readonly #onError: (thrown: unknown) => void
  readonly #stop = new AbortController()

  constructor(options: {
    readonly store: Store
    readonly wheel: TimerWheel
    readonly log: string
    readonly onEntries: (entries: readonly LogEntry[]) => void
    /** Entries are missing: what is left begins after `oldest`. */
    readonly onGap: (oldest: Position) => void
    /** Told once per failure, not at every attempt. */
    readonly onError: (thrown: unknown) => void
  }) {
    this.#store = options.store
    this.#wheel = options.wheel
    this.#log = options.log
    this.#onEntries = options.onEntries
    this.#onGap = options.onGap
    this.#onError = options.onError
  }

  /** Begins after `position`. */
  start(position: Position): void {
    void this.#follow(position)
  }

  stop(): void {
    this.#stop.abort()
  }

  async #follow(after: Position): Promise<void> {
    const { signal } = this.#stop
    let from = after
    let failing = false
    while (!signal.aborted) {
      try {
        for await (const batch of this.#store.tail(this.#log, from, signal)) {
          failing = false
          if (batch.gap) {
            from = batch.oldest
            this.#onGap(batch.oldest)
          } else {
            from = batch.entries.at(-1)?.position ?? from
            this.#onEntries(batch.entries)
          }
        }
      } catch (thrown) {
        if (signal.aborted || (thrown instanceof EngineError && thrown.code === 'closed')) return
        if (!failing) this.#onError(thrown)
        failing = true
      }
      if (!signal.aborted) await this.#pause()
    }
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#wheel.after(REOPEN_MS, resolve))
  }
}
