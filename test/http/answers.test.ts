/** The three ways of answering, under everything that can happen to a call. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { exchange, type Message } from '../requirements/http.ts'
import { JSON_BOTH, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from '../security/support/serving.ts'
import { requestText, Wire } from '../security/support/wire.ts'

const server = createServer({ name: 'answers', version: '1.0.0' })
server.tool('quick', {}, () => 'done')
server.tool('later', {}, async () => {
  await sleep(30)
  return 'done'
})
server.tool('slow', {}, async () => {
  await sleep(1_200)
  return 'done'
})
server.tool('talks', {}, async (_, ctx) => {
  ctx.progress(1)
  await sleep(30)
  ctx.log.warning('half')
  return 'done'
})
server.tool('last-word', {}, async (_, ctx) => {
  await sleep(5)
  ctx.progress(1)
  return 'done'
})
server.tool('fails', {}, async () => {
  await sleep(5)
  throw new Error('inside')
})
server.tool(
  'waits',
  {},
  (_, ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve('late'))),
)
server.tool(
  'times-out',
  { timeout: 60 },
  (_, ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve('late'))),
)

const SSE = 'text/event-stream'
const JSON_TYPE = 'application/json'

/** The type of the answer and its methods in order; `answer` and `error` for the last one. */
const EXPECTED: Record<string, Record<string, [string, string[]]>> = {
  quick: { false: [SSE, ['answer']], true: [JSON_TYPE, ['answer']], auto: [JSON_TYPE, ['answer']] },
  later: { false: [SSE, ['answer']], true: [JSON_TYPE, ['answer']], auto: [JSON_TYPE, ['answer']] },
  slow: { false: [SSE, ['answer']], true: [JSON_TYPE, ['answer']], auto: [SSE, ['answer']] },
  talks: {
    false: [SSE, ['notifications/progress', 'notifications/message', 'answer']],
    true: [JSON_TYPE, ['answer']],
    auto: [SSE, ['notifications/progress', 'notifications/message', 'answer']],
  },
  'last-word': {
    false: [SSE, ['notifications/progress', 'answer']],
    true: [JSON_TYPE, ['answer']],
    auto: [SSE, ['notifications/progress', 'answer']],
  },
  fails: { false: [SSE, ['answer']], true: [JSON_TYPE, ['answer']], auto: [JSON_TYPE, ['answer']] },
  none: { false: [SSE, ['error']], true: [JSON_TYPE, ['error']], auto: [JSON_TYPE, ['error']] },
  'times-out': { false: [SSE, ['error']], true: [JSON_TYPE, ['error']], auto: [JSON_TYPE, ['error']] },
}

describe.each([false, true, 'auto'] as const)('jsonResponse: %s', (jsonResponse) => {
  let running: Served
  let session: RawSession
  beforeAll(async () => {
    running = await served(server, { jsonResponse, onError: () => {} })
    session = await open(running.url)
  })
  const calling = (name: string, id: unknown = name) => ({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { name, _meta: { progressToken: 'p' } },
  })

  test.each(Object.keys(EXPECTED))('%s', async (name) => {
    const reply = await session.post(calling(name))
    const stream = String(reply.headers['content-type']) === SSE ? reply.stream() : undefined
    await stream?.end()
    const messages: readonly Message[] = stream?.messages ?? [await reply.json()]
    const kinds = messages.map((message) => message.method ?? (message.error ? 'error' : 'answer'))
    expect([reply.status, reply.headers['content-type'], kinds]).toEqual([
      200,
      ...EXPECTED[name]![String(jsonResponse)]!,
    ])
    expect(messages.at(-1)!.id).toBe(name)
    if (stream !== undefined) expect(stream.ids).toHaveLength(messages.length + 1)
  })

  test('cancelled: the HTTP request ends, without an answer where it is a stream', async () => {
    const pending = session.post(calling('waits', 'cancel'))
    await sleep(50)
    await session.notify('notifications/cancelled', { requestId: 'cancel' })
    const reply = await pending
    if (reply.headers['content-type'] === SSE) {
      const stream = reply.stream()
      await stream.end()
      expect([stream.complete, stream.messages]).toEqual([true, []])
    } else {
      expect(await reply.json()).toMatchObject({ id: 'cancel', error: { code: -32603 } })
    }
  })

  test('hung up before the answer: the call ends by itself, and nothing is left', async () => {
    for (const name of ['later', 'talks', 'slow']) {
      const wire = await Wire.open(running.port)
      wire.send(
        requestText(
          'POST',
          '/mcp',
          { host: 'localhost', ...session.headers },
          JSON.stringify(calling(name, `hung up ${name}`)),
        ),
      )
      await sleep(20)
      wire.cut()
    }
    await expect.poll(() => running.counters(), { timeout: 3_000 }).toMatchObject({ openCalls: 0, openStreams: 0 })
    expect((await session.post(calling('quick'))).status).toBe(200)
  })

  test('the session ends under it', async () => {
    const other = await open(running.url)
    const pending = other.post(calling('waits'))
    await sleep(50)
    await other.delete()
    const text = await (await pending).text()
    expect(text).toContain('"id":"waits","error"')
    expect(text).toContain('The session has ended')
    expect(running.counters().openCalls).toBe(0)
  })

  test('an answer that is none of these is plain JSON with its own status', async () => {
    const replies = [
      await session.post('{'),
      await session.post(calling('quick'), { 'mcp-session-id': 'gone' }),
      await session.post(calling('quick'), { 'content-type': 'text/plain' }),
      await exchange(running.url, { method: 'PUT', headers: JSON_BOTH }),
    ]
    expect(replies.map((reply) => [reply.status, reply.headers['content-type']])).toEqual([
      [400, JSON_TYPE],
      [404, JSON_TYPE],
      [415, JSON_TYPE],
      [405, JSON_TYPE],
    ])
    for (const reply of replies) expect((await reply.json()).error?.code).toBeLessThan(0)
  })
})

test('a session stream says once how long to wait, before anything else', async () => {
  const { url } = await served(server)
  const session = await open(url)
  const stream = await session.listen()
  await stream.until('the priming event', () => stream.ids[0])
  expect(stream.items.map(({ kind }) => kind)).toEqual(['retry', 'event'])
  stream.cut()
})
