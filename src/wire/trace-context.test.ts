import { expect, test } from 'vitest'
import { readTraceContext } from './trace-context.ts'

const TRACE = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01'

test('what follows the formats is read', () => {
  const meta = {
    traceparent: TRACE,
    tracestate: 'vendor=1, other=2',
    baggage: 'user=ada;secret,b=%20',
    progressToken: 1,
  }
  expect(readTraceContext(meta)).toEqual({
    traceparent: TRACE,
    tracestate: 'vendor=1, other=2',
    baggage: 'user=ada;secret,b=%20',
  })
  // A later version may add fields.
  expect(readTraceContext({ traceparent: `01${TRACE.slice(2)}-more` }).traceparent).toBe(`01${TRACE.slice(2)}-more`)
})

test.each([
  '',
  'x',
  TRACE.toUpperCase(),
  `ff${TRACE.slice(2)}`,
  TRACE.replace('0af7651916cd43dd8448eb211c80319c', '0'.repeat(32)),
  TRACE.replace('00f067aa0ba902b7', '0'.repeat(16)),
  ` ${TRACE}`,
  `${TRACE}\n`,
  `01${TRACE.slice(2)}-${'x'.repeat(300)}`,
  5,
  null,
  [TRACE],
])('the traceparent %j is none, and takes the tracestate with it', (traceparent) => {
  expect(readTraceContext({ traceparent, tracestate: 'a=1', baggage: 'b=2' })).toEqual({ baggage: 'b=2' })
})

test.each(['', 'x', 'a=1\r\nb=2', `a=${'x'.repeat(9_000)}`, 'ü=1', 5])('the baggage %.20j is none', (baggage) => {
  expect(readTraceContext({ baggage })).toEqual({})
})
