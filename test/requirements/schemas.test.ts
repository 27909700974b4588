import { createServer } from 'fairlead'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from './requirements.ts'
import { open } from './session.ts'
import { start } from './start.ts'

describe('JSON Schema', () => {
  const use = async (inputSchema: object, args: object) => {
    const own = createServer({ name: 'schemas', version: '1.0.0' })
    own.tool('use', { inputSchema: { type: 'object', ...inputSchema } }, async () => 'used')
    const session = await open(await start(own))
    const { result } = await session.call('use', args)
    const { tools } = (await session.request('tools/list')).result as { tools: { inputSchema: object }[] }
    return { accepted: result!['isError'] !== true, published: tools[0]!.inputSchema }
  }

  test.each([
    [
      '$defs and $ref',
      { $defs: { n: { type: 'number' } }, properties: { a: { $ref: '#/$defs/n' } } },
      { a: 1 },
      { a: 'x' },
    ],
    [
      '$anchor',
      { $defs: { n: { $anchor: 'n', type: 'number' } }, properties: { a: { $ref: '#n' } } },
      { a: 1 },
      { a: 'x' },
    ],
    ['prefixItems', { properties: { a: { prefixItems: [{ type: 'number' }] } } }, { a: [1] }, { a: ['x'] }],
    ['dependentRequired', { dependentRequired: { a: ['b'] } }, { a: 1, b: 1 }, { a: 1 }],
    // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
    ['if, then and else', { if: { required: ['a'] }, then: { required: ['b'] } }, { a: 1, b: 1 }, { a: 1 }],
    ['unevaluatedProperties', { properties: { a: {} }, unevaluatedProperties: false }, { a: 1 }, { b: 1 }],
    ['additionalProperties', { properties: { a: {} }, additionalProperties: false }, { a: 1 }, { b: 1 }],
    ['anyOf', { anyOf: [{ required: ['a'] }, { required: ['b'] }] }, { b: 1 }, { c: 1 }],
    ['const and enum', { properties: { a: { const: 1 }, b: { enum: [1, 2] } } }, { a: 1, b: 2 }, { a: 2 }],
  ])('2020-12 without $schema: %s', async (_, schema, good, bad) => {
    verifies('BASE-23', 'TOOL-08')
    expect((await use(schema, good)).accepted).toBe(true)
    expect((await use(schema, bad)).accepted).toBe(false)
  })

  test('an older dialect that is named is honoured', async () => {
    verifies('BASE-23')
    // In draft-07 `items` may be an array, and `definitions` and `dependencies` are keywords; in 2020-12 they are not.
    const schema = {
      $schema: 'http://json-schema.org/draft-07/schema#',
      properties: { a: { type: 'array', items: [{ type: 'number' }] } },
    }
    expect((await use(schema, { a: [1] })).accepted).toBe(true)
    expect((await use(schema, { a: ['x'] })).accepted).toBe(false)
  })

  test('an unknown dialect is refused with a clear error', () => {
    verifies('BASE-23')
    const own = createServer({ name: 'schemas', version: '1.0.0' })
    const inputSchema = { $schema: 'https://example.com/my-dialect', type: 'object' }
    expect(() => own.tool('use', { inputSchema }, async () => '')).toThrow(/dialect.*example\.com/s)
  })

  test('what is published is the schema as given, or a valid one made from zod', async () => {
    verifies('BASE-23', 'TOOL-04')
    const given = { type: 'object', $defs: { n: { type: 'number' } }, properties: { a: { $ref: '#/$defs/n' } } }
    expect((await use(given, {})).published).toEqual(given)
    const own = createServer({ name: 'schemas', version: '1.0.0' })
    own.tool('echo', { inputSchema: z.object({ text: z.string() }) }, async ({ text }) => text)
    own.tool('bare', {}, async () => '')
    const session = await open(await start(own))
    const { tools } = (await session.request('tools/list')).result as { tools: { name: string; inputSchema: object }[] }
    const { Validator } = await import('@cfworker/json-schema')
    for (const { inputSchema } of tools) {
      expect(inputSchema).toMatchObject({ type: 'object' })
      expect(() => new Validator(inputSchema, '2020-12').validate({})).not.toThrow()
    }
    expect(tools.find(({ name }) => name === 'echo')!.inputSchema).toMatchObject({
      properties: { text: { type: 'string' } },
      required: ['text'],
    })
  })

  test.each([
    ['no object', { type: 'array' }],
    ['no schema', 'object'],
  ])('%s as an input schema is refused', (_, inputSchema) => {
    verifies('TOOL-04')
    const own = createServer({ name: 'schemas', version: '1.0.0' })
    expect(() => own.tool('use', { inputSchema: inputSchema as never }, async () => '')).toThrow(TypeError)
  })
})

describe('icons', () => {
  const icons = (src: string) => ({ name: 'icons', version: '1.0.0', icons: [{ src }] })

  test.each([
    'http://example.com/i.png',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'ftp://example.com/i.png',
    'ws://x',
    'i.png',
  ])('the icon %s is refused', (src) => {
    verifies('BASE-28')
    expect(() => createServer(icons(src))).toThrow(/icon/)
    const server = createServer({ name: 'icons', version: '1.0.0' })
    const { icons: list } = icons(src)
    expect(() => server.tool('t', { icons: list }, async () => '')).toThrow(/icon/)
    expect(() => server.prompt('p', { icons: list }, async () => '')).toThrow(/icon/)
    expect(() => server.resource('r', 'test://r', { icons: list }, async () => '')).toThrow(/icon/)
    expect(() => server.resourceTemplate('r', 'test://{r}', { icons: list }, async () => '')).toThrow(/icon/)
  })

  test.each(['https://example.com/i.png', 'data:image/png;base64,iVBORw0KGgo='])(
    'the icon %s is published',
    async (src) => {
      verifies('BASE-28')
      const session = await open(await start(createServer(icons(src))))
      expect(session.initialized['serverInfo']).toMatchObject({ icons: [{ src }] })
    },
  )
})
