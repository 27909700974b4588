/**
 * The contract suite of the engine port, for every engine and any test runner: each case is a guarantee of
 * `fairlead/engine` as a sentence, and a function that shows whether it holds.
 *
 * ```ts
 * import { engineContract, missingAbilities, runModel } from 'fairlead/engine/contract'
 *
 * const missing = missingAbilities(harness)
 * for (const { name, needs, run } of engineContract) {
 *   if (!missing.some(({ ability }) => ability === needs)) test(name, () => run(harness))
 * }
 * test('the cases that can not run are the known ones', () => expect(missing).toEqual([…]))
 * test('random operations', () => runModel(harness, { seed: 1, operations: 20_000 }))
 * ```
 *
 * @module
 */
import { faultCases } from './contract/faults.ts'
import { gapCases } from './contract/gaps.ts'
import type { ContractCase, EngineHarness, FaultName } from './contract/harness.ts'
import { limitCases } from './contract/limits.ts'
import { logCases } from './contract/log.ts'
import { tableCases } from './contract/table.ts'
import { tailCases } from './contract/tail.ts'

export { ContractViolation } from './contract/check.ts'
export {
  type Ability,
  AbilityMissing,
  type ContractCase,
  type EngineHarness,
  type FaultName,
  type Faults,
  type OpenedEngine,
} from './contract/harness.ts'
export { type ModelRunCounts, type ModelRunOptions, runModel } from './contract/model-run.ts'

/** Every guarantee of the port. Cases are independent: run them in any order, and at once if the engine can. */
export const engineContract: readonly ContractCase[] = [
  ...tableCases,
  ...logCases,
  ...gapCases,
  ...tailCases,
  ...limitCases,
  ...faultCases,
]

/** An ability that a harness declares as missing, why, and the cases that can't run without it. */
export interface MissingAbility {
  readonly ability: FaultName
  readonly reason: string
  readonly cases: readonly string[]
}

/** What a harness can't show. Report it: a guarantee that was not looked at is not kept. */
export function missingAbilities(harness: EngineHarness): MissingAbility[] {
  const names = Object.keys(harness.faults) as FaultName[]
  return names.flatMap((ability) => {
    const declared = harness.faults[ability]
    if (typeof declared !== 'object') return []
    const cases = engineContract.filter(({ needs }) => needs === ability).map(({ name }) => name)
    return [{ ability, reason: declared.missing, cases }]
  })
}
