/**
 * The engine port and the memory engine, for those who write an engine.
 *
 * @module
 */
export {
  ABSENT,
  type AppendOptions,
  EMPTY,
  type Engine,
  EngineError,
  type EngineErrorCode,
  type LogEntry,
  type Position,
  type PutOptions,
  type ReadResult,
  type Store,
  type TableEntry,
  type TailBatch,
} from './engine.ts'
export { type MemoryPlatform, memoryEngine } from './memory.ts'
export type { CryptoPort, MaybePromise, Platform, Timer } from './platform.ts'
