import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalJson } from './canonical-json.ts'
import { sameJson } from './same-json.ts'

const copy = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

/** The same value with the members of every object written the other way round. */
function reversed(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).map(([name, member]) => [name, reversed(member)] as const)
  return Object.fromEntries(members.reverse())
}

describe('sameJson', () => {
  test('a value is the same as its copy, whatever the order of its members', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => sameJson(copy(value), reversed(copy(value)))))
  })

  test('it agrees with the canonical text', () => {
    const pair = fc.tuple(fc.jsonValue({ maxDepth: 2 }), fc.jsonValue({ maxDepth: 2 }))
    fc.assert(
      fc.property(pair, ([one, other]) => {
        const [a, b] = [copy(one), copy(other)]
        expect(sameJson(a, b)).toBe(canonicalJson(a) === canonicalJson(b))
      }),
    )
  })

  test.each([
    [{}, []],
    [{ a: 1 }, { a: '1' }],
    [{ a: 1 }, { a: 1, b: null }],
    [{ a: null }, { b: null }],
    [
      [1, 2],
      [2, 1],
    ],
    [[1], [1, 1]],
    [{ toString: null }, {}],
    [null, {}],
    [{ valueOf: 1 }, { hasOwnProperty: 1 }],
  ])('%j is not %j', (one, other) => {
    expect(sameJson(one, other)).toBe(false)
    expect(sameJson(other, one)).toBe(false)
  })
})
