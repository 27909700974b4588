import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { McpError } from './errors.ts'
import {
  answerMessage,
  classify,
  errorMessage,
  idText,
  isRequestId,
  JsonText,
  notificationMessage,
  requestMessage,
  resultMessage,
} from './jsonrpc.ts'

describe('ids', () => {
  test('strings of at most 128 bytes and safe integers are ids', () => {
    for (const id of [
      '',
      'a',
      'a'.repeat(128),
      'ä'.repeat(64),
      '😀'.repeat(32),
      0,
      -0,
      1,
      -1,
      2 ** 53 - 1,
      1 - 2 ** 53,
    ]) {
      expect(isRequestId(id), JSON.stringify(id)).toBe(true)
    }
  })

  test('anything else is none', () => {
    const others = ['a'.repeat(129), 'ä'.repeat(65), '😀'.repeat(33), `${'a'.repeat(126)}€`, 1.5, 2 ** 53, Number.NaN]
    for (const id of [...others, Number.POSITIVE_INFINITY, null, undefined, true, {}, ['a'], 1n]) {
      expect(isRequestId(id), String(id)).toBe(false)
    }
  })

  test('the limit is one of bytes, for every text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 30, maxLength: 140 }), (id) => {
        expect(isRequestId(id)).toBe(Buffer.byteLength(id) <= 128)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('classify', () => {
  const message = (members: object): unknown => ({ jsonrpc: '2.0', ...members })

  test.each([
    [{ id: 1, method: 'ping' }, 'request'],
    [{ id: 'a', method: 'ping', params: {} }, 'request'],
    [{ id: 0, method: 'ping' }, 'request'],
    [{ id: '', method: 'ping' }, 'request'],
    [{ method: 'notifications/initialized' }, 'notification'],
    [{ method: 'ping', params: { _meta: {} } }, 'notification'],
    [{ id: 1, result: {} }, 'response'],
    [{ id: 'a', error: { code: -1, message: 'no' } }, 'response'],
    [{ id: 'a', error: { code: -1, message: '', data: null } }, 'response'],
    // Ids of answers are only looked up, so that a long one is nobody's and no error.
    [{ id: 'a'.repeat(500), result: {} }, 'response'],
    [{ id: 1.5, result: {} }, 'response'],
    [{ id: 1, method: 'ping', extension: true }, 'request'],
  ] as const)('%j is a %s', (members, kind) => {
    expect(classify(message(members))).toBe(kind)
  })

  test.each([
    [null, /object/],
    [[], /object/],
    ['{}', /object/],
    [5, /object/],
    [{}, /jsonrpc/],
    [{ jsonrpc: '1.0', id: 1, method: 'ping' }, /jsonrpc/],
    [{ jsonrpc: 2, id: 1, method: 'ping' }, /jsonrpc/],
    [message({}), /method, a result or an error/],
    [message({ id: 1 }), /method, a result or an error/],
    [message({ id: 1, method: '' }), /method/],
    [message({ id: 1, method: 5 }), /method/],
    [message({ id: 1, method: null }), /method/],
    [message({ id: 1, method: 'ping', params: [] }), /params/],
    [message({ id: 1, method: 'ping', params: null }), /params/],
    [message({ method: 'ping', params: 'x' }), /params/],
    [message({ id: null, method: 'ping' }), /id must be/],
    [message({ id: true, method: 'ping' }), /id must be/],
    [message({ id: 1.5, method: 'ping' }), /id must be/],
    [message({ id: 2 ** 53, method: 'ping' }), /id must be/],
    [message({ id: 'a'.repeat(129), method: 'ping' }), /128 bytes/],
    [message({ id: {}, method: 'ping' }), /id must be/],
    [message({ id: 1, method: 'ping', result: {} }), /neither result nor error/],
    [message({ id: 1, method: 'ping', error: { code: 1, message: '' } }), /neither result nor error/],
    [message({ id: 1, result: {}, error: { code: 1, message: '' } }), /not both/],
    [message({ result: {} }), /id/],
    [message({ id: null, result: {} }), /id/],
    [message({ id: null, error: { code: 1, message: '' } }), /id/],
    [message({ id: 1, result: 5 }), /result must be an object/],
    [message({ id: 1, result: [] }), /result must be an object/],
    [message({ id: 1, result: null }), /result must be an object/],
    [message({ id: 1, error: 'no' }), /error must have/],
    [message({ id: 1, error: { code: 'x', message: '' } }), /error must have/],
    [message({ id: 1, error: { code: 1.5, message: '' } }), /error must have/],
    [message({ id: 1, error: { code: 1 } }), /error must have/],
  ] as const)('%j is no message', (value, reason) => {
    expect(classify(value)).toEqual({ invalid: expect.stringMatching(reason) })
  })

  test('any JSON is a message or refused with a sentence, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), fc.jsonValue(), (method, id, params) => {
        for (const value of [method, { jsonrpc: '2.0', method, id, params }, { jsonrpc: '2.0', id, result: params }]) {
          const kind = classify(value)
          if (typeof kind !== 'string') expect(kind.invalid).toMatch(/\.$/)
        }
      }),
    )
  })
})

describe('what is written', () => {
  test('ids keep their type and any text is escaped', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary' }), fc.maxSafeInteger()),
        fc.dictionary(fc.string(), fc.jsonValue()),
        (id, result) => {
          expect(JSON.parse(idText(id))).toBe(Object.is(id, -0) ? 0 : id)
          expect(JSON.parse(resultMessage(id, result))).toEqual(
            JSON.parse(JSON.stringify({ jsonrpc: '2.0', id, result })),
          )
          expect(JSON.parse(requestMessage(id, 'roots/list', result))).toMatchObject({ method: 'roots/list' })
        },
      ),
    )
  })

  test('no message holds a line break, which would end its SSE event', () => {
    const text = 'one\ntwo\r\nthree\u2028'
    for (const written of [
      resultMessage(text, { text }),
      requestMessage(text, 'ping', { text }),
      notificationMessage('notifications/message', { text }),
      errorMessage(text, new McpError('invalid_params', text, { data: { text } })),
    ]) {
      expect(written).not.toMatch(/[\n\r]/)
    }
  })

  test('a ready text is taken as it is', () => {
    expect(resultMessage(1, new JsonText('{"tools":[]}'))).toBe('{"jsonrpc":"2.0","id":1,"result":{"tools":[]}}')
  })

  test('a request and a notification without params have no params', () => {
    expect(requestMessage('a', 'ping')).toBe('{"jsonrpc":"2.0","id":"a","method":"ping"}')
    expect(notificationMessage('notifications/tools/list_changed')).toBe(
      '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
    )
  })

  test('an error has its code, its data if any, and no id where none could be read', () => {
    const plain = new McpError('invalid_params', 'city: no such city')
    expect(JSON.parse(errorMessage('a', plain))).toEqual({
      jsonrpc: '2.0',
      id: 'a',
      error: { code: -32602, message: 'city: no such city' },
    })
    const withData = new McpError('resource_not_found', 'Resource not found', { data: { uri: 'x:y' }, cause: 'secret' })
    expect(JSON.parse(errorMessage(undefined, withData))).toEqual({
      jsonrpc: '2.0',
      error: { code: -32002, message: 'Resource not found', data: { uri: 'x:y' } },
    })
  })

  test('error data that is no JSON is left out rather than losing the answer', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const text = errorMessage(1, new McpError('invalid_params', 'no', { data: cycle }))
    expect(JSON.parse(text)).toEqual({ jsonrpc: '2.0', id: 1, error: { code: -32602, message: 'no' } })
  })

  test.each([
    [
      'a cycle',
      () => {
        const cycle: { self?: unknown } = {}
        cycle.self = cycle
        return cycle
      },
    ],
    ['a BigInt', () => ({ big: 1n })],
    [
      'a toJSON that throws',
      () => ({
        toJSON: () => {
          throw new Error('password=hunter2')
        },
      }),
    ],
  ] as const)('a result with %s becomes an error that says nothing of it', (_, make) => {
    const { text, failed } = answerMessage(7, make())
    expect(JSON.parse(text)).toEqual({ jsonrpc: '2.0', id: 7, error: { code: -32603, message: 'Internal error' } })
    expect(failed?.cause).toBeDefined()
    expect(text).not.toContain('hunter2')
  })
})
