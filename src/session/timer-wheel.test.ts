import { expect, test } from 'vitest'
import { manualPlatform, seededRandom } from '../../test/unit/manual-platform.ts'
import { GRANULARITY_MS, TimerWheel } from './timer-wheel.ts'

test('a timer runs once, not before its time and at most 50 ms after', () => {
  for (const ms of [0, 1, 49, 50, 51, 99, 1_000, 30_000, 86_400_000]) {
    const platform = manualPlatform(1, 1_000_000_007)
    const wheel = new TimerWheel(platform)
    const begin = platform.now()
    const ran: number[] = []
    wheel.after(ms, () => ran.push(platform.now() - begin))
    platform.advance(Math.max(0, ms - 1))
    if (ms > 0) expect(ran).toEqual([])
    platform.advance(GRANULARITY_MS + 1)
    expect(ran).toHaveLength(1)
    expect(ran[0]).toBeGreaterThanOrEqual(ms)
    expect(ran[0]).toBeLessThanOrEqual(ms + GRANULARITY_MS)
    platform.advance(2 * 86_400_000)
    expect(ran).toHaveLength(1)
  }
})

test('a cancelled timer never runs, and cancelling again or late does nothing', () => {
  const platform = manualPlatform()
  const wheel = new TimerWheel(platform)
  const ran: string[] = []
  const cancelled = wheel.after(100, () => ran.push('cancelled'))
  const kept = wheel.after(100, () => ran.push('kept'))
  cancelled.cancel()
  cancelled.cancel()
  platform.advance(1_000)
  kept.cancel()
  platform.advance(1_000)
  expect(ran).toEqual(['kept'])
})

test('an earlier timer set after a later one runs first', () => {
  const platform = manualPlatform()
  const wheel = new TimerWheel(platform)
  const ran: string[] = []
  wheel.after(10_000, () => ran.push('late'))
  wheel.after(100, () => ran.push('early'))
  platform.advance(200)
  expect(ran).toEqual(['early'])
  platform.advance(10_000)
  expect(ran).toEqual(['early', 'late'])
})

test('a timer may set and cancel others while it runs', () => {
  const platform = manualPlatform()
  const wheel = new TimerWheel(platform)
  const ran: string[] = []
  wheel.after(100, () => {
    ran.push('first')
    other.cancel()
    wheel.after(0, () => ran.push('at once'))
    wheel.after(100, () => ran.push('later'))
  })
  const other = wheel.after(100, () => ran.push('cancelled by the first'))
  platform.advance(160)
  expect(ran).toEqual(['first', 'at once'])
  platform.advance(200)
  expect(ran).toEqual(['first', 'at once', 'later'])
})

test('one timer of the platform serves all, and none when nothing waits', () => {
  const platform = manualPlatform()
  const wheel = new TimerWheel(platform)
  for (let at = 0; at < 1_000; at++) wheel.after(at * 7, () => {})
  expect(platform.timers).toBe(1)
  platform.advance(10_000)
  expect(platform.timers).toBe(0)
})

test('timers that were all cancelled leave nothing behind', () => {
  const platform = manualPlatform()
  const wheel = new TimerWheel(platform)
  for (let call = 0; call < 1_000; call++) wheel.after(call * 100, () => {}).cancel()
  platform.advance(200_000)
  expect(platform.timers).toBe(0)
})

test('stop drops every timer, and the wheel can be used again', () => {
  const platform = manualPlatform()
  const wheel = new TimerWheel(platform)
  const ran: string[] = []
  wheel.after(100, () => ran.push('dropped'))
  wheel.stop()
  expect(platform.timers).toBe(0)
  wheel.after(100, () => ran.push('after stop'))
  platform.advance(1_000)
  expect(ran).toEqual(['after stop'])
})

test('whatever is set and cancelled at random, each timer runs once in its time or never', () => {
  const random = seededRandom(11)
  const platform = manualPlatform()
  const wheel = new TimerWheel(platform)
  const waiting = new Map<number, { due: number; cancel(): void }>()
  let made = 0
  let ran = 0
  for (let step = 0; step < 20_000; step++) {
    const roll = random()
    if (roll < 0.5) {
      const id = ++made
      const ms = Math.floor(random() ** 3 * 5_000)
      const due = platform.now() + ms
      const timer = wheel.after(ms, () => {
        if (!waiting.delete(id)) throw new Error(`Timer ${id} ran after it had run or was cancelled.`)
        if (platform.now() < due || platform.now() > due + GRANULARITY_MS)
          throw new Error(`Timer ${id} ran at the wrong time.`)
        ran++
      })
      waiting.set(id, { due, cancel: () => timer.cancel() })
    } else if (roll < 0.7 && waiting.size > 0) {
      const id = [...waiting.keys()][Math.floor(random() * waiting.size)]!
      waiting.get(id)!.cancel()
      waiting.delete(id)
    } else {
      platform.advance(Math.floor(random() * 120))
      for (const [id, { due }] of waiting) {
        if (due + GRANULARITY_MS < platform.now()) throw new Error(`Timer ${id} did not run.`)
      }
    }
  }
  platform.advance(10_000)
  expect(waiting.size).toBe(0)
  expect(ran).toBeGreaterThan(3_000)
})
