import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../test/unit/manual-platform.ts'
import { sseEvent, ssePriming, sseRetry } from '../wire/sse.ts'
import { StreamWindow, skipEvents } from './stream-window.ts'

const LIMITS = { windowMs: 120_000, windowEvents: 10, windowBytes: 10_000 }

const event = (sequence: number): string => sseEvent(`id-${sequence}`, `{"n":${sequence}}`)
const events = (first: number, last: number): string =>
  Array.from({ length: last - first + 1 }, (_, at) => event(first + at)).join('')

function windowOf(...chunks: readonly (readonly [first: number, last: number])[]): StreamWindow {
  const window = new StreamWindow()
  for (const [first, last] of chunks) window.push(first, last, events(first, last), 0, 0)
  return window
}

describe('what comes after an event', () => {
  test('is given from the middle of a chunk as well', () => {
    const window = windowOf([0, 2], [3, 3], [4, 9])
    for (let last = -1; last < 9; last++) expect(window.after(last)).toBe(events(last + 1, 9))
    expect(window.after(9)).toBe('')
  })

  test('is refused as a whole when its first event is gone', () => {
    const window = windowOf([3, 4], [5, 6])
    expect(window.after(2)).toBe(events(3, 6))
    expect(window.after(1)).toBeUndefined()
    expect(window.after(-1)).toBeUndefined()
  })

  test('is refused by a window that holds nothing', () => {
    expect(new StreamWindow().after(-1)).toBeUndefined()
    expect(new StreamWindow().first).toBeUndefined()
  })
})

describe('trimming', () => {
  test('keeps so many events, a chunk being kept or gone as a whole', () => {
    const window = windowOf([0, 3], [4, 7], [8, 11], [12, 13])
    window.trim(0, LIMITS)
    expect(window.first).toBe(4)
    expect(window.all()).toBe(events(4, 13))
  })

  test('does not count questions and the final event', () => {
    const window = new StreamWindow()
    for (let sequence = 0; sequence < 20; sequence++)
      window.push(sequence, sequence, event(sequence), 0, sequence < 15 ? 1 : 0)
    window.trim(0, LIMITS)
    expect(window.first).toBe(0)
  })

  test('keeps so many bytes', () => {
    const window = new StreamWindow()
    for (let sequence = 0; sequence < 5; sequence++) window.push(sequence, sequence, 'x'.repeat(4_000), 0, 0)
    window.trim(0, LIMITS)
    expect(window.first).toBe(3)
  })

  test('keeps the newest chunk whatever its size', () => {
    const window = new StreamWindow()
    window.push(0, 99, 'x'.repeat(1_000_000), 0, 0)
    window.trim(1e9, LIMITS)
    expect(window.first).toBe(0)
    window.push(100, 100, 'y', 1e9, 0)
    window.trim(1e9, LIMITS)
    expect(window.first).toBe(100)
  })

  test('forgets what is older than the window, questions included', () => {
    const window = new StreamWindow()
    window.push(0, 0, event(0), 1_000, 1)
    window.push(1, 1, event(1), 2_000, 0)
    window.push(2, 2, event(2), 130_000, 0)
    window.trim(121_000, LIMITS)
    expect(window.first).toBe(0)
    window.trim(121_001, LIMITS)
    expect(window.first).toBe(1)
  })
})

describe('skipping events', () => {
  test('counts events, and passes over a waiting time in front', () => {
    const text = ssePriming('id', 5) + events(1, 3)
    expect(skipEvents(text, 0)).toBe(text)
    expect(skipEvents(text, 1)).toBe(events(1, 3))
    expect(skipEvents(text, 3)).toBe(event(3))
    expect(skipEvents(text, 4)).toBe('')
    expect(skipEvents(text, 9)).toBe('')
    expect(skipEvents(sseRetry(5) + events(0, 1), 1)).toBe(event(1))
    expect(skipEvents('', 0)).toBe('')
  })
})

test('a window never gives a part: against a plain list of events', () => {
  const random = seededRandom(21)
  for (let run = 0; run < 200; run++) {
    const window = new StreamWindow()
    const limits = { windowMs: 500, windowEvents: 1 + Math.floor(random() * 12), windowBytes: 100 + random() * 600 }
    let sequence = 0
    let now = 0
    for (let step = 0; step < 60; step++) {
      now += Math.floor(random() * 100)
      const count = 1 + Math.floor(random() * 4)
      window.push(sequence, sequence + count - 1, events(sequence, sequence + count - 1), now, 0)
      sequence += count
      if (random() < 0.7) window.trim(now, limits)
      const last = Math.floor(random() * (sequence + 1)) - 1
      const given = window.after(last)
      if (last + 1 < window.first!) expect(given).toBeUndefined()
      else expect(given).toBe(last + 1 > sequence - 1 ? '' : events(last + 1, sequence - 1))
    }
  }
})
