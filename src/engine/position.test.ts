import fc from 'fast-check'
import { expect, test } from 'vitest'
import { comparePositions } from './position.ts'

const base36 = (number: number): string => number.toString(36)

test('positions of one incarnation are ordered as the numbers behind their last hyphen', () => {
  fc.assert(
    fc.property(fc.nat(), fc.nat(), (left, right) => {
      const order = comparePositions(`epoch-7-${base36(left)}`, `epoch-7-${base36(right)}`)
      expect(Math.sign(order!)).toBe(Math.sign(left - right))
    }),
  )
})

test('positions of Redis streams are ordered by time, then by number', () => {
  expect(comparePositions('e-1700000000000-9', 'e-1700000000000-10')).toBeLessThan(0)
  expect(comparePositions('e-1700000000000-10', 'e-1700000000000-9')).toBeGreaterThan(0)
})

test('positions of different incarnations have no order', () => {
  expect(comparePositions('epoch-7-1', 'epoch-8-1')).toBeUndefined()
  expect(comparePositions('epoch-7-1', 'epoch-70-1')).toBeUndefined()
  expect(comparePositions('one-7-1', 'two-7-1')).toBeUndefined()
  expect(comparePositions('', 'epoch-7-1')).toBeUndefined()
})

test('a position equals itself, whatever its form', () => {
  fc.assert(fc.property(fc.string(), (position) => comparePositions(position, position) === 0))
})
