import { expect, test } from 'vitest'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { RandomPool } from './random-pool.ts'
import { RandomTags } from './random-tags.ts'

test('no byte of the random source is handed out twice', () => {
  let next = 0
  const pool = new RandomPool({ randomBytes: (length) => Uint8Array.from({ length }, () => next++) })
  const taken = new Set<number>()
  let last = -1
  for (const length of [1, 12, 16, 8192, 5, 8191, 2, 8000, 200]) {
    const piece = pool.take(length)
    expect(piece.length).toBe(length)
    // What follows at most skips to the next pool.
    expect(piece[0]).not.toBe(last)
    last = piece.at(-1)!
    taken.add(length)
  }
  expect(taken.size).toBe(9)
})

test('pieces keep what they hold while others are taken', () => {
  const { randomBytes } = manualPlatform(3)
  const pool = new RandomPool({ randomBytes })
  const pieces = Array.from({ length: 3_000 }, () => pool.take(16))
  const copies = pieces.map((piece) => Buffer.from(piece).toString('hex'))
  for (let at = 0; at < 3_000; at++) pool.take(16)
  expect(pieces.map((piece) => Buffer.from(piece).toString('hex'))).toEqual(copies)
  expect(new Set(copies).size).toBe(3_000)
})

test('tags have 128 bits in 22 characters, and never repeat', () => {
  const tags = new RandomTags(new RandomPool(manualPlatform(4)))
  const made = new Set<string>()
  for (let at = 0; at < 20_000; at++) made.add(tags.next())
  expect(made.size).toBe(20_000)
  for (const tag of made) expect(tag).toMatch(/^[A-Za-z0-9_-]{21}[AQgw]$/)
})
