import { expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { Turns } from './turns.ts'

test('all listeners of a turn share one callback of the platform, in their order', () => {
  let callbacks = 0
  const platform = manualPlatform()
  const turns = new Turns({
    afterTurn(run) {
      callbacks++
      platform.afterTurn(run)
    },
  })
  const told: number[] = []
  for (let at = 0; at < 10; at++) turns.add({ turnEnded: () => told.push(at) })
  expect(told).toEqual([])
  platform.endTurn()
  expect(told).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(callbacks).toBe(1)
  platform.endTurn()
  expect(told).toHaveLength(10)
})

test('who is added while listeners are told is told after the next turn', () => {
  const platform = manualPlatform()
  const turns = new Turns(platform)
  const told: string[] = []
  const second = { turnEnded: () => told.push('second') }
  turns.add({
    turnEnded() {
      told.push('first')
      turns.add(second)
    },
  })
  platform.endTurn()
  expect(told).toEqual(['first'])
  platform.endTurn()
  expect(told).toEqual(['first', 'second'])
})
