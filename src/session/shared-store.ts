/**
 * The store of an engine that replicas share, with what a network brings: an operation that fails for want of the
 * engine is tried again for a bounded time, and a store whose data was replaced is opened anew.
 *
 * An attempt whose outcome is unknown may be repeated, because the ids of records and the versions of entries are made
 * before the first one: the engine recognises them.
 *
 * @module
 */
import {
  type AppendOptions,
  type Engine,
  EngineError,
  type Position,
  type PutOptions,
  type ReadResult,
  type Store,
  type TableEntry,
  type TailBatch,
} from '../engine/engine.ts'
import type { Platform } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import type { RandomTags } from './random-tags.ts'
import type { TimerWheel } from './timer-wheel.ts'

/** How long a message that must cross replicas waits for the engine before it is refused with 503. */
export const PATIENCE_MS = 5_000

const RETRY_MS = 100

/** What the store needs of the process around it. */
export interface SharedStoreParts {
  readonly platform: Pick<Platform, 'now'>
  readonly wheel: TimerWheel
  readonly tags: RandomTags
  /** The data was replaced; the new store is in place. */
  readonly onReplaced: () => void
  readonly onError: (thrown: unknown) => void
}

export class SharedStore implements Store {
  readonly #engine: Engine
  readonly #parts: SharedStoreParts
  #inner: Store
  #opening: Promise<void> | undefined
  #closed = false
  /** Whether the latest attempt at anything reached the engine. */
  reachable = true

  private constructor(engine: Engine, parts: SharedStoreParts, inner: Store) {
    this.#engine = engine
    this.#parts = parts
    this.#inner = inner
  }

  /** @throws what the engine throws: a replica that can not reach its engine does not start. */
  static async open(engine: Engine, parts: SharedStoreParts): Promise<SharedStore> {
    let made: SharedStore | undefined
    const inner = await engine.open(() => made?.lost())
    made = new SharedStore(engine, parts, inner)
    return made
  }

  get epoch(): string {
    return this.#inner.epoch
  }

  get limits(): Store['limits'] {
    return this.#inner.limits
  }

  /** One attempt, for those who have a rhythm of their own. @throws {EngineError} */
  async once<T>(run: (store: Store) => Promise<T>): Promise<T> {
    try {
      const result = await run(this.#inner)
      this.reachable = true
      return result
    } catch (thrown) {
      if (thrown instanceof EngineError) {
        if (thrown.code === 'unavailable') this.reachable = false
        if (thrown.code === 'epoch_changed') this.lost()
      }
      throw thrown
    }
  }

  get(key: string): Promise<TableEntry | undefined> {
    return this.#patiently((store) => store.get(key))
  }

  put(key: string, value: string, options: PutOptions): Promise<{ version: string } | 'conflict'> {
    const version = options.version ?? this.#parts.tags.next()
    return this.#patiently((store) => store.put(key, value, { ...options, version }))
  }

  delete(key: string, options?: { readonly expect?: string }): Promise<boolean> {
    return this.#patiently((store) => store.delete(key, options))
  }

  append(log: string, record: string, options: AppendOptions): Promise<{ position: Position } | 'conflict' | 'full'> {
    return this.#patiently((store) => store.append(log, record, options))
  }

  read(log: string, after: Position | 'birth' | 'oldest', limit: number): Promise<ReadResult> {
    return this.#patiently((store) => store.read(log, after, limit))
  }

  end(log: string): Promise<Position> {
    return this.#patiently((store) => store.end(log))
  }

  trim(log: string, through: Position): Promise<void> {
    return this.once((store) => store.trim(log, through))
  }

  /** Of the store that is open now; fails when its data is replaced. */
  async *tail(log: string, after: Position, signal: AbortSignal): AsyncIterable<TailBatch> {
    try {
      yield* this.#inner.tail(log, after, signal)
    } catch (thrown) {
      if (thrown instanceof EngineError && thrown.code === 'epoch_changed') this.lost()
      throw thrown
    }
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#parts.wheel.stop()
    await this.#engine.close()
  }

  /** The data behind the store was replaced: opens the new one, for as long as it takes. */
  lost(): void {
    this.#opening ??= this.#reopen().finally(() => {
      this.#opening = undefined
    })
  }

  async #reopen(): Promise<void> {
    const before = this.#inner.epoch
    while (!this.#closed) {
      try {
        const next = await this.#engine.open(() => this.lost())
        this.#inner = next
        this.reachable = true
        if (next.epoch !== before) this.#parts.onReplaced()
        return
      } catch (thrown) {
        this.reachable = false
        this.#parts.onError(thrown)
        await this.#pause(RETRY_MS * 5)
      }
    }
  }

  async #patiently<T>(run: (store: Store) => Promise<T>): Promise<T> {
    const { platform } = this.#parts
    const end = platform.now() + PATIENCE_MS
    for (;;) {
      try {
        return await this.#within(end - platform.now(), this.once(run))
      } catch (thrown) {
        if (!(thrown instanceof EngineError) || thrown.code === 'too_large') throw thrown
        if (this.#closed || thrown.code === 'closed' || platform.now() + RETRY_MS >= end) {
          throw new McpError('unavailable', 'What the replicas share can not be reached right now; try again.', {
            cause: thrown,
          })
        }
        await this.#pause(RETRY_MS)
      }
    }
  }

  /** An engine that is too slow counts as one that is away. */
  #within<T>(ms: number, running: Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const timer = this.#parts.wheel.after(Math.max(0, ms), () => {
        this.reachable = false
        reject(new EngineError('unavailable', 'The engine did not answer in time.'))
      })
      running.then(resolve, reject).finally(() => timer.cancel())
    })
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.#parts.wheel.after(ms, resolve))
  }
}
