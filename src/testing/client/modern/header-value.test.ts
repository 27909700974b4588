import { expect, test } from 'vitest'
import { headerValue } from './header-value.ts'

// The examples of the specification, and what HTTP would change on the way.
test.each([
  ['us-west1', 'us-west1'],
  ['Hello, 世界', '=?base64?SGVsbG8sIOS4lueVjA==?='],
  [' padded ', '=?base64?IHBhZGRlZCA=?='],
  ['line1\nline2', '=?base64?bGluZTEKbGluZTI=?='],
  ['=?base64?literal?=', '=?base64?PT9iYXNlNjQ/bGl0ZXJhbD89?='],
  ['=?base64?=', '=?base64?PT9iYXNlNjQ/PQ==?='],
  ['a\tb c', 'a\tb c'],
  ['tail\t', '=?base64?dGFpbAk=?='],
  ['', ''],
  ['\u007f', '=?base64?fw==?='],
])('%j is written as %j', (value, written) => {
  expect(headerValue(value)).toBe(written)
})
