import { expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { FinishedStreams } from './finished-streams.ts'
import { TimerWheel } from './timer-wheel.ts'

const KEEP_MS = 120_000
const INDEX_BYTES = 1024 * 20

function finishedStreams(maxBytes: number) {
  const platform = manualPlatform()
  return { platform, finished: new FinishedStreams(platform, new TimerWheel(platform), maxBytes, KEEP_MS) }
}

test('a stream is there until it is older than the window', () => {
  const { platform, finished } = finishedStreams(4_000_000)
  finished.put(7, 3, 'data: é\n\n', false)
  finished.put(8, 0, '{"answer":"😀"}', true)
  expect(finished.get(7)).toEqual({ first: 3, text: 'data: é\n\n', bare: false })
  expect(finished.get(8)).toEqual({ first: 0, text: '{"answer":"😀"}', bare: true })
  expect(finished.get(9)).toBeUndefined()
  platform.advance(KEEP_MS + 1)
  expect(finished.get(7)).toBeUndefined()
  platform.advance(KEEP_MS)
  expect([finished.size, finished.bytes]).toEqual([0, INDEX_BYTES])
})

test('whatever the bound is, it holds the newest streams and is not passed', () => {
  for (const maxBytes of [4_000, 100_000, 1_000_000, 1_500_000, 5_000_000]) {
    const { finished } = finishedStreams(maxBytes)
    // Enough to go round several times. A text is planned with three bytes for each of its characters.
    const text = 'x'.repeat(maxBytes / 40)
    for (let call = 0; call < 200; call++) {
      finished.put(call, 0, text, false)
      expect(finished.bytes - INDEX_BYTES).toBeLessThanOrEqual(maxBytes)
      for (let newer = Math.max(0, call - 15); newer <= call; newer++) expect(finished.get(newer)?.text).toBe(text)
    }
    expect(finished.get(100)).toBeUndefined()
  }
})

test('a text that is too long for the bound is not kept, and pushes nothing out', () => {
  const { finished } = finishedStreams(100_000)
  finished.put(1, 0, 'kept', false)
  finished.put(2, 0, 'x'.repeat(100_000), false)
  expect([finished.get(1)?.text, finished.get(2)]).toEqual(['kept', undefined])
  const { finished: none } = finishedStreams(0)
  none.put(1, 0, '', false)
  expect([none.get(1), none.bytes]).toEqual([undefined, INDEX_BYTES])
})
