import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { JSON_BOTH, open } from './session.ts'
import { ADAPTERS, start } from './start.ts'

const outcomes = new Map<string, string>()
const server = createServer({ name: 'transport', version: '1.0.0' })
server.tool('now', {}, async () => 'done')
const work = z.object({ key: z.string().optional(), steps: z.number(), ms: z.number() })
server.tool('work', { inputSchema: work }, async ({ key = '', steps, ms }, ctx) => {
  outcomes.set(key, 'running')
  ctx.signal.addEventListener('abort', () => outcomes.set(key, 'cancelled'))
  for (let step = 1; step <= steps; step++) {
    ctx.progress(step, steps, `step ${step}`)
    await sleep(ms)
  }
  if (outcomes.get(key) === 'running') outcomes.set(key, 'completed')
  return 'worked'
})
server.tool('roots', {}, async (_args, ctx) => JSON.stringify(await ctx.listRoots()))
const hidden = server.tool('hidden', {}, async () => 'hidden')
hidden.disable()
server.tool('change', {}, async (_args, ctx) => {
  ctx.log.info('before')
  hidden.enable()
  server.resourceUpdated('test://a')
  hidden.disable()
  ctx.log.info('after')
  return 'changed'
})
server.resource('a', 'test://a', {}, async () => 'a')

describe.each(ADAPTERS)('the %s adapter', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(server, {}, adapter)
  })

  describe.each(LEGACY)('%s', (revision) => {
    test('one path takes POST, GET and DELETE', async () => {
      verifies('HTTP-01', 'HTTP-15', 'SESS-07')
      const session = await open(url, { revision })
      expect((await session.request('ping')).result).toEqual({})
      const listening = await session.get()
      expect([listening.status, listening.headers['content-type']]).toEqual([200, 'text/event-stream'])
      listening.cut()
      expect((await session.delete()).status).toBeLessThan(300)
    })

    test('a request is answered with an event stream that ends with its response', async () => {
      verifies('HTTP-08', 'HTTP-09')
      const session = await open(url, { revision })
      const id = session.nextId()
      const reply = await session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'now' } })
      expect([reply.status, reply.headers['content-type']]).toEqual([200, 'text/event-stream'])
      expect(reply.headers['cache-control']).toMatch(/no-cache|no-store|no-transform/)
      const stream = reply.stream()
      await stream.end()
      expect(stream.complete).toBe(true)
      expect(stream.messages.map((message) => message.id)).toEqual([id])
    })

    test('a notification and a response are accepted with 202 and no body', async () => {
      verifies('HTTP-07')
      const session = await open(url, { revision })
      for (const message of [
        { method: 'notifications/made-up' },
        { id: 'nobody asked', result: {} },
        { id: 5, error: { code: 1, message: 'x' } },
      ]) {
        const reply = await session.post({ jsonrpc: '2.0', ...message })
        expect([reply.status, await reply.text()]).toEqual([202, ''])
      }
    })

    test('a notification or response that can not be accepted gets an HTTP error', async () => {
      verifies('HTTP-07')
      const session = await open(url, { revision })
      for (const bad of [
        { method: 5 },
        { method: 'notifications/x', params: 5 },
        { id: null, result: {} },
        { id: 1, result: 5 },
      ]) {
        expect((await session.post({ jsonrpc: '2.0', ...bad })).status).toBe(400)
      }
      const { 'mcp-session-id': _, ...without } = session.headers
      const reply = await exchange(url, { headers: without, body: '{"jsonrpc":"2.0","method":"notifications/x"}' })
      expect(reply.status).toBe(400)
    })

    test('what comes before the response belongs to the request; the rest goes to the session stream', async () => {
      verifies('HTTP-11', 'HTTP-16', 'HTTP-18', 'TOOL-02', 'RES-06')
      const session = await open(url, { revision })
      await session.request('resources/subscribe', { uri: 'test://a' })
      const listening = await session.listen()
      const { stream } = await session.startCall('change')
      await stream.end()
      const methods = stream.messages.map(({ method }) => method ?? 'response')
      expect(methods).toEqual(['notifications/message', 'notifications/message', 'response'])
      await listening.method('notifications/tools/list_changed')
      await listening.method('notifications/resources/updated')
      const others = listening.messages.map(({ method }) => method)
      expect(others).not.toContain('notifications/message')
      expect(listening.messages.every(({ id }) => id === undefined)).toBe(true)
      listening.cut()
    })

    test('a question inside a call goes to the stream of that call, and to no other', async () => {
      verifies('HTTP-11', 'HTTP-16', 'HTTP-18')
      const session = await open(url, { revision })
      const listening = await session.listen()
      const other = await session.startCall('work', { steps: 3, ms: 60 }, { progressToken: 1 })
      const asking = await session.startCall('roots')
      const { id } = await asking.stream.method('roots/list')
      await session.answer(id, { result: { roots: [] } })
      await Promise.all([asking.stream.end(), other.stream.end()])
      for (const { messages } of [other.stream, listening]) {
        expect(messages.some(({ method }) => method === 'roots/list')).toBe(false)
      }
      listening.cut()
    })

    test('no response is sent on the session stream', async () => {
      verifies('HTTP-17')
      const session = await open(url, { revision })
      const listening = await session.listen()
      await Promise.all([
        session.text('now'),
        session.request('ping'),
        session.request('no/such'),
        session.text('work', { steps: 1, ms: 5 }),
      ])
      await sleep(50)
      expect(listening.messages.filter(({ method }) => method === undefined)).toEqual([])
      listening.cut()
    })

    test('a newer session stream takes over, and the older one ends', async () => {
      verifies('HTTP-18')
      const session = await open(url, { revision })
      await session.request('resources/subscribe', { uri: 'test://a' })
      const older = await session.listen()
      const newer = await session.listen()
      await older.end()
      expect(older.complete).toBe(true)
      await session.text('change')
      await newer.method('notifications/resources/updated')
      expect(older.messages).toEqual([])
      newer.cut()
    })

    test('several streams may be open at once', async () => {
      verifies('HTTP-19')
      const session = await open(url, { revision })
      const listening = await session.listen()
      const calls = await Promise.all(
        [1, 2, 3, 4, 5].map((progressToken) => session.startCall('work', { steps: 3, ms: 30 }, { progressToken })),
      )
      await Promise.all(calls.map(({ stream }) => stream.end()))
      for (const [index, { id, stream }] of calls.entries()) {
        const tokens = stream.messages.filter(({ method }) => method).map(({ params }) => params!['progressToken'])
        expect(tokens).toEqual([index + 1, index + 1, index + 1])
        expect(stream.messages.at(-1)!.id).toBe(id)
      }
      expect(listening.ended).toBe(false)
      listening.cut()
    })

    test('a disconnection is not a cancellation', async () => {
      verifies('HTTP-13')
      const session = await open(url, { revision })
      const key = `${adapter} ${revision}`
      const { stream } = await session.startCall('work', { key, steps: 6, ms: 40 }, { progressToken: 1 })
      await stream.method('notifications/progress')
      stream.cut()
      for (let tries = 0; tries < 100 && outcomes.get(key) === 'running'; tries++) await sleep(10)
      expect(outcomes.get(key)).toBe('completed')
    })

    test.each(['application/json', 'text/event-stream', 'text/html', ''])(
      'POST that accepts only %o is answered 406',
      async (accept) => {
        verifies('HTTP-06')
        const session = await open(url, { revision })
        const reply = await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { accept })
        expect(reply.status).toBe(406)
        expect((await reply.json()).error).toMatchObject({
          code: -32600,
          message: expect.stringContaining('text/event-stream'),
        })
      },
    )

    test.each(['application/json', 'text/html'])('GET that accepts only %o is answered 406', async (accept) => {
      verifies('HTTP-06')
      const session = await open(url, { revision })
      expect((await session.get(undefined, { accept })).status).toBe(406)
    })

    test.each([
      '*/*',
      'text/event-stream, application/json;q=0.5',
      'APPLICATION/JSON, Text/Event-Stream',
      'application/*, text/*',
    ])('POST that accepts %o is answered', async (accept) => {
      verifies('HTTP-06')
      const session = await open(url, { revision })
      expect((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { accept })).status).toBe(200)
    })

    test('other methods are answered 405, and other paths 404', async () => {
      verifies('HTTP-01')
      const { headers } = await open(url, { revision })
      for (const method of ['PUT', 'PATCH']) {
        const reply = await exchange(url, { method, headers })
        expect(reply.status).toBe(405)
        for (const allowed of ['GET', 'POST', 'DELETE']) expect(reply.headers['allow']).toContain(allowed)
      }
    })
  })

  test.each(['2025-06-18', '2025-11-25'] as const)(
    '%s: an unsupported protocol version header is refused',
    async (revision) => {
      verifies('HTTP-28')
      const session = await open(url, { revision })
      for (const version of ['1999-01-01', '2025-11-26', 'latest', '2025-06-18, 2025-06-18', 'x'.repeat(300)]) {
        for (const reply of [
          await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-protocol-version': version }),
          await session.get(undefined, { 'mcp-protocol-version': version }),
          await session.delete({ 'mcp-protocol-version': version }),
        ]) {
          expect(reply.status).toBe(400)
          expect((await reply.json()).error!.message).toMatch(/(?=.*2025-03-26)(?=.*2025-06-18)(?=.*2025-11-25)/s)
        }
      }
      expect((await session.request('ping')).result).toEqual({})
    },
  )

  test.each(LEGACY)('%s: without the header the version of the session holds', async (revision) => {
    verifies('HTTP-29')
    const session = await open(url, { revision })
    const { 'mcp-protocol-version': _, ...headers } = session.headers
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'work', arguments: { steps: 0, ms: 0 } },
    })
    const reply = await exchange(url, { headers, body })
    const stream = reply.stream()
    await stream.end()
    expect(stream.messages[0]!.result).toBeDefined()
    // The priming event is a mark of 2025-11-25.
    expect(stream.events[0]!.data === '').toBe(revision === '2025-11-25')
  })

  test('a trailing slash makes no difference', async () => {
    verifies('HTTP-01')
    const session = await open(`${url}/`)
    expect(await session.text('now')).toBe('done')
  })

  test('another path is not found', async () => {
    verifies('HTTP-01')
    const reply = await exchange(url.replace(/mcp$/, 'other'), { headers: JSON_BOTH, body: '{}' })
    expect(reply.status).toBe(adapter === 'node' ? 404 : 400)
  })
})
