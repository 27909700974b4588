import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { createServer } from 'fairlead'
import { serve } from 'fairlead/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { onOneProcess } from '../deployment.ts'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { answerOf, initializeMessage, JSON_BOTH, open, post } from './session.ts'
import { ADAPTERS, start } from './start.ts'

/** What bad input gets: the HTTP status and the JSON-RPC error of each kind, and a server that goes on. */
const server = createServer({ name: 'bad-input', version: '1.0.0' })
const address = z.object({ street: z.string(), number: z.number().int() })
server.tool('typed', { inputSchema: z.object({ name: z.string(), address }) }, async () => 'ok')
server.tool('wait', {}, async (_args, ctx) => {
  ctx.progress(1)
  await sleep(300)
  return 'waited'
})
server.tool('crash', {}, async () => {
  throw new Error('password=hunter2 at /srv/app/secret.js')
})
server.tool('unwritable', {}, async () => {
  const loop: Record<string, unknown> = {}
  loop['loop'] = loop
  return { structuredContent: loop }
})

const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
const nested = (depth: number) =>
  `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`

describe.each(ADAPTERS)('the %s adapter', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(server, {}, adapter)
  })

  const malformed = [
    '',
    '{',
    '}',
    'null x',
    '{"jsonrpc":"2.0",}',
    "{'jsonrpc':'2.0'}",
    `${ping}${ping}`,
    `${ping}\u0000`,
    '\uFEFF\uFEFF{}',
    'NaN',
  ]
  test.each(malformed)('the body %o is malformed: 400, -32700', async (body) => {
    const session = await open(url)
    const reply = await session.post(body)
    expect(reply.status).toBe(400)
    expect((await reply.json()).error).toMatchObject({ code: -32700, message: expect.any(String) })
    expect((await session.request('ping')).result).toEqual({})
  })

  const noMessage = [
    'null',
    'true',
    '5',
    '"ping"',
    '{}',
    '{"jsonrpc":"2.0"}',
    '{"jsonrpc":"2.0","id":1}',
    '{"jsonrpc":"2.0","id":1,"method":5}',
    '{"jsonrpc":"2.0","id":1,"method":null}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":5}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","params":[1]}',
    '{"jsonrpc":"2.0","id":1,"result":5}',
    '{"jsonrpc":"2.0","id":{},"method":"ping"}',
  ]
  test.each(noMessage)('%s is no valid message: 400, -32600', async (body) => {
    const session = await open(url)
    const reply = await session.post(body)
    expect(reply.status).toBe(400)
    expect((await reply.json()).error).toMatchObject({ code: -32600, message: expect.any(String) })
  })

  // CVE-2026-27896: another parser in front may have read another message.
  test.each([
    '{"jsonrpc":"2.0","id":1,"Method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/list"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/list"}',
    '{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","param\u017f":{}}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","\\u006dethod":"tools/list"}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","name":"crash"}}',
    '{"jsonrpc":"2.0","id":1,"method":"ping","__proto__":{"polluted":1}}',
    '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"wait","__proto__":{"polluted":1}}}',
  ])('CVE-2026-27896: %s is refused', async (body) => {
    const session = await open(url)
    const reply = await session.post(body)
    expect(reply.status).toBe(400)
    expect((await reply.json()).error).toMatchObject({ code: -32600 })
    expect(({} as { polluted?: number }).polluted).toBeUndefined()
  })

  test('nesting to 64 is accepted, and beyond it refused, at any size', async () => {
    const session = await open(url)
    expect((await answerOf(await session.post(nested(60)))).result).toEqual({})
    for (const depth of [3_000, 100_000, 1_500_000]) {
      const begin = performance.now()
      const reply = await session.post(nested(depth))
      expect([depth, reply.status]).toEqual([depth, 400])
      expect((await reply.json()).error).toMatchObject({ code: -32600 })
      expect(performance.now() - begin).toBeLessThan(2_000)
    }
  })

  // CVE-2026-39313: a limit on bodies that is not kept.
  test('CVE-2026-39313: a body over 4 MiB is refused with 413, with and without Content-Length', async () => {
    const session = await open(url)
    const large = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping', params: { a: 'x'.repeat(4 * 1024 * 1024) } })
    const reply = await session.post(large)
    expect(reply.status).toBe(413)
    expect((await reply.json()).error!.message).toContain('bodyBytes')
    const chunked = await exchange(url, {
      headers: { ...session.headers, 'transfer-encoding': 'chunked' },
      body: large,
    })
    expect(chunked.status).toBe(413)
    const allowed = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'ping',
      params: { a: 'x'.repeat(4 * 1024 * 1024 - 200) },
    })
    expect((await session.post(allowed)).status).toBe(200)
  })

  test('a limit that is set holds', async () => {
    const session = await open(await start(server, { limits: { bodyBytes: 2_000 } }, adapter))
    const reply = await session.post({ jsonrpc: '2.0', id: 1, method: 'ping', params: { a: 'x'.repeat(2_000) } })
    expect(reply.status).toBe(413)
  })

  test.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/json-patch+json',
    'application/json; charset=latin1',
    'application/jsonx',
    '',
  ])('CVE-2026-33252: Content-Type %o is refused with 415', async (type) => {
    const session = await open(url)
    const reply = await session.post(ping, { 'content-type': type })
    expect(reply.status).toBe(415)
    expect((await reply.json()).error).toMatchObject({ message: expect.stringContaining('application/json') })
  })

  test.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'Application/JSON'])(
    'Content-Type %o is accepted',
    async (type) => {
      const session = await open(url)
      expect((await session.post(ping, { 'content-type': type })).status).toBe(200)
    },
  )

  test('a compressed body is not taken for JSON', async () => {
    const session = await open(url)
    const reply = await session.post(gzipSync(ping), { 'content-encoding': 'gzip' })
    expect([400, 415]).toContain(reply.status)
  })

  describe.each(LEGACY)('%s', (revision) => {
    test('an unknown method: -32601', async () => {
      const session = await open(url, { revision })
      for (const method of ['no/such', 'constructor', '__proto__', 'toString', 'x'.repeat(10_000), 'tools/list ']) {
        const { error } = await session.request(method)
        expect(error!.code).toBe(-32601)
        expect(error!.message.length).toBeLessThan(500)
      }
    })

    test('bad arguments name the field', async () => {
      verifies('TOOL-07', 'TOOL-08')
      const session = await open(url, { revision })
      for (const [args, field] of [
        [{}, 'name'],
        [{ name: 5, address: { street: 's', number: 1 } }, 'name'],
        [{ name: 'n', address: { street: 's', number: 1.5 } }, 'address.number'],
        [{ name: 'n', address: { street: null, number: 1 } }, 'address.street'],
      ] as const) {
        const { result, error } = await session.call('typed', args)
        // Since 2025-11-25 the model shall see what was wrong and try again.
        const text = revision === '2025-11-25' ? (result!['content'] as { text: string }[])[0]!.text : error!.message
        expect(text).toContain(field)
        if (revision === '2025-11-25') expect(result).toMatchObject({ isError: true })
        else expect(error!.code).toBe(-32602)
      }
    })

    test('parameters of the wrong shape: -32602', async () => {
      verifies('TOOL-07')
      const session = await open(url, { revision })
      for (const params of [
        undefined,
        {},
        { name: 5 },
        { name: null },
        { name: 'typed', arguments: 5 },
        { name: 'typed', arguments: [] },
        { name: 'typed', arguments: null },
      ]) {
        expect((await session.request('tools/call', params)).error).toMatchObject({ code: -32602 })
      }
    })

    // python-sdk #2655: a re-used id must not disturb the call that has it.
    onOneProcess('a replica knows the requests in flight on itself (docs/replicas.md)', () => {
      test('an id that is in flight: 400, -32600, and the first goes on', async () => {
        verifies('BASE-03')
        const session = await open(url, { revision })
        const call = {
          jsonrpc: '2.0',
          id: 'same',
          method: 'tools/call',
          params: { name: 'wait', _meta: { progressToken: 1 } },
        }
        const first = (await session.post(call)).stream()
        await first.method('notifications/progress')
        const second = await session.post(call)
        expect(second.status).toBe(400)
        expect(await second.json()).toMatchObject({ id: 'same', error: { code: -32600 } })
        // 1 and "1" are two ids.
        expect((await first.response('same')).result).toMatchObject({ content: [{ text: 'waited' }] })
        expect((await session.post({ ...call, id: 'other' })).status).toBe(200)
      })
    })

    test('what a handler throws stays inside', async () => {
      verifies('TOOL-08', 'LOG-03')
      const errors: unknown[] = []
      const session = await open(await start(server, { onError: (error) => errors.push(error) }, adapter), { revision })
      const { stream } = await session.startCall('crash')
      await stream.end()
      expect(JSON.stringify(stream.items)).not.toMatch(/hunter2|secret\.js|at .*\.ts/)
      expect(stream.messages.at(-1)!.result).toMatchObject({ isError: true })
      expect(errors).toMatchObject([{ message: expect.stringContaining('hunter2') }])
      const { error, result } = await session.call('unwritable')
      expect(error ?? result).toBeDefined()
      expect((await session.request('ping')).result).toEqual({})
    })
  })

  test('an unsupported version lists the supported ones', async () => {
    verifies('HTTP-28')
    const reply = await post(url, initializeMessage(), { ...JSON_BOTH, 'mcp-protocol-version': '1.0' })
    expect(reply.status).toBe(400)
    const { error } = await reply.json()
    expect(error!.data!['supported']).toEqual(['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])
  })

  test('answers that nobody asked for are accepted and dropped', async () => {
    verifies('CANC-03')
    const session = await open(url)
    for (const id of [0, 1, 'x', '', 'r.1.abc.0', 'x'.repeat(128)]) {
      expect((await session.answer(id, { result: { action: 'accept', content: {} } })).status).toBe(202)
    }
  })

  // CVE-2025-53365: a client that goes away in the middle of anything.
  test('CVE-2025-53365: half a request and a closed socket, at any byte', async () => {
    const session = await open(url)
    const head = Object.entries(session.headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const text = `POST /mcp HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: ${ping.length}\r\n${head.join('')}\r\n${ping}`
    const cuts = Array.from({ length: text.length }, (_, at) => at)
    for (let from = 0; from < cuts.length; from += 50) {
      await Promise.all(cuts.slice(from, from + 50).map((at) => sendAndCut(url, text.slice(0, at))))
    }
    expect((await session.request('ping')).result).toEqual({})
  })

  test('bytes that are no HTTP', async () => {
    for (const bytes of [
      '\u0000\u0001\u0002',
      'GET\r\n\r\n',
      'POST /mcp HTTP/9.9\r\n\r\n',
      '{"jsonrpc":"2.0"}\r\n\r\n',
      'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ]) {
      await sendAndCut(url, bytes)
    }
    expect((await (await open(url)).request('ping')).result).toEqual({})
  })
})

/** Writes to a socket, then closes it without waiting for an answer. */
function sendAndCut(url: string, text: string): Promise<void> {
  const { port } = new URL(url)
  return new Promise((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () =>
      socket.write(text, () => setTimeout(() => socket.destroy(), 5)),
    )
    socket.on('error', () => {})
    socket.on('data', () => {})
    socket.on('close', () => resolve())
  })
}

onOneProcess('limits hold on each process: test/http/limits.test.ts', () => {
  describe('limits of one session', () => {
    test('over 32 requests in flight: 429 with Retry-After', async () => {
      verifies('TOOL-08')
      const session = await open(await start(server))
      const calls = await Promise.all(Array.from({ length: 32 }, () => session.startCall('wait')))
      const reply = await session.post({ jsonrpc: '2.0', id: 'more', method: 'ping' })
      expect(reply.status).toBe(429)
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
      expect(await reply.json()).toMatchObject({ id: 'more', error: { code: -32603 } })
      await Promise.all(calls.map(({ stream }) => stream.end()))
      expect((await session.request('ping')).result).toEqual({})
    })

    test('over the open streams that are allowed: 429', async () => {
      const session = await open(await start(server, { limits: { streamsPerSession: 8 } }))
      const calls = await Promise.all(
        Array.from({ length: 8 }, () => session.startCall('wait', {}, { progressToken: 1 })),
      )
      await Promise.all(calls.map(({ stream }) => stream.method('notifications/progress')))
      const reply = await session.get()
      expect(reply.status).toBe(429)
      expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
    })
  })
})

describe('what is counted', () => {
  let running: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    running = await serve(server, { port: 0, signals: false, onError: () => {} })
  })
  afterAll(() => running.close({ deadline: 0 }))

  test('refused requests, unknown answers and unknown sessions', async () => {
    const session = await open(running.url)
    const before = running.counters()
    await session.post(ping, { origin: 'http://evil.example.com' })
    await session.answer('nobody', { result: {} })
    await session.post(ping, { 'mcp-session-id': 'unknown' })
    const after = running.counters()
    expect(after.answersUnknown - before.answersUnknown).toBe(1)
    expect(after.sessionsUnknown - before.sessionsUnknown).toBe(1)
    expect(after.requestsRefused - before.requestsRefused).toBe(1)
  })
})
