import { expect, test } from 'vitest'
import { VerifiedTokens } from './verified-tokens.ts'

const admitted = (principal: string) => ({ identity: undefined, principal })

test('a token is known until its time, and not after', () => {
  const tokens = new VerifiedTokens()
  tokens.add('Bearer a', { admitted: admitted('ada'), until: 100 })
  expect(tokens.get('Bearer a', 99)?.principal).toBe('ada')
  expect(tokens.get('Bearer a', 100)).toBeUndefined()
  expect(tokens.get('Bearer b', 0)).toBeUndefined()
  expect(tokens.size).toBe(0)
})

test('only so many are kept, and those in use stay', () => {
  const tokens = new VerifiedTokens(100)
  tokens.add('kept', { admitted: admitted('kept'), until: 1 })
  for (let at = 0; at < 1_000; at++) {
    tokens.add(`token ${at}`, { admitted: admitted(''), until: 1 })
    expect(tokens.get('kept', 0)?.principal).toBe('kept')
    expect(tokens.size).toBeLessThanOrEqual(101)
  }
  expect(tokens.get('token 0', 0)).toBeUndefined()
  expect(tokens.get('token 999', 0)).toBeDefined()
})

test('nor more characters than allowed', () => {
  const tokens = new VerifiedTokens(10_000, 10_000)
  for (let at = 0; at < 500; at++) tokens.add(`${at}`.padStart(1_000), { admitted: admitted(''), until: 1 })
  expect(tokens.size).toBeLessThanOrEqual(12)
})

test('tokens that end alike are told apart', () => {
  const tokens = new VerifiedTokens()
  const end = 'x'.repeat(64)
  tokens.add(`ada ${end}`, { admitted: admitted('ada'), until: 1 })
  expect(tokens.get(`bob ${end}`, 0)).toBeUndefined()
  expect(tokens.get(end, 0)).toBeUndefined()
  tokens.add(`bob ${end}`, { admitted: admitted('bob'), until: 1 })
  expect(tokens.get(`bob ${end}`, 0)?.principal).toBe('bob')
  expect(tokens.get(`ada ${end}`, 0)).toBeUndefined()
})

test('a token that is added again counts once', () => {
  const tokens = new VerifiedTokens(4, 1_000)
  for (let at = 0; at < 50; at++) tokens.add('x'.repeat(400), { admitted: admitted(''), until: 1 })
  expect(tokens.size).toBe(1)
})
