import { expect, test } from 'vitest'
import { sipBegin, sipHash, sipHashText, sipKey } from './siphash.ts'

// The reference vectors of the SipHash paper: key 00..0f, message 00..(n-1).
const key = sipKey(Uint8Array.from({ length: 16 }, (_, index) => index))
const message = (length: number): string => String.fromCharCode(...Array.from({ length }, (_, index) => index))
const vectors: readonly [number, string][] = [
  [0, '726fdb47dd0e0e31'],
  [1, '74f839c593dc67fd'],
  [7, 'ab0200f58b01d137'],
  [8, '93f5f5799a932462'],
  [15, 'a129ca6149be45e5'],
]

test.each(vectors)('the reference vector of %i bytes', (length, expected) => {
  const { high, low } = sipHash(key, message(length))
  expect(high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')).toBe(expected)
})

test('the text is base64url of the eight bytes', () => {
  expect(sipHashText(key, '')).toBe(Buffer.from('726fdb47dd0e0e31', 'hex').toString('base64url'))
})

test('a shared beginning changes nothing about the hash', () => {
  for (let length = 0; length < 20; length++) {
    const text = message(24 + length)
    expect(sipHash(sipBegin(key, text.slice(0, 24)), text.slice(24))).toEqual(sipHash(key, text))
  }
  expect(() => sipBegin(key, 'short')).toThrow(RangeError)
})
