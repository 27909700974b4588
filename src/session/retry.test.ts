import { expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { RetryTimes } from './retry.ts'

test('case 71: clients come back after 1.5 to 4 seconds, spread evenly', () => {
  const retry = new RetryTimes(manualPlatform(5))
  const times = Array.from({ length: 10_000 }, () => retry.next())
  expect(Math.min(...times)).toBe(1_500)
  expect(Math.max(...times)).toBeLessThan(4_000)
  expect(Math.max(...times)).toBeGreaterThan(3_900)
  for (let from = 1_500; from < 4_000; from += 500) {
    const share = times.filter((ms) => ms >= from && ms < from + 500).length
    expect(share).toBeGreaterThan(1_700)
    expect(share).toBeLessThan(2_300)
  }
  expect(times.every(Number.isInteger)).toBe(true)
})
