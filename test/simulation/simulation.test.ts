import { describe, expect, test } from 'vitest'
import { simulate } from './world.ts'
import { WORLDS } from './worlds.ts'

// Some seeds, for whoever changes something; `npm run simulation` plays thousands.
describe.each(Object.entries(WORLDS))('the simulated world %s', (_, mischief) => {
  test.each([1, 2, 3])('seed %i', async (seed) => {
    const { violations, history } = await simulate(seed, mischief)
    expect(violations, history.join('\n')).toEqual([])
  })

  test('a seed replays exactly', async () => {
    const first = await simulate(4, mischief)
    expect(await simulate(4, mischief)).toEqual(first)
  })
})
