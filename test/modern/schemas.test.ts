/** Schemas under 2026-07-28: results of any kind, and what a schema may refer to. */
import { createServer } from 'fairlead'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ERRORS } from '../../src/wire/errors.ts'
import { verifies } from '../requirements/requirements.ts'
import { open } from '../requirements/session.ts'
import { start } from '../requirements/start.ts'
import { ask, call } from './wire.ts'

const LIST = { type: 'array', items: { type: 'object', properties: { id: { type: 'string' } } } }

function define() {
  const server = createServer({ name: 'schemas', version: '1.0.0' })
  server.tool('users', { outputSchema: LIST }, () => ({ structuredContent: [{ id: '1' }] }))
  server.tool('bare', { outputSchema: z.array(z.number()) }, () => [1, 2])
  server.tool('number', { outputSchema: { type: 'number' } }, () => ({ structuredContent: 0 }))
  server.tool('null', { outputSchema: { type: 'null' } }, () => ({ structuredContent: null }))
  server.tool('wrong', { outputSchema: LIST }, () => ({ structuredContent: 'none' }))
  server.tool('object', { outputSchema: { type: 'object' } }, () => ({ structuredContent: { a: 1 } }))
  server.tool('free', {}, () => ({ structuredContent: [true] }))
  return server
}

test('structured results may be any JSON, and older clients get them as text', async () => {
  verifies('TOOL-06', 'TOOL-01')
  const url = await start(define())
  const session = await open(url)
  const old = await open(url, { revision: '2025-03-26' })
  for (const [name, value] of [
    ['users', [{ id: '1' }]],
    ['bare', [1, 2]],
    ['number', 0],
    ['null', null],
  ] as const) {
    const text = { content: [{ type: 'text', text: JSON.stringify(value) }] }
    expect((await call(url, name)).result).toMatchObject({ structuredContent: value, ...text })
    expect((await session.call(name)).result).toEqual(text)
    expect((await old.call(name)).result).toEqual(text)
  }
  expect((await call(url, 'free')).result).toMatchObject({ structuredContent: [true] })
  expect((await session.call('free')).result).toEqual({ content: [{ type: 'text', text: '[true]' }] })
  expect((await session.call('object')).result).toMatchObject({ structuredContent: { a: 1 } })
  expect((await call(url, 'wrong')).error?.code).toBe(-32603)
})

test('older clients are shown object schemas only', async () => {
  verifies('TOOL-04')
  const url = await start(define())
  const shown = (tools: unknown) =>
    (tools as { name: string; outputSchema?: object }[]).flatMap((tool) => (tool.outputSchema ? tool.name : []))
  const modern = (await ask(url, 'tools/list')).result!['tools']
  expect(shown(modern)).toEqual(['users', 'bare', 'number', 'null', 'wrong', 'object'])
  const legacy = (await (await open(url)).request('tools/list')).result!['tools']
  expect(shown(legacy)).toEqual(['object'])
})

describe('references', () => {
  const add = (schema: object) => () =>
    createServer({ name: 'x', version: '1' }).tool('x', { inputSchema: { type: 'object', ...schema } }, () => 'x')

  test('to the network are not followed, and a schema that needs one is refused', () => {
    verifies('BASE-25', 'BASE-26')
    const remote = { $ref: 'https://example.com/address.json' }
    expect(add({ properties: { a: remote } })).toThrow(/References to the network are not followed/)
    expect(add({ allOf: [{ $ref: 'http://localhost:1/x#/$defs/a' }] })).toThrow(/http:\/\/localhost:1\/x/)
    expect(add({ properties: { a: { type: 'string', default: remote } } })).not.toThrow()
  })

  test('to what is in the schema are', async () => {
    verifies('BASE-23', 'BASE-25')
    const server = createServer({ name: 'x', version: '1' })
    const inputSchema = {
      $id: 'https://example.com/root.json',
      type: 'object',
      properties: { a: { $ref: '#/$defs/word' }, b: { $ref: 'https://example.com/root.json#/$defs/word' } },
      $defs: { word: { type: 'string' } },
    }
    server.tool('refers', { inputSchema }, () => 'fine')
    const url = await start(server)
    expect((await call(url, 'refers', { a: 'x', b: 'y' })).result).not.toHaveProperty('isError')
    expect((await call(url, 'refers', { a: 1 })).result).toMatchObject({ isError: true })
    expect((await call(url, 'refers', { b: 1 })).result).toMatchObject({ isError: true })
  })

  test('a schema is bounded in depth and in parts', () => {
    verifies('BASE-27')
    let deep: object = { type: 'string' }
    for (let level = 0; level < 200; level++) deep = { anyOf: [deep] }
    expect(add({ properties: { deep } })).toThrow(/nested deeper/)
    const parts = Array.from({ length: 20_000 }, () => ({ type: 'string' }))
    expect(add({ anyOf: parts })).toThrow(/more than 10000 parts/)
  })
})

test('no error of this revision has a code of our own', () => {
  verifies('BASE-12', 'BASE-13', 'BASE-14')
  // These belong to older revisions; what they say is said with another code here.
  const older = ['session_not_found', 'resource_not_found', 'url_elicitation_required']
  const codes = Object.entries(ERRORS).filter(([code]) => !older.includes(code))
  const defined = [-32700, -32600, -32601, -32602, -32603, -32020, -32021, -32022]
  expect(codes.filter(([, { rpc }]) => !defined.includes(rpc))).toEqual([])
})
