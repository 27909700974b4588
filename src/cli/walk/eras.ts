/**
 * How each era is walked.
 *
 * @module
 */
import type { ClientEra } from '../../testing/client/index.ts'
import { walkLegacy } from './legacy/walk.ts'
import { checkResult } from './modern/result.ts'
import { walkModern } from './modern/walk.ts'
import type { Check, Plan, Walker } from './walker.ts'

interface EraWalk {
  readonly phases: (walker: Walker, plan: Plan) => Promise<void>
  /** What the era demands of every result. */
  readonly check: Check
}

export const ERA_WALKS: Readonly<Record<ClientEra, EraWalk>> = {
  legacy: { phases: walkLegacy, check: () => {} },
  modern: { phases: walkModern, check: checkResult },
}
