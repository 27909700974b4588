/** One modern request and its answer: the envelope, the headers, the results, the statuses. */
import { createServer, McpError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { exchange } from '../requirements/http.ts'
import { verifies } from '../requirements/requirements.ts'
import { answerOf, JSON_BOTH, open, post } from '../requirements/session.ts'
import { ADAPTERS, start } from '../requirements/start.ts'
import { ask, CAPABILITIES, call, envelope, KEY, REVISION, send, textOf } from './wire.ts'

function define() {
  const server = createServer({ name: 'modern', title: 'Modern', version: '3.2.1', instructions: 'Be quick.' })
  server.tool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => text)
  server.tool('list', { outputSchema: { type: 'object' } }, () => ({ structuredContent: { a: 1 }, _meta: { own: 1 } }))
  server.tool('rejects', {}, () => {
    throw new McpError('resource_not_found', 'No such thing.', { data: { uri: 'x://y' } })
  })
  server.tool('client', {}, (_args, ctx) => {
    const { client, revision, capabilities, extensions } = ctx.session
    return JSON.stringify({ client, revision, capabilities, extensions, trace: ctx.trace })
  })
  server.tool('keeps', {}, async (_args, ctx) => {
    await ctx.session.set('key', 1)
    return 'kept'
  })
  server.tool('speaks', {}, async (_args, ctx) => {
    ctx.progress(1, 2, 'half')
    ctx.log.info('info')
    ctx.log.error('error')
    return 'done'
  })
  server.tool('one', {}, () => 'one')
  server.extension('com.example/shapes', { round: true })
  server.resource('Thing', 'thing://one', {}, () => 'thing')
  server.resource('Public', 'thing://two', { cache: { ttlMs: 5_000, scope: 'public' } }, () => 'for all')
  server.prompt('greet', { complete: { who: () => ['Ada'] } }, () => 'Hello')
  return server
}

describe.each(ADAPTERS)('%s', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(define(), {}, adapter)
  })

  test('a request needs no handshake, and its answer is JSON', async () => {
    verifies('BASE-11', 'BASE-17', 'BASE-19', 'LIFE-12', 'HTTP-01', 'HTTP-08')
    const reply = await send(url, 'tools/call', { name: 'echo', arguments: { text: 'hi' } })
    expect(reply.status).toBe(200)
    expect(reply.headers['content-type']).toBe('application/json')
    expect(reply.headers['mcp-session-id']).toBeUndefined()
    expect((await reply.json()).result).toEqual({
      resultType: 'complete',
      _meta: { [`${KEY}serverInfo`]: { name: 'modern', title: 'Modern', version: '3.2.1' } },
      content: [{ type: 'text', text: 'hi' }],
    })
  })

  test('the _meta of a result keeps what the handler put there', async () => {
    const { result } = await call(url, 'list')
    expect(result).toMatchObject({
      resultType: 'complete',
      structuredContent: { a: 1 },
      _meta: { own: 1, [`${KEY}serverInfo`]: { name: 'modern' } },
    })
  })

  test('server/discover tells versions, capabilities and identity', async () => {
    verifies('LIFE-09', 'CACHE-01')
    const { result } = await ask(url, 'server/discover')
    expect(result).toEqual({
      resultType: 'complete',
      _meta: { [`${KEY}serverInfo`]: { name: 'modern', title: 'Modern', version: '3.2.1' } },
      supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
      capabilities: {
        logging: {},
        tools: { listChanged: true },
        resources: { subscribe: true, listChanged: true },
        prompts: { listChanged: true },
        completions: {},
        extensions: { 'com.example/shapes': { round: true } },
      },
      instructions: 'Be quick.',
      ttlMs: 60_000,
      cacheScope: 'public',
    })
  })

  test('both eras live at one URL and inherit nothing from each other', async () => {
    verifies('LIFE-12', 'BASE-19')
    const session = await open(url)
    expect(await session.text('echo', { text: 'old' })).toBe('old')
    // The session's id means nothing here, not even when it is no session's.
    for (const id of [session.id, 'nonsense']) {
      const reply = await send(
        url,
        'tools/call',
        { name: 'client', arguments: {} },
        { headers: { 'mcp-session-id': id } },
      )
      expect(JSON.parse(textOf(await answerOf(reply)))).toMatchObject({ revision: REVISION, client: { name: 'raw' } })
    }
    const bare = { [`${KEY}clientCapabilities`]: {}, [`${KEY}clientInfo`]: undefined }
    const { result } = await call(url, 'client', {}, { meta: bare })
    expect(JSON.parse((result!['content'] as [{ text: string }])[0].text)).toMatchObject({
      client: { name: '', version: '' },
      capabilities: [],
    })
    expect(await session.text('client')).toContain('"revision":"2025-11-25"')
  })

  test.each([
    ['nothing', undefined, 'protocolVersion'],
    ['no version', { [`${KEY}protocolVersion`]: undefined }, 'protocolVersion'],
    ['no capabilities', { [`${KEY}clientCapabilities`]: undefined }, 'clientCapabilities'],
    ['capabilities that are none', { [`${KEY}clientCapabilities`]: [] }, 'clientCapabilities'],
    ['an unknown log level', { [`${KEY}logLevel`]: 'loud' }, 'logLevel'],
    ['a client that is none', { [`${KEY}clientInfo`]: 'me' }, 'clientInfo'],
  ])('an envelope with %s is malformed', async (_what, meta, field) => {
    verifies('BASE-15', 'LOG-02')
    const headers = { ...JSON_BOTH, 'mcp-protocol-version': REVISION, 'mcp-method': 'tools/list' }
    const params = meta === undefined ? {} : { _meta: envelope(meta) }
    const body = JSON.stringify({ jsonrpc: '2.0', id: 'x1', method: 'tools/list', params })
    const reply = await exchange(url, { headers, body })
    expect(reply.status).toBe(400)
    const { id, error } = await reply.json()
    expect([id, error?.code]).toEqual(['x1', -32602])
    expect(error?.message).toContain(field)
  })

  test.each(['2030-01-01', '2025-11-25', 'x'.repeat(100)])(
    'version %s is refused with those served',
    async (version) => {
      verifies('LIFE-10')
      const changes = { meta: { [`${KEY}protocolVersion`]: version }, headers: { 'mcp-protocol-version': version } }
      const { status, error, id } = await ask(url, 'tools/list', {}, { ...changes, id: 7 })
      expect([status, id, error?.code]).toEqual([400, 7, -32022])
      expect(error?.data).toEqual({
        supported: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
        requested: version.slice(0, 64),
      })
    },
  )

  test('removed, unknown and absent methods are answered 404', async () => {
    verifies('HTTP-35')
    const removed = ['initialize', 'ping', 'logging/setLevel', 'resources/subscribe', 'resources/unsubscribe', 'x/y']
    for (const method of removed) {
      const { status, error, id } = await ask(url, method, {}, { id: `m-${method}` })
      expect([status, error?.code, id]).toEqual([404, -32601, `m-${method}`])
    }
  })

  test('the methods of this era do not exist in a session', async () => {
    const session = await open(url)
    for (const method of ['server/discover', 'subscriptions/listen']) {
      expect((await session.request(method)).error?.code).toBe(-32601)
    }
  })

  test('posted answers and batches are refused, notifications taken and left unanswered', async () => {
    verifies('HTTP-37', 'BASE-09', 'HTTP-07', 'BASE-07')
    const headers = { ...JSON_BOTH, 'mcp-protocol-version': REVISION }
    const response = await post(url, { jsonrpc: '2.0', id: 1, result: {} }, headers)
    expect([response.status, (await response.json()).error?.code]).toEqual([400, -32600])
    const batch = await post(url, [{ jsonrpc: '2.0', id: 1, method: 'tools/list' }], headers)
    expect([batch.status, (await batch.json()).error?.code]).toEqual([400, -32600])
    const notification = await post(url, { jsonrpc: '2.0', method: 'notifications/cancelled', params: {} }, headers)
    expect([notification.status, await notification.text()]).toEqual([202, ''])
  })

  test('a body that is no JSON, or no UTF-8, is refused', async () => {
    verifies('BASE-01', 'BASE-06')
    const headers = { ...JSON_BOTH, 'mcp-protocol-version': REVISION, 'mcp-method': 'tools/list' }
    const broken = Buffer.from(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: { x: '\u00ff' } }))
    broken[broken.indexOf(0xc3)] = 0xff
    for (const body of ['{', broken]) {
      const reply = await exchange(url, { headers, body })
      expect(reply.status).toBe(400)
      expect(await reply.json()).toEqual({ jsonrpc: '2.0', error: { code: -32700, message: expect.any(String) } })
    }
    const bare = JSON.stringify({ id: 1, method: 'tools/list', params: { _meta: envelope() } })
    expect((await (await exchange(url, { headers, body: bare })).json()).error?.code).toBe(-32600)
  })

  test('GET and DELETE of this revision are answered 405', async () => {
    verifies('HTTP-36', 'HTTP-26')
    for (const method of ['GET', 'DELETE']) {
      const headers = { accept: 'text/event-stream', 'mcp-protocol-version': REVISION }
      const reply = await exchange(url, { method, headers })
      expect([reply.status, reply.headers.allow]).toEqual([405, 'POST'])
    }
    const { status, result } = await call(url, 'one', {}, { headers: { 'last-event-id': 'anything' } })
    expect([status, result?.['resultType']]).toEqual([200, 'complete'])
  })

  test('an error of a handler has the code that this revision knows', async () => {
    verifies('BASE-13', 'RES-02', 'BASE-05')
    const thrown = await call(url, 'rejects')
    expect([thrown.status, thrown.error?.code, thrown.error?.data]).toEqual([200, -32602, { uri: 'x://y' }])
    const read = await ask(url, 'resources/read', { uri: 'thing://none' })
    expect([read.status, read.error?.code, read.error?.data]).toEqual([200, -32602, { uri: 'thing://none' }])
    const unknown = await call(url, 'none')
    expect([unknown.status, unknown.error?.code]).toEqual([200, -32602])
  })

  test('values of a session have no place to be kept in', async () => {
    expect((await call(url, 'keeps')).error).toMatchObject({
      code: -32603,
      message: expect.stringContaining('sessions'),
    })
  })

  test('progress and asked log messages come before the answer, on its stream', async () => {
    verifies('HTTP-11', 'LOG-05', 'PROG-01', 'HTTP-09', 'HTTP-26', 'HTTP-27')
    const meta = { progressToken: 'p', [`${KEY}logLevel`]: 'warning' }
    const reply = await send(url, 'tools/call', { name: 'speaks', arguments: {} }, { id: 'a', meta })
    expect(reply.headers['content-type']).toBe('text/event-stream')
    expect(reply.headers['x-accel-buffering']).toBe('no')
    const stream = reply.stream()
    await stream.end()
    expect(stream.ids).toEqual([])
    expect(
      stream.messages.map(({ method, params, id }) => [method, params?.['progress'] ?? params?.['level'], id]),
    ).toEqual([
      ['notifications/progress', 1, undefined],
      ['notifications/message', 'error', undefined],
      [undefined, undefined, 'a'],
    ])
  })

  test('a request that names no level gets no log messages', async () => {
    verifies('LOG-05')
    const reply = await send(url, 'tools/call', { name: 'speaks', arguments: {} })
    expect(reply.headers['content-type']).toBe('application/json')
    expect(textOf(await reply.json())).toBe('done')
  })

  test('results that may be cached say for how long and for whom', async () => {
    verifies('CACHE-01', 'CACHE-02')
    for (const method of ['tools/list', 'prompts/list', 'resources/list', 'resources/templates/list']) {
      expect((await ask(url, method)).result).toMatchObject({ ttlMs: 60_000, cacheScope: 'public' })
    }
    expect((await ask(url, 'resources/read', { uri: 'thing://one' })).result).toMatchObject({
      ttlMs: 0,
      cacheScope: 'private',
    })
    expect((await ask(url, 'resources/read', { uri: 'thing://two' })).result).toMatchObject({
      ttlMs: 5_000,
      cacheScope: 'public',
    })
    const completion = { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name: 'who', value: '' } }
    expect((await ask(url, 'completion/complete', completion)).result).not.toHaveProperty('ttlMs')
    expect((await call(url, 'one')).result).not.toHaveProperty('ttlMs')
    const session = await open(url)
    expect((await session.request('tools/list')).result).not.toHaveProperty('ttlMs')
  })

  test('lists have the same order every time', async () => {
    verifies('TOOL-03')
    const names = async () => ((await ask(url, 'tools/list')).result!['tools'] as { name: string }[]).map((t) => t.name)
    const first = await names()
    expect(first.slice(0, 3)).toEqual(['echo', 'list', 'rejects'])
    for (let again = 0; again < 3; again++) expect(await names()).toEqual(first)
  })

  test('extensions are declared in capabilities, and read from them', async () => {
    verifies('LIFE-11')
    const settings = { 'com.example/shapes': { square: 1 }, 'com.example/other': {} }
    const meta = { [`${KEY}clientCapabilities`]: { extensions: settings } }
    expect(JSON.parse(textOf(await call(url, 'client', {}, { meta })))).toMatchObject({
      extensions: { 'com.example/shapes': { square: 1 } },
      capabilities: [],
    })
  })

  test('who a client says it is changes nothing', async () => {
    verifies('BASE-18')
    const names = [undefined, { name: 'admin', version: '0' }, { name: 'admin\r\nx: y', version: 'z'.repeat(500) }]
    const answers = await Promise.all(
      names.map((info) => call(url, 'echo', { text: 'same' }, { meta: { [`${KEY}clientInfo`]: info } })),
    )
    for (const { status, result } of answers) expect([status, result]).toEqual([200, answers[0]!.result])
  })

  test('the trace context reaches the handler where it follows the formats', async () => {
    verifies('BASE-22')
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-00f067aa0ba902b7-01'
    const trace = async (meta: object) => JSON.parse(textOf(await call(url, 'client', {}, { meta: { ...meta } }))).trace
    const good = { traceparent, tracestate: 'vendor=1,other=2', baggage: 'user=ada' }
    expect(await trace(good)).toEqual(good)
    const zeros = `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`
    for (const bad of ['x', zeros, traceparent.toUpperCase(), `ff${traceparent.slice(2)}`, 1, `${traceparent}\n`]) {
      expect(await trace({ ...good, traceparent: bad })).toEqual({ baggage: 'user=ada' })
    }
  })

  test('a client may declare less on its next request, and only that counts', async () => {
    verifies('BASE-16', 'BASE-19')
    const capabilities = async (declared: object) => {
      const answer = await call(url, 'client', {}, { meta: { [`${KEY}clientCapabilities`]: declared } })
      return JSON.parse(textOf(answer)).capabilities
    }
    expect(await capabilities(CAPABILITIES)).toContain('elicitation.url')
    expect(await capabilities({ sampling: {} })).toEqual(['sampling'])
    expect(await capabilities({})).toEqual([])
  })
})
