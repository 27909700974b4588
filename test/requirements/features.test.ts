import { randomBytes } from 'node:crypto'
import { createServer, McpError, ToolError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { LEGACY, verifies } from './requirements.ts'
import { open } from './session.ts'
import { start } from './start.ts'

const bytes = randomBytes(100_001)
const PNG = 'iVBORw0KGgo='
const server = createServer({ name: 'features', version: '1.0.0' })
const shape = z.object({ count: z.number(), note: z.string().optional() })
const give = z.object({ value: z.record(z.string(), z.unknown()) })
server.tool('typed', { inputSchema: give, outputSchema: shape }, async ({ value }) => ({
  structuredContent: value as never,
}))
server.tool('bare', { outputSchema: shape }, async () => ({ count: 1 }))
server.tool('worded', { outputSchema: shape }, async () => ({
  content: [{ type: 'text' as const, text: 'one' }],
  structuredContent: { count: 1 },
}))
server.tool('business', {}, async () => {
  throw new ToolError('No money left.')
})
server.tool('Case', {}, async () => 'upper')
server.tool('case', {}, async () => 'lower')
server.tool('embedded', {}, async () => ({
  type: 'resource' as const,
  resource: { uri: 'test://bytes', text: 'embedded' },
}))
const moving = server.tool('moving', {}, async () => 'moving')
server.resource(
  'Bytes',
  'test://bytes',
  { mimeType: 'application/octet-stream', description: 'Bytes', size: 100_001 },
  async () => bytes,
)
server.resource('Parts', 'test://parts', {}, async () => ({
  contents: [{ text: 'one' }, { uri: 'test://parts/2', blob: PNG, mimeType: 'image/png' }],
}))
server.resource('Guarded', 'test://guarded', {}, async (_uri, ctx) => {
  if (ctx.request.headers.get('x-user') !== 'ada') throw new McpError('resource_not_found', 'Resource not found')
  return 'for ada only'
})
server.resourceTemplate('File', 'file:///srv/{name}', {}, async (_uri, { name }) => `file ${name}`)
server.resourceTemplate('Deep', 'test://deep/{+path}', {}, async (_uri, { path }) => `path ${path}`)
const passage = z.object({ topic: z.string().max(10), tone: z.string().optional() })
server.prompt(
  'write',
  { description: 'Writes', argsSchema: passage },
  async ({ topic, tone = 'plain' }) => `${topic} ${tone}`,
)
server.prompt('show', {}, async () => ({
  messages: [
    { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
    { role: 'assistant', content: { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' } },
  ],
}))

let url: string
beforeAll(async () => {
  url = await start(server)
})

describe.each(LEGACY)('tools in %s', (revision) => {
  test('are declared and listed', async () => {
    verifies('TOOL-01', 'TOOL-04', 'TOOL-09')
    const session = await open(url, { revision })
    expect(session.initialized['capabilities']).toMatchObject({ tools: { listChanged: true }, resources: {} })
    const { tools } = (await session.request('tools/list')).result as { tools: { name: string; inputSchema: object }[] }
    expect(tools.length).toBeGreaterThanOrEqual(8)
    expect(new Set(tools.map(({ name }) => name)).size).toBe(tools.length)
    for (const { inputSchema } of tools) expect(inputSchema).toMatchObject({ type: 'object' })
  })

  test('have names that are told apart by case', async () => {
    verifies('TOOL-05')
    const session = await open(url, { revision })
    expect([await session.text('Case'), await session.text('case')]).toEqual(['upper', 'lower'])
    expect((await session.call('CASE')).error).toMatchObject({ code: -32602 })
  })

  test('announce that their list changed, once for each change', async () => {
    verifies('TOOL-02')
    const session = await open(url, { revision })
    const listening = await session.listen()
    await listening.until('its beginning', () => listening.items[0])
    const names = async () =>
      ((await session.request('tools/list')).result!['tools'] as { name: string }[]).map(({ name }) => name)
    moving.disable()
    await listening.method('notifications/tools/list_changed')
    expect(await names()).not.toContain('moving')
    expect((await session.call('moving')).error).toMatchObject({ code: -32602 })
    moving.enable()
    await listening.until(
      'the second',
      () => listening.messages.filter(({ method }) => method === 'notifications/tools/list_changed')[1],
    )
    expect(await names()).toContain('moving')
    expect(await session.text('moving')).toBe('moving')
    listening.cut()
  })

  test('that do not exist are a protocol error', async () => {
    verifies('TOOL-07')
    const session = await open(url, { revision })
    for (const name of ['unknown', '', 'constructor', '__proto__', 'x'.repeat(5_000)]) {
      expect((await session.call(name)).error).toMatchObject({ code: -32602 })
    }
  })

  test('that fail are a result which says so', async () => {
    verifies('TOOL-07')
    const session = await open(url, { revision })
    const { result } = await session.call('business')
    expect(result).toEqual({ content: [{ type: 'text', text: 'No money left.' }], isError: true })
  })
})

describe.each(['2025-06-18', '2025-11-25'] as const)('structured output in %s', (revision) => {
  test('conforms to its schema, and is a text too', async () => {
    verifies('TOOL-06')
    const session = await open(url, { revision })
    const { result } = await session.call('typed', { value: { count: 3, note: 'x' } })
    expect(result!['structuredContent']).toEqual({ count: 3, note: 'x' })
    const [block] = result!['content'] as { text: string }[]
    expect(JSON.parse(block!.text)).toEqual({ count: 3, note: 'x' })
    expect((await session.call('bare')).result).toMatchObject({ structuredContent: { count: 1 } })
    expect((await session.call('worded')).result).toMatchObject({
      content: [{ text: 'one' }],
      structuredContent: { count: 1 },
    })
    const { tools } = (await session.request('tools/list')).result as {
      tools: { name: string; outputSchema?: object }[]
    }
    expect(tools.find(({ name }) => name === 'typed')!.outputSchema).toMatchObject({
      type: 'object',
      required: ['count'],
    })
  })

  test('that does not conform is never sent', async () => {
    verifies('TOOL-06', 'TOOL-08')
    const session = await open(url, { revision })
    for (const value of [{}, { count: 'many' }, { count: 1, note: 5 }]) {
      const message = await session.call('typed', { value })
      expect(JSON.stringify(message)).not.toContain('structuredContent')
      expect(message.error ?? message.result!['isError']).toBeTruthy()
    }
  })
})

test.each(['', 'has space', 'a/b', 'ü', 'x'.repeat(129), 'a,b', 'line\nbreak'])(
  'the tool name %o is refused',
  (name) => {
    verifies('TOOL-05')
    const own = createServer({ name: 'names', version: '1.0.0' })
    expect(() => own.tool(name, {}, async () => '')).toThrow(TypeError)
  },
)

test('a tool name is used once', () => {
  verifies('TOOL-05')
  const own = createServer({ name: 'names', version: '1.0.0' })
  own.tool('a-B_9.x', {}, async () => '')
  own.tool('x'.repeat(128), {}, async () => '')
  expect(() => own.tool('a-B_9.x', {}, async () => '')).toThrow(/a-B_9\.x/)
})

describe.each(LEGACY)('resources in %s', (revision) => {
  test('are declared, with subscriptions and list changes, and listed', async () => {
    verifies('RES-01', 'RES-07')
    const session = await open(url, { revision })
    expect(session.initialized['capabilities']).toMatchObject({ resources: { subscribe: true, listChanged: true } })
    const { resources } = (await session.request('resources/list')).result as { resources: { uri: string }[] }
    expect(resources).toContainEqual(
      expect.objectContaining({
        uri: 'test://bytes',
        name: 'Bytes',
        size: 100_001,
        mimeType: 'application/octet-stream',
      }),
    )
    // Nothing is published under https: by itself: a client would try to fetch it there.
    for (const { uri } of resources) expect(uri).not.toMatch(/^https?:/)
  })

  test('of bytes are proper base64', async () => {
    verifies('RES-05')
    const session = await open(url, { revision })
    const { contents } = (await session.request('resources/read', { uri: 'test://bytes' })).result as {
      contents: { blob: string }[]
    }
    expect(contents[0]!.blob).toMatch(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/)
    expect(Buffer.from(contents[0]!.blob, 'base64').equals(bytes)).toBe(true)
    const parts = (await session.request('resources/read', { uri: 'test://parts' })).result!['contents']
    expect(parts).toMatchObject([
      { uri: 'test://parts', text: 'one' },
      { uri: 'test://parts/2', blob: PNG, mimeType: 'image/png' },
    ])
  })

  test('that do not exist: -32002 with the URI', async () => {
    verifies('RES-02')
    const session = await open(url, { revision })
    for (const uri of ['test://unknown', 'test://bytes/', 'TEST://other', 'https://example.com/x']) {
      const { error, result } = await session.request('resources/read', { uri })
      expect([result, error]).toEqual([undefined, { code: -32002, message: expect.any(String), data: { uri } }])
    }
    expect((await session.request('resources/subscribe', { uri: 'test://unknown' })).error).toMatchObject({
      code: -32002,
    })
  })

  test('have URIs that are validated', async () => {
    verifies('RES-03')
    const session = await open(url, { revision })
    for (const uri of [undefined, null, 5, '', 'bytes', '/etc/passwd', '//host/x', `test://${'x'.repeat(3_000)}`]) {
      for (const method of ['resources/read', 'resources/subscribe', 'resources/unsubscribe']) {
        expect([method, uri, (await session.request(method, { uri })).error?.code]).toEqual([method, uri, -32602])
      }
    }
  })

  test('have templates whose variables stay inside', async () => {
    verifies('RES-03')
    const session = await open(url, { revision })
    const read = (uri: string) => session.request('resources/read', { uri })
    expect((await read('file:///srv/a.txt')).result).toMatchObject({
      contents: [{ uri: 'file:///srv/a.txt', text: 'file a.txt' }],
    })
    for (const uri of ['file:///srv/../etc/passwd', 'file:///srv/a/b', 'file:///srv/', 'file:///srv/a?b']) {
      expect([uri, (await read(uri)).error?.code]).toEqual([uri, -32002])
    }
    // An encoded slash is part of the value: the handler gets it as data, and must not take it for a path.
    const encoded = (await read('file:///srv/a%2Fb')).result
    expect(encoded).toMatchObject({ contents: [{ uri: 'file:///srv/a%2Fb', text: 'file a/b' }] })
    expect((await read('test://deep/a/b/c')).result).toMatchObject({ contents: [{ text: 'path a/b/c' }] })
  })

  test('may be refused before they are read', async () => {
    verifies('RES-04')
    const session = await open(url, { revision })
    const ada = session.with({ 'x-user': 'ada' })
    const uri = 'test://guarded'
    expect((await session.request('resources/read', { uri })).error).toMatchObject({ code: -32002 })
    expect((await ada.request('resources/read', { uri })).result).toMatchObject({
      contents: [{ text: 'for ada only' }],
    })
  })

  test('tell who subscribed, until the subscription ends', async () => {
    verifies('RES-06')
    const session = await open(url, { revision })
    const other = await open(url, { revision })
    const [listening, bystander] = [await session.listen(), await other.listen()]
    const [a, b] = ['test://bytes', 'test://parts'] as const
    for (const uri of [a, a, b]) expect((await session.request('resources/subscribe', { uri })).result).toEqual({})
    server.resourceUpdated(a)
    await listening.message(({ params }) => params?.['uri'] === a)
    expect((await session.request('resources/unsubscribe', { uri: a })).result).toEqual({})
    server.resourceUpdated(a)
    server.resourceUpdated(b)
    await listening.message(({ params }) => params?.['uri'] === b)
    const updates = listening.messages.filter(({ method }) => method === 'notifications/resources/updated')
    expect(updates.map(({ params }) => params!['uri'])).toEqual([a, b])
    expect(bystander.messages.filter(({ method }) => method === 'notifications/resources/updated')).toEqual([])
    listening.cut()
    bystander.cut()
  })
})

describe.each(LEGACY)('prompts in %s', (revision) => {
  test('are declared, listed and filled in', async () => {
    verifies('PROM-01')
    const session = await open(url, { revision })
    expect(session.initialized['capabilities']).toMatchObject({ prompts: { listChanged: true } })
    const { prompts } = (await session.request('prompts/list')).result as { prompts: { name: string }[] }
    expect(prompts.find(({ name }) => name === 'write')).toMatchObject({
      description: 'Writes',
      arguments: [
        { name: 'topic', required: true },
        { name: 'tone', required: false },
      ],
    })
    const { result } = await session.request('prompts/get', { name: 'write', arguments: { topic: 'Boats' } })
    expect(result).toMatchObject({ messages: [{ role: 'user', content: { type: 'text', text: 'Boats plain' } }] })
  })

  test('validate their name and arguments', async () => {
    verifies('PROM-01', 'PROM-02')
    const session = await open(url, { revision })
    const get = async (params?: object) => (await session.request('prompts/get', params)).error
    for (const params of [undefined, {}, { name: 5 }, { name: 'unknown' }, { name: 'toString' }]) {
      expect(await get(params)).toMatchObject({ code: -32602 })
    }
    for (const args of [undefined, {}, { tone: 'x' }, { topic: 5 }, { topic: { a: 1 } }, { topic: 'much too long' }]) {
      const error = await get({ name: 'write', arguments: args })
      expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('topic') })
    }
    expect(await get({ name: 'write', arguments: 'topic' })).toMatchObject({ code: -32602 })
  })

  test('carry images and audio in base64 with their type', async () => {
    verifies('PROM-03')
    const session = await open(url, { revision })
    const { messages } = (await session.request('prompts/get', { name: 'show' })).result as { messages: object[] }
    // 2024-11-05 knows no audio: its bytes travel as a resource.
    const audio =
      revision === '2024-11-05'
        ? { type: 'resource', resource: { uri: 'embedded:audio', mimeType: 'audio/wav', blob: 'UklGRg==' } }
        : { type: 'audio', data: 'UklGRg==', mimeType: 'audio/wav' }
    expect(messages).toEqual([
      { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
      { role: 'assistant', content: audio },
    ])
  })
})
