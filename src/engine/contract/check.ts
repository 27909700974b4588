/**
 * Assertions without a test runner.
 *
 * @module
 */
import { type Engine, EngineError, type EngineErrorCode, type LogEntry, type Position, type Store } from '../engine.ts'
import type { EngineHarness } from './harness.ts'

/** An engine does not keep a guarantee of the port. */
export class ContractViolation extends Error {
  override readonly name = 'ContractViolation'
}

const PATIENCE_MS = 5_000

/** Longest log life that cases use: nothing of it ends while a case runs. */
export const LONG_MS = 3_600_000

/** A short life, and a time after which it is certainly over. */
export const SHORT_MS = 1_000
export const AFTER_SHORT_MS = 1_500

export function check(holds: boolean, sentence: string): asserts holds {
  if (!holds) throw new ContractViolation(sentence)
}

/** Compares JSON values. */
export function same(actual: unknown, expected: unknown, what: string): void {
  const left = JSON.stringify(actual)
  const right = JSON.stringify(expected)
  check(left === right, `${what}: expected ${clip(right)}, got ${clip(left)}.`)
}

/** Whether an operation rejects with an `EngineError` of that code. */
export async function rejects(operation: Promise<unknown>, code: EngineErrorCode, what: string): Promise<void> {
  const outcome = await operation.then(
    (value) => `resolved with ${clip(JSON.stringify(value))}`,
    (thrown: unknown) => (thrown instanceof EngineError ? thrown.code : `rejected with ${String(thrown)}`),
  )
  check(outcome === code, `${what}: expected an EngineError with the code ${code}; it ${outcome}.`)
}

/** Waits for something that must happen, in real time. */
export async function within<Value>(harness: EngineHarness, promise: Promise<Value>, what: string): Promise<Value> {
  const patienceMs = harness.patienceMs ?? PATIENCE_MS
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(reject, patienceMs, new ContractViolation(`${what}: nothing happened within ${patienceMs} ms.`))
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Waits in real time. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Appends records to a log and returns their positions. */
export async function appendAll(store: Store, log: string, records: readonly string[]): Promise<Position[]> {
  const positions: Position[] = []
  for (const record of records) positions.push(await append(store, log, record))
  return positions
}

let ids = 0

/** An id that no other record of this process has. */
export function freshId(): string {
  return `contract-${++ids}`
}

/** Appends one record that must go through. */
export async function append(store: Store, log: string, record: string, ttlMs: number = LONG_MS): Promise<Position> {
  const outcome = await store.append(log, record, { ttlMs, id: freshId() })
  check(typeof outcome === 'object', `append without expect and cap answered ${String(outcome)}.`)
  return outcome.position
}

/** Reads entries that must be there without a gap. */
export async function readAll(
  store: Store,
  log: string,
  after: Position | 'birth' | 'oldest',
  what: string,
  limit = 10_000,
): Promise<readonly LogEntry[]> {
  const result = await store.read(log, after, limit)
  check(!result.gap, `${what}: read answered gap.`)
  return result.entries
}

export function recordsOf(entries: readonly LogEntry[]): string[] {
  return entries.map((entry) => entry.record)
}

/** A read that must answer gap; returns where the log can be read from. */
export async function expectGap(store: Store, log: string, after: Position | 'birth', what: string): Promise<Position> {
  const result = await store.read(log, after, 10)
  check(
    result.gap,
    `${what}: expected a gap, got ${result.gap ? '' : clip(JSON.stringify(recordsOf(result.entries)))}.`,
  )
  return result.oldest
}

/** Every operation of a store, for what must hold of all of them. */
export function everyOperation(store: Store): readonly (readonly [name: string, run: () => Promise<unknown>])[] {
  const life = { ttlMs: LONG_MS }
  return [
    ['get', () => store.get('key')],
    ['put', () => store.put('key', 'value', life)],
    ['delete', () => store.delete('key')],
    ['append', () => store.append('log', 'record', { ...life, id: freshId() })],
    ['read', () => store.read('log', 'oldest', 1)],
    ['end', () => store.end('log')],
    ['trim', () => store.trim('log', 'nowhere')],
    ['tail', () => firstBatch(store)],
  ]
}

async function firstBatch(store: Store): Promise<unknown> {
  for await (const batch of store.tail('log', 'nowhere', new AbortController().signal)) return batch
  return 'ended'
}

/** Closes an engine a second time as well: closing what is closed does nothing. */
export async function closeTwice(engine: Engine): Promise<void> {
  await engine.close()
  await engine.close()
}

function clip(text: string | undefined): string {
  if (text === undefined) return 'undefined'
  return text.length > 300 ? `${text.slice(0, 300)}… (${text.length} characters)` : text
}
