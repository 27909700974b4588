import { describe, expect, test } from 'vitest'
import { type Mischief, simulate } from './simulation.ts'

const NONE: Mischief = { kills: false, isolation: false, outages: false, emptying: false, deletions: false }

/** More of them find more: `SEEDS=1000 npx vitest run --project unit test/unit/simulation.test.ts`. */
const SEEDS = Number(process.env['SEEDS'] ?? 3)

const worlds: readonly [name: string, mischief: Mischief][] = [
  ['connections break', NONE],
  ['sessions are deleted', { ...NONE, deletions: true }],
  ['replicas are killed', { ...NONE, kills: true }],
  ['replicas are cut off', { ...NONE, isolation: true }],
  ['the engine is away', { ...NONE, outages: true }],
  ['the engine loses its data', { ...NONE, emptying: true }],
  ['everything happens', { kills: true, isolation: true, outages: true, emptying: true, deletions: true }],
]

describe.each(worlds)('replicas on a manual clock, where %s', (name, mischief) => {
  const first = Number(process.env['SEED'] ?? 1)
  test.each(Array.from({ length: SEEDS }, (_, at) => first + at))(
    `seed %i`,
    async (seed) => {
      const { violations, history } = await simulate(seed, mischief)
      expect(violations, `${name}, seed ${seed}\n${history.join('\n')}`).toEqual([])
    },
    60_000,
  )
})
