/** Batches, which only 2025-03-26 has. TRAPS B6 61. */
import { beforeAll, describe, expect, test } from 'vitest'
import type { Message } from '../requirements/http.ts'
import { initializeMessage, JSON_BOTH, open, post, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'

const server = createServer({ name: 'batches', version: '1.0.0' })
let effects = 0
server.tool('effect', {}, () => {
  effects++
  return 'done'
})
server.tool('late', {}, async (_, ctx) => {
  ctx.progress(1)
  await new Promise((resolve) => setTimeout(resolve, 30))
  return 'late'
})

let running: Served
let session: RawSession
beforeAll(async () => {
  running = await served(server)
  session = await open(running.url, { revision: '2025-03-26' })
})

const call = (id: unknown, name = 'effect') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, _meta: { progressToken: 1 } },
})

async function answers(batch: unknown, from = session): Promise<{ status: number; messages: Message[] }> {
  effects = 0
  const reply = await from.post(typeof batch === 'string' ? batch : JSON.stringify(batch))
  if (!String(reply.headers['content-type']).startsWith('text/event-stream')) {
    const body = await reply.text()
    const parsed = body === '' ? [] : JSON.parse(body)
    return { status: reply.status, messages: Array.isArray(parsed) ? parsed : [parsed] }
  }
  const stream = reply.stream()
  await stream.end()
  return { status: reply.status, messages: stream.messages.filter((message) => message.method === undefined) }
}

describe('case 61: batches', () => {
  test.each([
    ['none', '[]'],
    ['51', JSON.stringify(Array.from({ length: 51 }, (_, id) => call(id)))],
    ['10,000', JSON.stringify(Array.from({ length: 10_000 }, (_, id) => call(id)))],
    ['a million', `[${'1,'.repeat(1_000_000)}1]`],
  ])('%s messages: 400, and none runs', async (_, batch) => {
    expect((await answers(batch)).status).toBe(400)
    expect(effects).toBe(0)
  })

  test('each request counts for the limits of the session', async () => {
    const batch = Array.from({ length: 50 }, (_, id) => call(id, 'late'))
    const { messages } = await answers(batch)
    expect(messages.filter((message) => message.result)).toHaveLength(32)
    expect(messages.filter((message) => message.error?.message.includes('32'))).toHaveLength(18)
    expect(new Set(messages.map((message) => message.id)).size).toBe(50)
  })

  test('what is no message is answered inside, and the rest runs', async () => {
    const { status, messages } = await answers([
      1,
      'x',
      null,
      [],
      [call(5)],
      {},
      call(7),
      { jsonrpc: '2.0', method: 'x' },
    ])
    expect([status, effects]).toEqual([200, 1])
    expect(messages.filter((message) => message.error?.code === -32600)).toHaveLength(6)
    expect(messages.filter((message) => message.id === 7)).toHaveLength(1)
  })

  test('initialize inside is refused, and opens nothing', async () => {
    const before = running.counters().sessionsOpened
    expect((await post(running.url, [initializeMessage()])).status).toBe(400)
    expect((await post(running.url, [initializeMessage(), call(1)], JSON_BOTH)).status).toBe(400)
    expect(running.counters().sessionsOpened).toBe(before)
  })

  test('only notifications and answers: 202', async () => {
    const batch = [
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      { jsonrpc: '2.0', id: 'nobody', result: {} },
    ]
    expect(await answers(batch)).toEqual({ status: 202, messages: [] })
  })

  test.each(['2025-06-18', '2025-11-25'] as const)('%s has none', async (revision) => {
    expect((await answers([call(1)], await open(running.url, { revision }))).status).toBe(400)
    expect(effects).toBe(0)
  })

  test('an answer in a batch of another session is not taken', async () => {
    const asking = createServer({ name: 'asking', version: '1.0.0' })
    asking.tool('ask', {}, async (_, ctx) => JSON.stringify(await ctx.listRoots()))
    const { url } = await served(asking)
    const [mine, other] = [await open(url), await open(url, { revision: '2025-03-26' })]
    const { stream, id } = await mine.startCall('ask')
    const { id: tag } = await stream.method('roots/list')
    const forged = [{ jsonrpc: '2.0', id: tag, result: { roots: [{ uri: 'file:///forged' }] } }]
    expect((await answers(forged, other)).status).toBe(202)
    await mine.answer(tag, { result: { roots: [] } })
    expect(JSON.stringify(await stream.response(id))).not.toContain('forged')
  })
})
