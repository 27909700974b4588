/**
 * The walk of the legacy era: the three phases of its lifecycle.
 *
 * @see the specification, basic/lifecycle
 * @module
 */
import { walkOffers } from '../offers.ts'
import type { Plan, Walker } from '../walker.ts'
import { walkInitialization } from './initialization.ts'
import { walkSession } from './session.ts'
import { walkShutdown } from './shutdown.ts'

export async function walkLegacy(walker: Walker, { asked, call }: Plan): Promise<void> {
  await walkInitialization(walker, asked)
  walker.report.phase('operation', 'Both sides send requests and notifications, within what they agreed on.')
  await walkSession(walker)
  await walkOffers(walker, call)
  await walkShutdown(walker)
}
