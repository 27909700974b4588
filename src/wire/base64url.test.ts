import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeBase64url, encodeBase64url } from './base64url.ts'

test('the test vectors of RFC 4648, section 10, without padding', () => {
  const vectors = { '': '', f: 'Zg', fo: 'Zm8', foo: 'Zm9v', foob: 'Zm9vYg', fooba: 'Zm9vYmE', foobar: 'Zm9vYmFy' }
  for (const [text, encoded] of Object.entries(vectors)) {
    expect(encodeBase64url(Buffer.from(text))).toBe(encoded)
    expect(decodeBase64url(encoded)).toEqual(new Uint8Array(Buffer.from(text)))
  }
})

test('any bytes are written as Node writes them, and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const text = encodeBase64url(bytes)
      expect(text).toBe(Buffer.from(bytes).toString('base64url'))
      expect(decodeBase64url(text)).toEqual(bytes)
    }),
    { numRuns: 1_000 },
  )
})

test('bytes have one spelling: whatever is read is the canonical text', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const texts = fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 12 })
  let refused = 0
  fc.assert(
    fc.property(texts, (text) => {
      const bytes = decodeBase64url(text)
      if (bytes === undefined) refused++
      else expect(encodeBase64url(bytes)).toBe(text)
    }),
    { numRuns: 5_000 },
  )
  expect(refused).toBeGreaterThan(1_000)
})

test('set bits behind the last byte are refused', () => {
  expect(decodeBase64url('Zg')).toBeDefined()
  for (const text of ['Zh', 'Zi', 'Zo', 'Z_', 'Zm9', 'Zm-', 'AAB']) expect(decodeBase64url(text), text).toBeUndefined()
})

test.each([
  'A',
  'AAAAA',
  'Zg==',
  'Zg=',
  'Zm9v\n',
  ' Zm9v',
  'Zm+v',
  'Zm/v',
  'Zm9v.',
  'Zm9\u0076\u0301',
  'ŻZZZ',
  'ſſſſ',
  'AA\u0000A',
])('%j is refused', (text) => {
  expect(decodeBase64url(text)).toBeUndefined()
})

test('no unit of UTF-16 beyond ASCII is taken for a digit', () => {
  for (let code = 0; code <= 0xffff; code++) {
    const digit = String.fromCharCode(code)
    const known = /^[A-Za-z0-9_-]$/.test(digit)
    expect(decodeBase64url(`AAA${digit}`) !== undefined, `U+${code.toString(16)}`).toBe(known)
  }
})
