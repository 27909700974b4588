import { describe, expect, test } from 'vitest'
import { createParamHeaders } from './param-headers.ts'

/** What becomes of a tool with this schema: its headers for these arguments, or why it is refused. */
function headersOf(inputSchema: object, args: object = {}): Record<string, string> | string {
  const headers = createParamHeaders()
  let refusal: string | undefined
  const { tools } = headers.learn({ tools: [{ name: 'tool', inputSchema }] }, (_, why) => {
    refusal = why
  })
  expect((tools as unknown[]).length).toBe(refusal === undefined ? 1 : 0)
  return refusal ?? headers.of('tool', args)
}

const on = (schema: object): object => ({ type: 'object', properties: { a: schema } })
const mirrored = (type: string, name: unknown = 'A'): object => ({ type, 'x-mcp-header': name })

describe('the headers of a call', () => {
  test.each([
    [{ a: 'x' }, { 'mcp-param-a': 'x' }],
    [{ a: 'ä' }, { 'mcp-param-a': '=?base64?w6Q=?=' }],
    [{ a: '' }, { 'mcp-param-a': '' }],
    [{ a: null }, {}],
    [{}, {}],
    [{ a: { deep: 1 } }, {}],
  ])('%j', (args, expected) => {
    expect(headersOf(on(mirrored('string')), args)).toEqual(expected)
  })

  test('numbers and booleans, at the end of a chain of properties', () => {
    const deep = on({ type: 'object', properties: { n: mirrored('integer', 'Deep-N'), b: mirrored('boolean', 'b') } })
    expect(headersOf(deep, { a: { n: -7, b: false } })).toEqual({ 'mcp-param-deep-n': '-7', 'mcp-param-b': 'false' })
    expect(headersOf(deep, { a: { n: 1.5 } })).toEqual({})
    expect(headersOf(deep, { a: ['n'] })).toEqual({})
  })

  test('a tool that was not listed, and one without annotations, have none', () => {
    expect(createParamHeaders().of('unknown', { a: 1 })).toEqual({})
    expect(headersOf({ type: 'object' }, { a: 1 })).toEqual({})
  })

  test('a property called like the annotation, or data that looks like one, is none', () => {
    expect(headersOf({ type: 'object', properties: { 'x-mcp-header': { type: 'string' } } })).toEqual({})
    expect(headersOf(on({ type: 'string', default: { 'x-mcp-header': '' } }))).toEqual({})
  })

  test('a definition that is listed anew replaces the older one', () => {
    const headers = createParamHeaders()
    const listed = (name: string): void => {
      headers.learn({ tools: [{ name: 'tool', inputSchema: on(mirrored('string', name)) }] }, () => {})
    }
    listed('old')
    listed('new')
    expect(headers.of('tool', { a: 'x' })).toEqual({ 'mcp-param-new': 'x' })
  })
})

describe('a tool is refused', () => {
  test.each([
    ['an empty name', on(mirrored('string', ''))],
    ['a name that is no token', on(mirrored('string', 'a b'))],
    ['a name with a line break', on(mirrored('string', 'a\r\nb'))],
    ['a name that is no string', on(mirrored('string', 7))],
    ['a number', on(mirrored('number'))],
    ['an object', on(mirrored('object'))],
    ['a schema without a type', on({ 'x-mcp-header': 'A' })],
    ['the root', { type: 'object', 'x-mcp-header': 'A' }],
    ['items', on({ type: 'array', items: mirrored('string') })],
    ['a composition', { type: 'object', anyOf: [on(mirrored('string'))] }],
    ['a condition', { type: 'object', if: on(mirrored('string')) }],
    ['a definition', { type: 'object', $defs: { d: mirrored('string') } }],
    [
      'a name used twice, whatever its case',
      { type: 'object', properties: { a: mirrored('string', 'X'), b: mirrored('string', 'x') } },
    ],
  ])('for %s', (_, schema) => {
    expect(headersOf(schema)).toMatch(/x-mcp-header/)
  })

  test('and the others of the list are not', () => {
    const refused: string[] = []
    const headers = createParamHeaders()
    const result = headers.learn(
      {
        tools: [
          { name: 'bad', inputSchema: on(mirrored('number')) },
          { name: 'good', inputSchema: {} },
        ],
        nextCursor: 'c',
        ttlMs: 5,
      },
      (tool) => refused.push(tool),
    )
    expect(result).toEqual({ tools: [{ name: 'good', inputSchema: {} }], nextCursor: 'c', ttlMs: 5 })
    expect(refused).toEqual(['bad'])
  })
})
