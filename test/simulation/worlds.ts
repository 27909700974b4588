/**
 * Which mischief goes together: each kind alone, so that what it breaks is plain to see, and all of it.
 *
 * @module
 */
import type { Mischief } from './world.ts'

const NONE: Mischief = {
  kills: false,
  pauses: false,
  isolation: false,
  outages: false,
  emptying: false,
  deletions: false,
}

export const WORLDS: Readonly<Record<string, Mischief>> = {
  connections: NONE,
  deletions: { ...NONE, deletions: true },
  kills: { ...NONE, kills: true },
  pauses: { ...NONE, pauses: true },
  isolation: { ...NONE, isolation: true },
  outages: { ...NONE, outages: true },
  emptying: { ...NONE, emptying: true },
  everything: { kills: true, pauses: true, isolation: true, outages: true, emptying: true, deletions: true },
}
