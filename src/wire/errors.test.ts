import { expect, test } from 'vitest'
import { ERRORS, type ErrorCode, INTERNAL_MESSAGE, McpError, ToolError, toMcpError } from './errors.ts'

test('an error of the protocol knows its JSON-RPC code and its HTTP status', () => {
  const codes = Object.keys(ERRORS) as ErrorCode[]
  expect(codes.length).toBeGreaterThan(30)
  for (const code of codes) {
    const error = new McpError(code, 'text')
    expect([error.rpcCode, error.status]).toEqual([ERRORS[code].rpc, ERRORS[code].status])
    // JSON-RPC keeps the range for itself and for what the specification defines.
    expect(error.rpcCode).toBeLessThanOrEqual(-32000)
    expect(error.rpcCode).toBeGreaterThanOrEqual(-32700)
  }
})

test('an McpError passes as it is', () => {
  const error = new McpError('invalid_params', 'no')
  expect(toMcpError(error)).toBe(error)
})

test.each([
  [new Error('password=hunter2')],
  ['password=hunter2'],
  [undefined],
  [null],
  [{ message: 'hunter2' }],
  [new ToolError('x')],
])('anything else thrown becomes an internal error without its text: %s', (thrown) => {
  const error = toMcpError(thrown)
  expect(error.code).toBe('internal_error')
  expect(error.message).toBe(INTERNAL_MESSAGE)
  expect(error.data).toBeUndefined()
  if (thrown !== undefined) expect(error.cause).toBe(thrown)
})
