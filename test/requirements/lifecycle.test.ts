import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, McpError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { ALL_CAPABILITIES, allOf, answerOf, initializeMessage, JSON_BOTH, open, post } from './session.ts'
import { start } from './start.ts'

const icons = [{ src: 'https://example.com/i.png', mimeType: 'image/png', sizes: ['48x48'] }]
const server = createServer({
  name: 'lifecycle',
  title: 'The lifecycle',
  version: '1.2.3',
  description: 'A server',
  websiteUrl: 'https://example.com',
  instructions: 'Do as you like.',
  icons,
})
const shape = z.object({ ok: z.boolean() })
const annotations = { readOnlyHint: true }
const full = {
  title: 'Full',
  annotations,
  description: 'All of it',
  icons,
  outputSchema: shape,
  _meta: { 'example.com/a': 1 },
}
server.tool('full', full, async () => ({ structuredContent: { ok: true } }))
server.tool('sound', {}, () => ({ type: 'audio' as const, data: 'UklGRg==', mimeType: 'audio/wav' }))
server.tool('link', {}, async () => ({ type: 'resource_link' as const, uri: 'test://x', name: 'X' }))
const askUser = { message: 'Name?', requestedSchema: z.object({ name: z.string() }) }
const page = { mode: 'url', message: 'Open', url: 'https://example.com' } as const
const question = { messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }], maxTokens: 5 } as const
const inputSchema = z.object({ kind: z.string() })
const asks = z.object({ kind: z.string(), timeout: z.number().optional() })
/** Asks, and tells by which error that failed. */
server.tool('ask', { inputSchema: asks }, async ({ kind, timeout }, ctx) => {
  const settings = timeout === undefined ? {} : { timeout, maxTimeout: timeout * 2 }
  const tools = [{ name: 't', inputSchema: { type: 'object' } }]
  try {
    if (kind === 'sampling') await ctx.sample(question, settings)
    else if (kind === 'sampling.tools') await ctx.sample({ ...question, tools }, settings)
    else if (kind === 'sampling.context') await ctx.sample({ ...question, includeContext: 'thisServer' }, settings)
    else if (kind === 'elicitation') await ctx.elicit(askUser, settings)
    else if (kind === 'elicitation.url') await ctx.elicit(page, settings)
    else await ctx.listRoots(settings)
    return 'asked'
  } catch (error) {
    return error instanceof McpError ? error.code : String(error)
  }
})
server.tool('require', { inputSchema }, async (_args, ctx) => JSON.stringify(await ctx.sample(question)))

let url: string
beforeAll(async () => {
  url = await start(server)
})

describe.each(LEGACY)('%s', (revision) => {
  test('initialize is answered with version, capabilities and identity', async () => {
    verifies('LIFE-01', 'LIFE-02', 'SESS-01')
    const reply = await post(url, initializeMessage({ revision }))
    expect(reply.status).toBe(200)
    expect(reply.headers['mcp-session-id']).toBeDefined()
    const { result } = await answerOf(reply)
    expect(result).toMatchObject({
      protocolVersion: revision,
      capabilities: { tools: { listChanged: true }, logging: {} },
      serverInfo: { name: 'lifecycle', version: '1.2.3' },
      instructions: 'Do as you like.',
    })
  })

  test('only what the server has is declared, and the rest is unknown to it', async () => {
    verifies('LIFE-05', 'TOOL-01', 'RES-01', 'PROM-01', 'COMP-01')
    const session = await open(url, { revision })
    const capabilities = session.initialized['capabilities'] as object
    expect(Object.keys(capabilities).sort()).toEqual(['logging', 'tools'])
    for (const method of ['resources/list', 'resources/read', 'resources/subscribe', 'prompts/list', 'prompts/get']) {
      expect((await session.request(method, { uri: 'test://x', name: 'x' })).error).toMatchObject({ code: -32601 })
    }
    const ref = { ref: { type: 'ref/prompt', name: 'x' }, argument: { name: 'a', value: '' } }
    expect((await session.request('completion/complete', ref)).error).toMatchObject({ code: -32601 })
  })

  test('nothing works before initialize', async () => {
    verifies('LIFE-01', 'SESS-04')
    const version = revision < '2025-06-18' ? {} : { 'mcp-protocol-version': revision }
    for (const method of ['ping', 'tools/list', 'notifications/initialized']) {
      const reply = await post(url, { jsonrpc: '2.0', id: 1, method }, { ...JSON_BOTH, ...version })
      expect(reply.status).toBe(400)
      expect((await reply.json()).error!.message).toMatch(/session/i)
    }
  })

  test('before initialized the server asks nothing by itself', async () => {
    verifies('LIFE-04')
    const session = await open(url, { revision, initialized: false })
    const stream = await session.listen()
    await sleep(300)
    expect(stream.messages.filter(({ id }) => id !== undefined)).toEqual([])
    expect((await session.request('ping')).result).toEqual({})
    stream.cut()
  })

  test('what the revision does not know is not sent', async () => {
    verifies('LIFE-05')
    const session = await open(url, { revision })
    const { tools } = (await session.request('tools/list')).result as { tools: { name: string }[] }
    const listed = new Set(Object.keys(tools.find(({ name }) => name === 'full')!))
    const info = new Set(Object.keys(session.initialized['serverInfo'] as object))
    const called = (await session.call('full')).result!
    const structured = revision >= '2025-06-18'
    expect([listed.has('title'), listed.has('outputSchema'), listed.has('_meta')]).toEqual([
      structured,
      structured,
      structured,
    ])
    expect([info.has('title'), Object.hasOwn(called, 'structuredContent')]).toEqual([structured, structured])
    const newest = revision === '2025-11-25'
    expect([listed.has('icons'), info.has('icons'), info.has('websiteUrl'), info.has('description')]).toEqual([
      newest,
      newest,
      newest,
      newest,
    ])
    const [block] = (await session.call('link')).result!['content'] as { type: string }[]
    expect(block!.type).toBe(structured ? 'resource_link' : 'text')
    const [sound] = (await session.call('sound')).result!['content'] as { type: string }[]
    expect(sound!.type).toBe(revision === '2024-11-05' ? 'resource' : 'audio')
    expect(listed.has('annotations')).toBe(revision !== '2024-11-05')
  })

  const missing = [
    ['sampling', {}, { sampling: {} }],
    ['sampling.tools', { sampling: {} }, { sampling: { tools: {} } }],
    ['roots', {}, { roots: {} }],
    ['elicitation', {}, { elicitation: {} }],
    ['elicitation.url', { elicitation: {} }, { elicitation: { url: {} } }],
  ] as const
  test.each(missing)('without %s nothing is asked, and the error says so', async (kind, capabilities) => {
    verifies('LIFE-05', 'LIFE-08', 'SAMP-01', 'ELIC-01', 'ROOT-01')
    const session = await open(url, { revision, capabilities })
    const { stream } = await session.startCall('ask', { kind })
    await stream.end()
    expect(stream.messages).toHaveLength(1)
    expect(stream.messages[0]!.result).toMatchObject({ content: [{ text: 'capability_missing' }] })
  })

  test('a missing capability that the handler does not handle is an error that names it', async () => {
    verifies('LIFE-08')
    const session = await open(url, { revision, capabilities: {} })
    const { error } = await session.call('require', { kind: '' })
    expect(error).toMatchObject({ code: -32021, data: { requiredCapabilities: { sampling: {} } } })
    expect(error!.message).toContain('sampling')
  })

  test('a question has a time-out, after which it is cancelled', async () => {
    verifies('LIFE-07', 'LIFE-08', 'CANC-01')
    const session = await open(url, { revision })
    const { stream } = await session.startCall('ask', { kind: 'roots', timeout: 80 })
    const asked = await stream.method('roots/list')
    const cancelled = await stream.method('notifications/cancelled')
    expect(cancelled.params).toMatchObject({ requestId: asked.id })
    await stream.end()
    expect(stream.messages.at(-1)!.result).toMatchObject({ content: [{ text: 'ask_timeout' }] })
  })

  test('progress prolongs a question, but not for ever', async () => {
    verifies('LIFE-07')
    const session = await open(url, { revision })
    const begin = Date.now()
    const { stream } = await session.startCall('ask', { kind: 'roots', timeout: 300 })
    const asked = await stream.method('roots/list')
    const progressToken = (asked.params!['_meta'] as { progressToken: unknown }).progressToken
    for (let progress = 1; !stream.ended && progress < 90; progress++) {
      await session.notify('notifications/progress', { progressToken, progress })
      await sleep(50)
    }
    await stream.end()
    expect(stream.messages.at(-1)!.result).toMatchObject({ content: [{ text: 'ask_timeout' }] })
    // Longer than without progress, and no longer than its maximum.
    expect(Date.now() - begin).toBeGreaterThan(400)
    expect(Date.now() - begin).toBeLessThan(3_000)
  })
})

test('2025-03-26 has no elicitation, whatever the client declares', async () => {
  verifies('LIFE-05')
  const session = await open(url, { revision: '2025-03-26', capabilities: ALL_CAPABILITIES })
  expect(await session.text('ask', { kind: 'elicitation' })).toBe('capability_missing')
})

test('2025-06-18 has no URL mode, whatever the client declares', async () => {
  verifies('ELIC-01')
  const session = await open(url, { revision: '2025-06-18', capabilities: ALL_CAPABILITIES })
  expect(await session.text('ask', { kind: 'elicitation.url' })).toBe('capability_missing')
})

test('context of other servers is asked for only when that is declared', async () => {
  verifies('SAMP-01')
  const session = await open(url, { capabilities: { sampling: {} } })
  expect(await session.text('ask', { kind: 'sampling.context' })).toBe('capability_missing')
})

test.each(['1999-01-01', '2026-07-28', 'latest', ''])(
  '%o is answered with our latest version',
  async (protocolVersion) => {
    verifies('LIFE-02', 'LIFE-08')
    const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'raw', version: '1' } }
    const reply = await post(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
    expect((await answerOf(reply)).result).toMatchObject({ protocolVersion: '2025-11-25' })
  },
)

test.each([
  ['without params', undefined],
  ['without a version', { capabilities: {}, clientInfo: { name: 'raw', version: '1' } }],
  [
    'with a version that is no string',
    { protocolVersion: 1, capabilities: {}, clientInfo: { name: 'raw', version: '1' } },
  ],
  [
    'with capabilities that are no object',
    { protocolVersion: '2025-11-25', capabilities: 1, clientInfo: { name: 'a', version: '1' } },
  ],
  ['without clientInfo', { protocolVersion: '2025-11-25', capabilities: {} }],
  [
    'with a clientInfo that has no name',
    { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { version: '1' } },
  ],
])('initialize %s is refused, and makes no session', async (_, params) => {
  verifies('LIFE-01')
  const reply = await post(url, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
  expect(reply.headers['mcp-session-id']).toBeUndefined()
  expect((await answerOf(reply)).error).toMatchObject({ code: -32602 })
})

test('2025-03-26: initialize is not taken in a batch', async () => {
  verifies('LIFE-03')
  const initialize = initializeMessage({ revision: '2025-03-26' })
  const session = await open(url, { revision: '2025-03-26' })
  for (const send of [(body: object) => post(url, body), (body: object) => session.post(body)]) {
    for (const batch of [[initialize], [initialize, { jsonrpc: '2.0', id: 1, method: 'ping' }]]) {
      const reply = await send(batch)
      expect(reply.headers['mcp-session-id']).toBeUndefined()
      // Outside a session all of it is refused, inside one its member.
      const answers = reply.status === 200 ? await allOf(reply) : [await reply.json()]
      expect(answers).toContainEqual(expect.objectContaining({ error: expect.objectContaining({ code: -32600 }) }))
      expect(answers.every(({ result }) => result === undefined || !('protocolVersion' in result))).toBe(true)
    }
  }
})

// python-sdk #2605: a second initialize must not change what was negotiated.
test('initialize inside a session is refused, and changes nothing', async () => {
  verifies('LIFE-01', 'LIFE-05')
  const session = await open(url, { capabilities: {} })
  const reply = await session.post(initializeMessage({ revision: '2025-03-26' }))
  expect(reply.status).toBe(400)
  expect((await reply.json()).error).toMatchObject({ code: -32600 })
  expect(await session.text('ask', { kind: 'roots' })).toBe('capability_missing')
  expect((await session.get()).status).toBe(200)
})

test('server/discover with the headers of no era gets an error that a probing client understands', async () => {
  verifies('LIFE-08')
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'probe', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'probe', method: 'server/discover', params: { _meta } })
  for (const version of [{}, { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'server/discover' }]) {
    const reply = await exchange(url, { headers: { ...JSON_BOTH, ...version }, body })
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.status).toBeLessThan(500)
    expect(reply.headers['mcp-session-id']).toBeUndefined()
    const { jsonrpc, id, error } = await reply.json()
    expect({ jsonrpc, error }).toMatchObject({ jsonrpc: '2.0', error: { code: expect.any(Number) } })
    expect(id).toBe('probe')
  }
})
