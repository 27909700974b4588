import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparePositions } from '../../engine/position.ts'
import { idAfter, START, TAGS, toPlace, toPosition } from './place.ts'

const life = fc.stringMatching(/^[0-9a-z]{12}$/)
const time = fc.integer({ min: 0, max: 36 ** 9 })
const tag = fc.integer({ min: 0, max: TAGS - 1 })

test('a place comes back from its position, which is short and has no dot', () => {
  fc.assert(
    fc.property(life, time, tag, (life, time, tag) => {
      const id = `${time}-${tag}`
      const position = toPosition(life, id)
      expect(toPlace(position)).toEqual({ life, id })
      expect(position).toMatch(/^[0-9a-z-]{1,32}$/)
    }),
  )
})

test('positions of a life are ordered like the ids in its stream, and its start comes first', () => {
  fc.assert(
    fc.property(life, fc.array(fc.tuple(time, tag), { minLength: 2, maxLength: 2 }), (life, [one, two]) => {
      const [left, right] = [one!, two!].map(([time, tag]) => toPosition(life, `${time}-${tag}`))
      const order = one![0] - two![0] || one![1] - two![1]
      expect(Math.sign(comparePositions(left!, right!)!)).toBe(Math.sign(order))
      expect(comparePositions(toPosition(life, START), toPosition(life, `${one![0] + 1}-0`))).toBeLessThan(0)
    }),
  )
})

test('what is no position of this engine is no place', () => {
  for (const text of [
    '',
    'nowhere',
    'birth',
    'a-b',
    '-0000000',
    'life-',
    'LIFE-0000000',
    'life-0000000 x',
    'a b-0000000',
  ]) {
    expect(toPlace(text), text).toBe(undefined)
  }
})

test('trimming keeps from the id that follows', () => {
  expect(idAfter('1763879000000-41')).toBe('1763879000000-42')
})
