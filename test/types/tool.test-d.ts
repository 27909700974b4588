import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import type { CallToolResult, Context, JsonSchema } from 'fairlead'
import { createServer } from 'fairlead'
import * as v from 'valibot'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const server = createServer({ name: 'types', version: '1.0.0' })

test('arguments have the type that a zod schema yields', () => {
  const inputSchema = z.object({ city: z.string(), days: z.number().default(1), unit: z.enum(['C', 'F']).optional() })
  server.tool('forecast', { inputSchema }, (args) => {
    expectTypeOf(args).toEqualTypeOf<{ city: string; days: number; unit?: 'C' | 'F' | undefined }>()
    return args.city
  })
})

test('arguments have the type that an arktype schema yields', () => {
  server.tool('forecast', { inputSchema: type({ city: 'string', 'days?': 'number' }) }, (args) => {
    expectTypeOf(args).toEqualTypeOf<{ city: string; days?: number }>()
    return args.city
  })
})

test('arguments have the type that a valibot schema yields, through its adapter', () => {
  const inputSchema = toStandardJsonSchema(v.object({ city: v.string(), days: v.optional(v.number(), 1) }))
  server.tool('forecast', { inputSchema }, (args) => {
    expectTypeOf(args).toEqualTypeOf<{ city: string; days: number }>()
    return args.city
  })
})

test('a transforming schema hands its output to the handler', () => {
  const inputSchema = z.object({ when: z.string().transform((text) => new Date(text)) })
  server.tool('at', { inputSchema }, ({ when }) => {
    expectTypeOf(when).toEqualTypeOf<Date>()
    return when.toISOString()
  })
})

test('plain JSON Schema yields members of unknown type, never any', () => {
  const inputSchema: JsonSchema = { type: 'object', properties: { city: { type: 'string' } } }
  server.tool('forecast', { inputSchema }, (args) => {
    expectTypeOf(args['city']).toBeUnknown()
    return 'ok'
  })
})

test('a tool without an input schema has no arguments to read', () => {
  server.tool('status', {}, (args, ctx) => {
    expectTypeOf(args).toEqualTypeOf<Record<string, never>>()
    expectTypeOf(ctx).toEqualTypeOf<Context<unknown>>()
    return 'ok'
  })
})

test('an unknown member of the arguments does not compile', () => {
  server.tool('forecast', { inputSchema: z.object({ city: z.string() }) }, (args) => {
    // @ts-expect-error: there is no such argument
    return String(args.town)
  })
})

test('a tool returns a text, a block, a list of blocks or a result', () => {
  server.tool('a', {}, () => 'text')
  server.tool('b', {}, () => ({ type: 'text', text: 'block' }))
  server.tool('c', {}, async () => [{ type: 'image', data: '', mimeType: 'image/png' }])
  server.tool('d', {}, async () => ({ content: [{ type: 'text', text: 'result' }], isError: true }))
  server.tool('e', {}, () => {})
  // @ts-expect-error: a number is none of them
  server.tool('f', {}, () => 5)
  // @ts-expect-error: no such content type
  server.tool('g', {}, () => ({ type: 'movie', data: '' }))
})

test('with an output schema the structured value is returned, and has to match', () => {
  const outputSchema = z.object({ celsius: z.number() })
  server.tool('a', { outputSchema }, () => ({ celsius: 20 }))
  server.tool('b', { outputSchema }, () => ({ structuredContent: { celsius: 20 } }))
  server.tool('both', { outputSchema }, () => ({
    content: [{ type: 'text', text: '20 degrees' }],
    structuredContent: { celsius: 20 },
  }))
  // @ts-expect-error: a text is not the structured value
  server.tool('c', { outputSchema }, () => '20')
  // @ts-expect-error: celsius is a number
  server.tool('d', { outputSchema }, () => ({ celsius: '20' }))
})

test('a misspelt member of the definition does not compile', () => {
  // @ts-expect-error: it is inputSchema
  server.tool('a', { inputschema: z.object({}) }, () => 'text')
  // @ts-expect-error: milliseconds are a number
  server.tool('b', { timeout: '5s' }, () => 'text')
})

test('nothing of a result is any', () => {
  expectTypeOf<CallToolResult['structuredContent']>().not.toBeAny()
  expectTypeOf<CallToolResult['content'][number]>().not.toBeAny()
})

test('an output schema may describe any JSON', () => {
  server.tool('numbers', { outputSchema: z.array(z.number()) }, () => [1, 2])
  server.tool('wrapped', { outputSchema: z.array(z.number()) }, () => ({ structuredContent: [1] }))
  // @ts-expect-error: a list of numbers
  server.tool('texts', { outputSchema: z.array(z.number()) }, () => ['1'])
})

test('durable and version are what they say', () => {
  server.tool('a', { durable: true, version: '2' }, () => 'text')
  // @ts-expect-error: it is or it is not
  server.tool('b', { durable: 'yes' }, () => 'text')
})
