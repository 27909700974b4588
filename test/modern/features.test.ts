/** Tools, resources, prompts and the utilities under 2026-07-28: the same handlers, answered in this revision's form. */
import { createServer, McpError, ToolError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from '../requirements/requirements.ts'
import { ADAPTERS, start } from '../requirements/start.ts'
import { ask, call, KEY, retry, roundOf, send, textOf } from './wire.ts'

const BYTES = Uint8Array.from({ length: 256 }, (_, at) => at)

function define() {
  const server = createServer({
    name: 'features',
    version: '1.0.0',
    icons: [{ src: 'https://example.com/icon.png' }],
    websiteUrl: 'https://example.com',
  })
  server.tool('echo', { inputSchema: z.object({ n: z.number().int() }) }, ({ n }) => String(n))
  server.tool('fails', {}, () => {
    throw new ToolError('No berth is free.')
  })
  server.tool('crashes', {}, () => {
    throw new Error('password=hunter2')
  })
  server.tool('leaks', {}, (_args, ctx) => {
    ctx.log.error('A plain sentence.', 'harbour')
    throw new Error('at /srv/secret.js')
  })
  server.tool('audio', {}, () => ({ type: 'audio', data: btoa('wav'), mimeType: 'audio/wav' }))
  server.tool('embeds', {}, () => ({ type: 'resource', resource: { uri: 'thing://one', text: 'one' } }))
  server.tool('rates', {}, (_args, ctx) => {
    for (const value of [1, 1, 0.5, 2, 2, 3]) ctx.progress(value, 3, `step ${value}`)
    return 'rated'
  })
  server.tool('headers', {}, (_args, ctx) => `${ctx.request.headers.get('x-user')} ${ctx.auth?.subject}`)
  server.tool('tooled', {}, async (_args, ctx) => {
    const use = { type: 'tool_use' as const, id: 'u1', name: 'x', input: {} }
    const result = { type: 'tool_result' as const, toolUseId: 'u1', content: [] }
    const { content } = await ctx.sample({
      messages: [
        { role: 'assistant', content: [use] },
        { role: 'user', content: [result] },
      ],
      tools: [{ name: 'x', inputSchema: { type: 'object' } }],
      maxTokens: 5,
    })
    return JSON.stringify(content)
  })
  server.tool('mixes', {}, async (_args, ctx) => {
    const result = { type: 'tool_result' as const, toolUseId: 'u1', content: [] }
    const text = { type: 'text' as const, text: 'and more' }
    await ctx.sample({ messages: [{ role: 'user', content: [result, text] }], maxTokens: 5 })
    return 'unreachable'
  })
  server.resource('Bytes', 'thing://bytes', { mimeType: 'application/octet-stream' }, () => BYTES)
  server.resource('One', 'thing://one', {}, () => 'one')
  server.resourceTemplate(
    'Page',
    'page://{name}',
    { complete: { name: (value) => [`${value}1`] } },
    (_uri, { name }) => {
      if (name === 'none') throw new McpError('resource_not_found', 'No such page.', { data: { uri: 'page://none' } })
      if (name === 'broken') throw new Error('disk 7 failed')
      return name
    },
  )
  const many = Array.from({ length: 150 }, (_, at) => `value ${at}`)
  server.prompt(
    'greet',
    {
      argsSchema: z.object({ who: z.string(), how: z.string().optional() }),
      complete: {
        who: () => many,
        how: () => {
          throw new Error('no idea')
        },
      },
    },
    ({ who }) => `Hello ${who}`,
  )
  server.prompt('picture', {}, () => ({
    messages: [{ role: 'user', content: { type: 'image', data: btoa('png'), mimeType: 'image/png' } }],
  }))
  for (let at = 0; at < 250; at++) server.prompt(`p${at}`, {}, () => 'x')
  return server
}

describe.each(ADAPTERS)('%s', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(define(), {}, adapter)
  })

  test('a tool that fails, refuses or does not exist', async () => {
    verifies('TOOL-07', 'TOOL-08', 'SAMP-03')
    expect((await call(url, 'none')).error).toMatchObject({ code: -32602, message: 'Unknown tool: none' })
    expect((await call(url, 'fails')).result).toMatchObject({ isError: true, content: [{ text: 'No berth is free.' }] })
    const crashed = await call(url, 'crashes')
    expect(crashed.result).toMatchObject({ resultType: 'complete', isError: true })
    expect(JSON.stringify(crashed)).not.toContain('hunter2')
    const refused = await call(url, 'echo', { n: 'five' })
    expect(refused.result).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('n:') }] })
    expect((await ask(url, 'tools/call', { name: 5 })).error?.code).toBe(-32602)
    expect((await ask(url, 'tools/call', { name: 'echo', arguments: [] })).error?.code).toBe(-32602)
  })

  test('content of every kind comes as it is', async () => {
    verifies('PROM-03', 'RES-05', 'TOOL-09')
    expect((await call(url, 'audio')).result).toMatchObject({ content: [{ type: 'audio', data: btoa('wav') }] })
    expect((await call(url, 'embeds')).result).toMatchObject({ content: [{ resource: { uri: 'thing://one' } }] })
    const { result } = await ask(url, 'resources/read', { uri: 'thing://bytes' })
    const [{ blob }] = result!['contents'] as [{ blob: string }]
    expect([...Buffer.from(blob, 'base64')]).toEqual([...BYTES])
    expect((await ask(url, 'prompts/get', { name: 'picture' })).result).toMatchObject({
      messages: [{ content: { type: 'image', data: btoa('png'), mimeType: 'image/png' } }],
    })
  })

  test('resources are read by checked URIs', async () => {
    verifies('RES-01', 'RES-02', 'RES-03')
    expect((await ask(url, 'resources/read', { uri: 'page://a' })).result).toMatchObject({
      contents: [{ uri: 'page://a', text: 'a' }],
    })
    for (const uri of ['thing://none', 'page://none']) {
      const { error } = await ask(url, 'resources/read', { uri })
      expect([error?.code, error?.data]).toEqual([-32602, { uri }])
    }
    for (const uri of ['no uri', 5, `thing://${'x'.repeat(3_000)}`, undefined]) {
      expect((await ask(url, 'resources/read', { uri })).error?.code).toBe(-32602)
    }
    const broken = await ask(url, 'resources/read', { uri: 'page://broken' })
    expect(broken.error).toEqual({ code: -32603, message: 'Internal error' })
  })

  test('prompts check what they are given', async () => {
    verifies('PROM-01', 'PROM-02')
    const got = await ask(url, 'prompts/get', { name: 'greet', arguments: { who: 'Ada' } })
    expect(got.result).toMatchObject({ messages: [{ content: { text: 'Hello Ada' } }] })
    for (const params of [{ name: 'none' }, { name: 'greet' }, { name: 'greet', arguments: { who: 5 } }, {}]) {
      expect((await ask(url, 'prompts/get', params)).error?.code).toBe(-32602)
    }
  })

  test('completion has at most 100 values, and errors without an inside', async () => {
    verifies('COMP-01', 'COMP-02', 'COMP-03')
    const complete = (name: string, value: unknown = '') =>
      ask(url, 'completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { name, value } })
    const { completion } = (await complete('who')).result as { completion: { values: string[]; hasMore: boolean } }
    expect([completion.values.length, completion.hasMore]).toEqual([100, true])
    expect((await complete('how')).error).toEqual({ code: -32603, message: 'Internal error' })
    expect((await complete('who', 5)).error?.code).toBe(-32602)
    const ref = { type: 'ref/prompt', name: 'none' }
    const unknown = await ask(url, 'completion/complete', { ref, argument: { name: 'a', value: '' } })
    expect(unknown.error?.code).toBe(-32602)
    const page = { ref: { type: 'ref/resource', uri: 'page://{name}' }, argument: { name: 'name', value: 'a' } }
    expect((await ask(url, 'completion/complete', page)).result).toMatchObject({ completion: { values: ['a1'] } })
  })

  test('lists come in pages, each with the same scope', async () => {
    verifies('PAGE-01', 'CACHE-02')
    const first = (await ask(url, 'prompts/list')).result!
    expect((first['prompts'] as object[]).length).toBe(200)
    const second = (await ask(url, 'prompts/list', { cursor: first['nextCursor'] })).result!
    expect((second['prompts'] as object[]).length).toBe(52)
    expect([second['cacheScope'], second['nextCursor'], second['resultType']]).toEqual([
      'public',
      undefined,
      'complete',
    ])
    for (const cursor of ['x', 5, '', String(first['nextCursor']).slice(1)]) {
      expect((await ask(url, 'prompts/list', { cursor })).error?.code).toBe(-32602)
    }
    expect((await ask(url, 'tools/list', { cursor: first['nextCursor'] })).error?.code).toBe(-32602)
  })

  test('progress increases, says what is going on, and ends with the call', async () => {
    verifies('PROG-02', 'PROG-03', 'PROG-04')
    for (const progressToken of ['token', 7, 0]) {
      const reply = await send(url, 'tools/call', { name: 'rates', arguments: {} }, { meta: { progressToken } })
      const stream = reply.stream()
      await stream.end()
      const sent = stream.messages.slice(0, -1).map(({ params }) => params)
      expect(sent).toEqual(
        [1, 2, 3].map((progress) => ({ progressToken, progress, total: 3, message: `step ${progress}` })),
      )
    }
  })

  test('log messages are declared, name their logger and hold only what the author wrote', async () => {
    verifies('LOG-01', 'LOG-03', 'LOG-04')
    expect((await ask(url, 'server/discover')).result).toMatchObject({ capabilities: { logging: {} } })
    const meta = { [`${KEY}logLevel`]: 'debug' }
    const stream = (await send(url, 'tools/call', { name: 'leaks', arguments: {} }, { meta })).stream()
    await stream.end()
    expect(stream.messages[0]!.params).toEqual({ level: 'error', logger: 'harbour', data: 'A plain sentence.' })
    expect(JSON.stringify(stream.messages)).not.toContain('secret.js')
  })

  test('identity has the icons of this revision', async () => {
    verifies('BASE-28', 'BASE-10')
    const { result } = await ask(url, 'tools/list', {}, { meta: { 'io.modelcontextprotocol/unknown': 1, 'a.b/c': 2 } })
    expect(result!['_meta']).toEqual({
      [`${KEY}serverInfo`]: {
        name: 'features',
        version: '1.0.0',
        icons: [{ src: 'https://example.com/icon.png' }],
        websiteUrl: 'https://example.com',
      },
    })
  })

  test('sampling with tools keeps uses and results together', async () => {
    verifies('SAMP-01', 'SAMP-02')
    const without = await call(url, 'tooled', {}, { meta: { [`${KEY}clientCapabilities`]: { sampling: {} } } })
    expect([without.status, without.error?.data]).toEqual([400, { requiredCapabilities: { sampling: { tools: {} } } }])
    const round = roundOf(await call(url, 'tooled'))
    const answer = { role: 'assistant', model: 'm', content: [{ type: 'text', text: 'x' }] }
    expect(textOf(await retry(url, 'tooled', round, { 'sampling-1': answer }))).toBe('[{"type":"text","text":"x"}]')
    expect((await call(url, 'mixes')).result).toMatchObject({ isError: true })
    const again = roundOf(await call(url, 'tooled'))
    const bad = await retry(url, 'tooled', again, { 'sampling-1': { role: 'assistant', content: [{ type: 'x' }] } })
    expect(bad.error?.code).toBe(-32603)
  })

  test('ids of requests come back as they went in', async () => {
    verifies('BASE-02', 'BASE-05')
    for (const id of [0, -1, Number.MAX_SAFE_INTEGER, '', '0', 'ünï"\\\n', 'x'.repeat(128)]) {
      expect((await call(url, 'echo', { n: 1 }, { id })).id).toBe(id)
    }
  })
})

test('a foreign page, a foreign name and a stranger get nothing', async () => {
  verifies('HTTP-02', 'HTTP-03', 'HTTP-05', 'AUTH-05', 'AUTH-08', 'AUTH-14', 'RES-04')
  const url = await start(define(), {
    auth: (request) => {
      const user = request.header('x-user')
      if (user === 'banned') return { refused: 403 }
      return user === undefined ? undefined : { issuer: 'https://example.com', subject: user }
    },
  })
  const ada = { headers: { 'x-user': 'ada' } }
  expect(textOf(await call(url, 'headers', {}, ada))).toBe('ada ada')
  const stranger = await send(url, 'tools/call', { name: 'headers', arguments: {} })
  expect([stranger.status, stranger.headers['www-authenticate']]).toEqual([401, 'Bearer'])
  expect((await send(url, 'subscriptions/listen', { notifications: {} })).status).toBe(401)
  expect((await call(url, 'headers', {}, { headers: { 'x-user': 'banned' } })).status).toBe(403)
  const page = { headers: { 'x-user': 'ada', origin: 'https://evil.example.com' } }
  expect((await call(url, 'headers', {}, page)).status).toBe(403)
  expect((await call(url, 'headers', {}, { headers: { 'x-user': 'ada', host: 'evil.example.com' } })).status).toBe(403)
  // What an identified caller is shown may differ from what others are.
  expect((await ask(url, 'tools/list', {}, ada)).result).toMatchObject({ cacheScope: 'private' })
  expect((await ask(url, 'server/discover', {}, ada)).result).toMatchObject({ cacheScope: 'private' })
})

test('middleware stands before every request of this era, and makes lists private', async () => {
  const server = define()
  const seen: string[] = []
  server.use((next) => async (request, ctx) => {
    seen.push(`${ctx.session.revision} ${request.method}`)
    if (request.method === 'subscriptions/listen') throw new McpError('invalid_params', 'Nobody listens here.')
    return await next(request, ctx)
  })
  const url = await start(server)
  expect((await ask(url, 'tools/list')).result).toMatchObject({ resultType: 'complete', cacheScope: 'private' })
  expect((await ask(url, 'subscriptions/listen', { notifications: {} })).error?.message).toBe('Nobody listens here.')
  expect((await ask(url, 'x/y')).status).toBe(404)
  expect(seen).toEqual(['tools/list', 'subscriptions/listen', 'x/y'].map((method) => `2026-07-28 ${method}`))
})

test('an author says how long lists may be cached, and cannot say nonsense', async () => {
  verifies('CACHE-01')
  const server = createServer({ name: 'x', version: '1', cache: { ttlMs: 5, scope: 'private' } })
  server.tool('x', {}, () => 'x')
  const url = await start(server)
  expect((await ask(url, 'tools/list')).result).toMatchObject({ ttlMs: 5, cacheScope: 'private' })
  for (const cache of [{ ttlMs: -1 }, { ttlMs: 1.5 }, { scope: 'shared' }]) {
    const bad = cache as { ttlMs: number }
    expect(() => createServer({ name: 'x', version: '1', cache: bad })).toThrow(TypeError)
    expect(() => server.resource('x', 'x://y', { cache: bad }, () => 'x')).toThrow(TypeError)
    expect(() => server.resourceTemplate('x', 'x://{y}', { cache: bad }, () => 'x')).toThrow(TypeError)
  }
})
