import { describe, expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { memoryHarness } from '../../test/unit/memory-harness.ts'
import { engineContract, missingAbilities, runModel } from './contract.ts'
import { memoryEngine } from './memory.ts'

const missing = missingAbilities(memoryHarness())

describe('the engine contract', () => {
  for (const { name, needs, run } of engineContract) {
    if (!missing.some(({ ability }) => ability === needs)) test(name, () => run(memoryHarness()))
  }

  test('what one process can not have is declared, and nothing else', () => {
    expect(missing.map(({ ability, reason }) => `${ability}: ${reason}`)).toEqual([
      'replaceData: the data is in the memory of the one process that uses it, and goes with it',
      'emptyPartition: the data is in the memory of the one process that uses it, and goes with it',
      'dropTail: the data is in the memory of the one process that uses it, and goes with it',
      'cutOff: the data is in the memory of the one process that uses it, and goes with it',
    ])
  })
})

describe('random operations against the model', () => {
  const fresh = Date.now() % 1_000_000
  for (const [seed, operations] of [
    [2025, 20_000],
    [fresh, 10_000],
  ] as const) {
    test(`${operations} with seed ${seed}`, async () => {
      const counts = await runModel(memoryHarness(), { seed, operations })
      expect(Object.values(counts).reduce((sum, count) => sum + count)).toBe(operations)
      // A run that never meets these has tested little.
      for (const outcome of [
        'append conflict',
        'append full',
        'read gap',
        'read entries',
        'put conflict',
        'expire log',
      ]) {
        expect(counts[outcome], outcome).toBeGreaterThan(operations / 1_000)
      }
    })
  }
})

test('logs and entries whose time is over leave the memory by themselves', async () => {
  const platform = manualPlatform()
  const store = await memoryEngine(platform).open(() => {})
  for (let at = 0; at < 1_000; at++) {
    await store.put(`key ${at}`, 'value', { ttlMs: 1_000 })
    await store.append(`log ${at}`, 'record', { ttlMs: 1_000, id: `id ${at}` })
    await store.read(`never ${at}`, 'birth', 1)
  }
  expect(platform.timers).toBe(1)
  platform.advance(15 * 60_000)
  // The sweep goes on only while there is something to find.
  expect(platform.timers).toBe(0)
})
