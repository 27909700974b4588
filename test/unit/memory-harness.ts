/**
 * The memory engine as the contract suite wants it, and stores that do something else than what they are told.
 *
 * @module
 */
import type { EngineHarness, OpenedEngine } from '../../src/engine/contract.ts'
import { EngineError, type Store } from '../../src/engine/engine.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import { manualPlatform } from './manual-platform.ts'

/** A change of a store: some of its operations done another way. */
export type Twist = (store: Store, platform: { now(): number }) => Partial<Store>

const ONE_PROCESS = 'the data is in the memory of the one process that uses it, and goes with it'

/** @param twist what the engine does otherwise than the memory engine. */
export function memoryHarness(twist: Twist = () => ({})): EngineHarness {
  const platform = manualPlatform()
  const losing = new WeakSet<OpenedEngine>()
  return {
    async open() {
      const engine = memoryEngine(platform)
      let losses = 0
      const inner = await engine.open(() => losses++)
      const twisted = twistStore(inner, twist(inner, platform))
      const lose = async <Answer>(write: Promise<Answer>): Promise<Answer> => {
        const answer = await write
        if (losing.delete(opened)) throw new EngineError('unavailable', 'The answer was lost.')
        return answer
      }
      const store = twistStore(twisted, {
        put: (key, value, options) => lose(twisted.put(key, value, options)),
        append: (log, record, options) => lose(twisted.append(log, record, options)),
      })
      const opened: OpenedEngine = { engine, store, losses: () => losses, reopen: () => engine.open(() => losses++) }
      return opened
    },
    async pass(ms) {
      platform.advance(ms)
    },
    faults: {
      loseAnswer: (opened) => void losing.add(opened),
      replaceData: { missing: ONE_PROCESS },
      emptyPartition: { missing: ONE_PROCESS },
      dropTail: { missing: ONE_PROCESS },
      cutOff: { missing: ONE_PROCESS },
    },
    patienceMs: 1_000,
  }
}

/** The same store with some operations replaced. */
export function twistStore(store: Store, changes: Partial<Store>): Store {
  return {
    epoch: store.epoch,
    limits: store.limits,
    get: (key) => store.get(key),
    put: (key, value, options) => store.put(key, value, options),
    delete: (key, options) => store.delete(key, options),
    append: (log, record, options) => store.append(log, record, options),
    read: (log, after, limit) => store.read(log, after, limit),
    end: (log) => store.end(log),
    trim: (log, through) => store.trim(log, through),
    tail: (log, after, signal) => store.tail(log, after, signal),
    ...changes,
  }
}
