/**
 * An engine that can be broken in every way that the contract suite knows: two memory engines as partitions, behind a
 * connection that can be cut. It shows that the cases for disturbances can pass, and mutants of it that they can fail.
 *
 * @module
 */
import type { EngineHarness, OpenedEngine } from '../../src/engine/contract.ts'
import {
  type AppendOptions,
  EngineError,
  type Position,
  type ReadResult,
  type Store,
  type TailBatch,
} from '../../src/engine/engine.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import { type ManualPlatform, manualPlatform } from './manual-platform.ts'
import { type Twist, twistStore } from './memory-harness.ts'

/** What the engine is made to forget, for tests of the suite. */
export interface Weakness {
  readonly twist?: Twist
  /** Nobody hears of a loss, and operations go on with what is there. */
  readonly silentLoss?: boolean
  /** A failover gives the positions of lost entries to new ones. */
  readonly reusedPositions?: boolean
  /** Operations wait for the connection instead of settling. */
  readonly hangs?: boolean
  /** A lost connection ends a tail. */
  readonly fragileTail?: boolean
  /** Without a connection operations fail for good. */
  readonly neverReconnects?: boolean
}

type Partitions = readonly [logs: Store, rest: Store]

class BrittleEngine {
  readonly platform: ManualPlatform
  readonly weakness: Weakness
  readonly lost = new Map<string, Set<Position>>()
  partitions: Partitions | undefined
  losses = 0
  cut = false
  closed = false

  constructor(platform: ManualPlatform, weakness: Weakness) {
    this.platform = platform
    this.weakness = weakness
  }

  async fresh(): Promise<Store> {
    return memoryEngine(this.platform).open(() => {})
  }

  async store(): Promise<Store> {
    this.partitions ??= [await this.fresh(), await this.fresh()]
    const store = new BrittleStore(this, this.partitions)
    return this.weakness.twist === undefined ? store : twistStore(store, this.weakness.twist(store, this.platform))
  }
}

class BrittleStore implements Store {
  readonly epoch: string
  readonly limits: Store['limits']
  readonly #engine: BrittleEngine
  readonly #seen: Partitions

  constructor(engine: BrittleEngine, seen: Partitions) {
    this.#engine = engine
    this.#seen = seen
    this.epoch = seen.map(({ epoch }) => epoch).join('+')
    this.limits = seen[0].limits
  }

  get: Store['get'] = async (key) => (await this.#partition(1)).get(key)
  put: Store['put'] = async (key, value, options) => (await this.#partition(1)).put(key, value, options)
  delete: Store['delete'] = async (key, options) => (await this.#partition(1)).delete(key, options)

  async append(log: string, record: string, options: AppendOptions): ReturnType<Store['append']> {
    const inner = await this.#partitionOf(log)
    if (options.expect === undefined) return inner.append(log, record, options)
    const end = await this.end(log)
    // What was lost keeps its place in the log behind; the end that callers know is the one before.
    if (options.expect === end) return inner.append(log, record, { ...options, expect: await inner.end(log) })
    return this.#isLost(log, options.expect) ? 'conflict' : inner.append(log, record, options)
  }

  async read(log: string, after: Position | 'birth' | 'oldest', limit: number): Promise<ReadResult> {
    const inner = await this.#partitionOf(log)
    if (this.#isLost(log, after)) return { gap: true, oldest: after.replace(/[^-]+$/, '0') }
    const result = await inner.read(log, after, Number.MAX_SAFE_INTEGER)
    if (result.gap) return result
    const entries = result.entries.filter(({ position }) => !this.#isLost(log, position)).slice(0, limit)
    return { gap: false, entries, end: await this.end(log) }
  }

  async end(log: string): Promise<Position> {
    const inner = await this.#partitionOf(log)
    const result = await inner.read(log, 'oldest', Number.MAX_SAFE_INTEGER)
    const entries = result.gap ? [] : result.entries.filter(({ position }) => !this.#isLost(log, position))
    return entries.at(-1)?.position ?? (await inner.end(log))
  }

  async trim(log: string, through: Position): Promise<void> {
    return (await this.#partitionOf(log)).trim(log, through)
  }

  async *tail(log: string, after: Position, signal: AbortSignal): AsyncIterable<TailBatch> {
    let from = after
    while (!signal.aborted) {
      const result = await this.read(log, from, 100).catch((thrown: unknown) => {
        if (!this.#engine.cut || this.#engine.weakness.fragileTail) throw thrown
        return undefined
      })
      if (result?.gap) {
        yield result
        from = result.oldest
      } else if (result !== undefined && result.entries.length > 0) {
        yield { gap: false, entries: result.entries }
        from = result.entries.at(-1)!.position
      } else {
        await new Promise(setImmediate)
      }
    }
  }

  #partitionOf(log: string): Promise<Store> {
    return this.#partition(log === 'log' ? 0 : 1)
  }

  async #partition(which: 0 | 1): Promise<Store> {
    const engine = this.#engine
    if (engine.closed) throw new EngineError('closed', 'The engine is closed.')
    if (engine.cut && engine.weakness.hangs) await new Promise(() => {})
    if (engine.cut) throw new EngineError('unavailable', 'There is no connection.')
    const now = engine.partitions![which]
    if (now !== this.#seen[which] && !engine.weakness.silentLoss) {
      throw new EngineError('epoch_changed', 'The data was replaced.')
    }
    return now
  }

  #isLost(log: string, position: string): boolean {
    return !this.#engine.weakness.reusedPositions && this.#engine.lost.get(log)?.has(position) === true
  }
}

export function brittleHarness(weakness: Weakness = {}): EngineHarness {
  const platform = manualPlatform()
  const engines = new WeakMap<OpenedEngine, BrittleEngine>()
  const engineOf = (opened: OpenedEngine): BrittleEngine => engines.get(opened)!
  const lose = (engine: BrittleEngine): void => {
    if (!weakness.silentLoss) engine.losses++
  }
  return {
    async open() {
      const brittle = new BrittleEngine(platform, weakness)
      const open = (): Promise<Store> => brittle.store()
      const close = async (): Promise<void> => {
        brittle.closed = true
      }
      const opened = { engine: { open, close }, store: await open(), losses: () => brittle.losses, reopen: open }
      engines.set(opened, brittle)
      return opened
    },
    async pass(ms) {
      platform.advance(ms)
    },
    faults: {
      loseAnswer: { missing: 'the memory engine shows it' },
      async replaceData(opened) {
        const engine = engineOf(opened)
        engine.partitions = [await engine.fresh(), await engine.fresh()]
        lose(engine)
      },
      async emptyPartition(opened, log) {
        const engine = engineOf(opened)
        const [logs, rest] = engine.partitions!
        engine.partitions = log === 'log' ? [await engine.fresh(), rest] : [logs, await engine.fresh()]
        lose(engine)
      },
      async dropTail(opened, log, count) {
        const engine = engineOf(opened)
        const result = await engine.partitions![0].read(log, 'oldest', Number.MAX_SAFE_INTEGER)
        const lost = result.gap ? [] : result.entries.slice(-count)
        engine.lost.set(log, new Set(lost.map(({ position }) => position)))
      },
      async cutOff(opened) {
        const engine = engineOf(opened)
        engine.cut = true
        return async () => {
          engine.cut = weakness.neverReconnects === true
        }
      },
    },
    patienceMs: 150,
  }
}
