/**
 * What somebody who tests an engine brings: the engine, its clock, and the ways to disturb it.
 *
 * @module
 */
import type { Engine, Store } from '../engine.ts'

/** An engine that a case works with. */
export interface OpenedEngine {
  readonly engine: Engine
  /** What `engine.open` resolved with. */
  readonly store: Store
  /** How often the engine has called `onLost` since it was opened. */
  losses(): number
  /** Opens the engine again, after a loss. */
  reopen(): Promise<Store>
}

/** A disturbance that the harness can cause, or the reason why this engine can't have it or this harness can't cause it. */
export type Ability<Cause> = Cause | { readonly missing: string }

/**
 * The disturbances. All have to be declared, so that a missing one is a decision with a reason. A case that needs a
 * missing one rejects with {@link AbilityMissing}; {@link missingAbilities} lists them beforehand.
 */
export interface Faults {
  /** The next write is done, but its answer gets lost: the operation rejects with `unavailable`. */
  readonly loseAnswer: Ability<(opened: OpenedEngine) => void>
  /** The data is replaced by an empty store, as after a restart without a disk. */
  readonly replaceData: Ability<(opened: OpenedEngine) => Promise<void>>
  /** The part of the data that holds this log comes back empty; other parts stay as they are. */
  readonly emptyPartition: Ability<(opened: OpenedEngine, log: string) => Promise<void>>
  /** A failover to a copy that has not seen the last `count` entries of this log. */
  readonly dropTail: Ability<(opened: OpenedEngine, log: string, count: number) => Promise<void>>
  /** The data can't be reached until the function that this resolves with was called. */
  readonly cutOff: Ability<(opened: OpenedEngine) => Promise<() => Promise<void>>>
}

export type FaultName = keyof Faults

/** What the suite needs to know of an engine. */
export interface EngineHarness {
  /** Opens an engine on data of its own: nothing that was written through another one is in it. */
  open(): Promise<OpenedEngine>
  /**
   * Lets time pass for the engines that are open: moves their clock, or waits. One case lets 59 seconds pass, for the
   * window in which retries are recognised; the others a few at a time.
   */
  pass(ms: number): Promise<void>
  readonly faults: Faults
  /** Milliseconds of real time until something that must happen counts as hanging. Default 5,000. */
  readonly patienceMs?: number
}

/** One guarantee of the port, and how to see whether it holds. */
export interface ContractCase {
  /** The guarantee, as a sentence. */
  readonly name: string
  /** The disturbance without which the case can't run. */
  readonly needs?: FaultName
  /**
   * Resolves when the guarantee holds.
   *
   * @throws {ContractViolation} when it does not.
   * @throws {AbilityMissing} when the harness lacks what the case needs.
   */
  run(harness: EngineHarness): Promise<void>
}

/** A case was run without the disturbance that it needs. */
export class AbilityMissing extends Error {
  override readonly name = 'AbilityMissing'
  readonly ability: FaultName
  constructor(ability: FaultName, reason: string) {
    super(`The harness lacks the ability ${ability}: ${reason}`)
    this.ability = ability
  }
}

/** The fault of that name. @throws {AbilityMissing} */
export function need<Name extends FaultName>(
  harness: EngineHarness,
  name: Name,
): Exclude<Faults[Name], { readonly missing: string }> {
  const ability = harness.faults[name]
  if (typeof ability === 'object') throw new AbilityMissing(name, ability.missing)
  return ability as Exclude<Faults[Name], { readonly missing: string }>
}

/** Runs something with a fresh engine and closes it whatever happens. */
export async function withEngine(
  harness: EngineHarness,
  use: (store: Store, opened: OpenedEngine) => Promise<void>,
): Promise<void> {
  const opened = await harness.open()
  try {
    await use(opened.store, opened)
  } finally {
    await opened.engine.close()
  }
}

/** A case that works with one fresh engine. */
export function storeCase(
  name: string,
  run: (store: Store, harness: EngineHarness, opened: OpenedEngine) => Promise<void>,
): ContractCase {
  return { name, run: (harness) => withEngine(harness, (store, opened) => run(store, harness, opened)) }
}
