import { expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { AnsweredExchanges } from './answered-exchanges.ts'
import { TimerWheel } from './timer-wheel.ts'

const exchange = { rewrite: () => {} }

function kept() {
  const platform = manualPlatform()
  return { platform, answered: new AnsweredExchanges(new TimerWheel(platform)) }
}

test('an answer can be written again for 10 s', async () => {
  const { platform, answered } = kept()
  answered.put('one', exchange, 10)
  await platform.pass(9_900)
  expect(answered.get('one')).toBe(exchange)
  await platform.pass(200)
  expect([answered.get('one'), answered.size]).toEqual([undefined, 0])
})

test('at most 1,000 are kept, and 16 million characters; the oldest go', () => {
  const { answered } = kept()
  for (let n = 0; n < 1_500; n++) answered.put(`short ${n}`, exchange, 1)
  expect([answered.size, answered.get('short 499'), answered.get('short 500')]).toEqual([1_000, undefined, exchange])
  for (let n = 0; n < 5; n++) answered.put(`long ${n}`, exchange, 4_000_000)
  expect([answered.size, answered.get('long 0'), answered.get('long 1')]).toEqual([4, undefined, exchange])
  answered.put('longer than all together', exchange, 16_000_001)
  expect([answered.size, answered.get('long 4')]).toEqual([4, exchange])
})
