import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from './requirements.ts'
import { allOf, open } from './session.ts'
import { start } from './start.ts'

const server = createServer({ name: 'batches', version: '1.0.0' })
const text = z.object({ text: z.string() })
server.tool('echo', { inputSchema: text }, async ({ text }) => text)
server.tool('ask', {}, async (_args, ctx) => {
  await Promise.all([ctx.listRoots(), ctx.listRoots()])
  return 'asked'
})

let url: string
beforeAll(async () => {
  url = await start(server)
})

describe('batches', () => {
  const ping = (id: unknown) => ({ jsonrpc: '2.0', id, method: 'ping' })

  test('2025-03-26: an array of requests is answered, each one', async () => {
    verifies('BASE-08', 'HTTP-08', 'HTTP-09', 'HTTP-10')
    const session = await open(url, { revision: '2025-03-26' })
    const call = { jsonrpc: '2.0', id: 'c', method: 'tools/call', params: { name: 'echo', arguments: { text: 'hi' } } }
    const notification = { jsonrpc: '2.0', method: 'notifications/made-up' }
    const reply = await session.post([ping(1), call, notification, { jsonrpc: '2.0', id: 2, method: 'no/such' }])
    expect(reply.status).toBe(200)
    const messages = await allOf(reply)
    expect(messages).toHaveLength(3)
    expect(messages).toContainEqual({ jsonrpc: '2.0', id: 1, result: {} })
    expect(messages).toContainEqual({ jsonrpc: '2.0', id: 'c', result: { content: [{ type: 'text', text: 'hi' }] } })
    expect(messages).toContainEqual({ jsonrpc: '2.0', id: 2, error: expect.objectContaining({ code: -32601 }) })
  })

  test('2025-03-26: questions inside a batch find their way', async () => {
    verifies('BASE-08', 'HTTP-10')
    const session = await open(url, { revision: '2025-03-26' })
    const ask = (id: number) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'ask' },
    })
    const stream = (await session.post([ask(1), ask(2), ping(3)])).stream()
    const questions = await stream.until('four questions', () => {
      const found = stream.messages.filter(({ method }) => method === 'roots/list')
      return found.length === 4 ? found : undefined
    })
    expect(stream.ended).toBe(false)
    for (const { id } of questions) await session.answer(id, { result: { roots: [] } })
    await stream.end()
    expect(
      stream.messages
        .filter(({ method }) => !method)
        .map(({ id }) => id)
        .sort(),
    ).toEqual([1, 2, 3])
  })

  test('2025-03-26: an array of notifications and responses is accepted', async () => {
    verifies('BASE-08', 'HTTP-07')
    const session = await open(url, { revision: '2025-03-26' })
    const reply = await session.post([
      { jsonrpc: '2.0', method: 'notifications/made-up' },
      { jsonrpc: '2.0', id: 'unknown', result: {} },
    ])
    expect([reply.status, await reply.text()]).toEqual([202, ''])
  })

  test.each([
    ['empty', []],
    ['of more than 50', Array.from({ length: 51 }, (_, id) => ping(id))],
  ])('2025-03-26: an array that is %s is refused', async (_, batch) => {
    verifies('BASE-08')
    const session = await open(url, { revision: '2025-03-26' })
    const reply = await session.post(batch)
    expect(reply.status).toBe(400)
    expect((await reply.json()).error).toMatchObject({ code: -32600 })
  })

  test('2025-03-26: a member of an array that is no message gets an error of its own', async () => {
    verifies('BASE-08', 'BASE-06')
    const session = await open(url, { revision: '2025-03-26' })
    const wait = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'ask' } }
    const stream = (await session.post([5, [ping(1)], { jsonrpc: '2.0', id: 'x' }, wait, { ...ping(2) }])).stream()
    const refused = await stream.until('four errors', () => {
      const errors = stream.messages.filter(({ error }) => error)
      return errors.length === 4 ? errors : undefined
    })
    for (const { error } of refused) expect(error).toMatchObject({ code: -32600 })
    // The second request with the id 2 is the one that is refused.
    expect(refused.filter(({ id }) => id === 2)).toHaveLength(1)
    stream.cut()
  })

  test.each(['2025-06-18', '2025-11-25'] as const)('%s: an array is refused', async (revision) => {
    verifies('BASE-09')
    const session = await open(url, { revision })
    for (const body of [[ping(1)], [], [ping(1), ping(2)], [{ jsonrpc: '2.0', method: 'notifications/made-up' }]]) {
      const reply = await session.post(body)
      expect(reply.status).toBe(400)
      expect((await reply.json()).error).toMatchObject({ code: -32600 })
    }
  })
})
