import fc from 'fast-check'
import { expect, test } from 'vitest'
import { decodeHeaderValue } from './header-value.ts'

const encode = (text: string): string => `=?base64?${Buffer.from(text).toString('base64')}?=`

test.each(['us-west1', '', 'a b', 'a\tb', '=?base64?', '?=', '=?BASE64?YQ==?=', '=?base64?YQ==', 'YQ==?='])(
  '%j stands for itself',
  (value) => {
    expect(decodeHeaderValue(value)).toBe(value)
  },
)

// The examples of the specification.
test.each([
  ['=?base64?SGVsbG8sIOS4lueVjA==?=', 'Hello, 世界'],
  ['=?base64?IHBhZGRlZCA=?=', ' padded '],
  ['=?base64?bGluZTEKbGluZTI=?=', 'line1\nline2'],
  ['=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?=', '=?base64?literal?='],
  ['=?base64??=', ''],
])('%s stands for %j', (value, text) => {
  expect(decodeHeaderValue(value)).toBe(text)
})

test.each([
  'ü',
  '\u0000',
  '\u007f',
  'a\r\nb',
  '=?base64?SGVsbG8?=',
  '=?base64?a?=',
  '=?base64?Y Q=?=',
  '=?base64?/w==?=',
])('%j is no value', (value) => {
  expect(decodeHeaderValue(value)).toBeUndefined()
})

test('whatever is encoded comes back', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const whole = Buffer.from(text).toString()
      expect(decodeHeaderValue(encode(whole))).toBe(whole)
    }),
  )
})
