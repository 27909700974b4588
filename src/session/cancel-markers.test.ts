import { expect, test } from 'vitest'
import { CancelMarkers } from './cancel-markers.ts'

function markers(): { cancelled: CancelMarkers; pass(ms: number): void } {
  let now = 1_000_000
  return {
    cancelled: new CancelMarkers(() => now),
    pass: (ms) => {
      now += ms
    },
  }
}

test('case 21: a cancellation that came first is found once', () => {
  const { cancelled } = markers()
  cancelled.add('session', 'request')
  expect(cancelled.take('session', 'request')).toBe(true)
  expect(cancelled.take('session', 'request')).toBe(false)
})

test('it concerns this request of this session only, type of the id included', () => {
  const { cancelled } = markers()
  cancelled.add('session', 1)
  expect(cancelled.take('other', 1)).toBe(false)
  expect(cancelled.take('session', '1')).toBe(false)
  expect(cancelled.take('session', 2)).toBe(false)
  expect(cancelled.take('session', 1)).toBe(true)
})

test('it holds for 30 seconds', () => {
  const { cancelled, pass } = markers()
  cancelled.add('session', 1)
  cancelled.add('session', 2)
  pass(30_000)
  expect(cancelled.take('session', 1)).toBe(true)
  pass(1)
  expect(cancelled.take('session', 2)).toBe(false)
})

test('a flood of them is bounded, and gives way when it is old', () => {
  const { cancelled, pass } = markers()
  for (let id = 0; id < 20_000; id++) cancelled.add('flood', id)
  expect(cancelled.take('flood', 0)).toBe(true)
  expect(cancelled.take('flood', 19_999)).toBe(false)
  pass(30_001)
  cancelled.add('session', 1)
  expect(cancelled.take('session', 1)).toBe(true)
})
