/** HTTP with SSE, the transport of 2024-11-05, message by message. */
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, McpError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { onOneProcess } from '../deployment.ts'
import { exchange, type Message } from './http.ts'
import { verifies } from './requirements.ts'
import { ALL_CAPABILITIES, initializeMessage, JSON_BOTH, open, post } from './session.ts'
import { SseSession, sseUrl } from './sse-session.ts'
import { ADAPTERS, start } from './start.ts'

const ended: string[] = []
const hooks: string[] = []
const server = createServer({ name: 'older', version: '1.0.0' })
server.onSession(({ client, revision }, event) => void hooks.push(`${event} ${client.name} ${revision}`))
server.tool('echo', { inputSchema: z.object({ text: z.string() }) }, ({ text }) => text)
server.tool('steps', {}, async (_, ctx) => {
  ctx.progress(1, 2, 'half')
  ctx.log.warning({ step: 1 }, 'steps')
  ctx.log.debug('not at this level')
  await sleep(5)
  ctx.progress(2, 2, 'done')
  ctx.closeStream()
  return 'stepped'
})
server.tool('wait', { inputSchema: z.object({ key: z.string() }) }, async ({ key }, ctx) => {
  ctx.progress(1)
  await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
  ended.push(key)
  return 'late'
})
const model = { messages: [{ role: 'user', content: { type: 'text', text: 'Hi' } }], maxTokens: 5 } as const
const form = { message: 'Name?', requestedSchema: z.object({ name: z.string() }) }
server.tool('ask', { inputSchema: z.object({ what: z.string() }) }, async ({ what }, ctx) => {
  try {
    if (what === 'sampling') return JSON.stringify((await ctx.sample(model)).content)
    if (what === 'roots') return JSON.stringify(await ctx.listRoots())
    const answer = await ctx.elicit(form)
    return answer.action === 'accept' ? answer.content.name : answer.action
  } catch (thrown) {
    if (thrown instanceof McpError) return thrown.code
    throw thrown
  }
})
server.tool('two', {}, async (_, ctx) => {
  const [roots, answer] = await Promise.all([ctx.listRoots(), ctx.sample(model)])
  return `${roots.length} ${answer.model}`
})
server.tool('count', {}, async (_, ctx) => {
  const count = ((await ctx.session.get<number>('count')) ?? 0) + 1
  await ctx.session.set('count', count)
  return String(count)
})
server.tool('facts', {}, (_, ctx) => JSON.stringify([ctx.session.revision, ctx.session.client.name]))
server.resource('watched', 'test://watched', {}, () => 'watched')
server.resource('other', 'test://other', {}, () => 'other')
server.prompt('greet', {}, () => 'Hello')

const answers = {
  'sampling/createMessage': () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'Hello' } }),
  'roots/list': () => ({ roots: [{ uri: 'file:///a' }] }),
}
const declared = { sampling: {}, roots: { listChanged: true } }

describe.each(ADAPTERS)('the %s adapter', (adapter) => {
  let url: string
  let mcp: string
  beforeAll(async () => {
    mcp = await start(server, { legacySse: true }, adapter)
    url = sseUrl(mcp)
  })

  test('a connection begins with the endpoint event; what is posted there is answered on the stream', async () => {
    verifies('SSE-01', 'SSE-02', 'SSE-03')
    const session = await SseSession.connect(url)
    const [first] = session.stream.items
    expect(first).toMatchObject({ kind: 'event', event: 'endpoint' })
    expect(first!.data).toMatch(/^\/messages\?sessionId=[\w.-]{40,300}$/)
    expect((await session.post(initializeMessage({ revision: '2024-11-05' }))).status).toBe(202)
    const { result } = await session.stream.response(0)
    expect(result).toMatchObject({
      protocolVersion: '2024-11-05',
      serverInfo: { name: 'older' },
      capabilities: { tools: { listChanged: true }, resources: { subscribe: true, listChanged: true } },
    })
    const accepted = await session.notify('notifications/initialized')
    expect([accepted.status, await accepted.text()]).toEqual([202, ''])
    expect((await session.request('tools/list')).result!['tools']).toHaveLength(7)
    expect(await session.text('echo', { text: 'a\nb' })).toBe('a\nb')
    expect((await session.request('resources/read', { uri: 'test://watched' })).result).toMatchObject({
      contents: [{ text: 'watched' }],
    })
    expect((await session.request('prompts/get', { name: 'greet' })).result).toMatchObject({ messages: [{}] })
    expect((await session.request('no/such')).error?.code).toBe(-32601)
    // No ids: in this revision nothing can be resumed.
    expect(session.stream.events.slice(1).every(({ event, id }) => event === 'message' && id === undefined)).toBe(true)
    session.stream.cut()
  })

  test('a version that is supported is answered with itself, another one with the latest', async () => {
    verifies('SSE-08')
    for (const [asked, chosen] of [
      ['2024-11-05', '2024-11-05'],
      ['2025-03-26', '2025-03-26'],
      ['2025-11-25', '2025-11-25'],
      ['2024-10-07', '2025-11-25'],
    ]) {
      const session = await SseSession.connect(url)
      const params = { protocolVersion: asked, capabilities: {}, clientInfo: { name: 'c', version: '1' } }
      expect((await session.request('initialize', params)).result!['protocolVersion']).toBe(chosen)
      session.stream.cut()
    }
  })

  onOneProcess('what a replica without the connection accepts is refused on the stream', () => {
    test('before initialization a ping is answered, and nothing else', async () => {
      verifies('SSE-08', 'SSE-13')
      const session = await SseSession.connect(url)
      expect((await session.request('ping')).result).toEqual({})
      const early = await session.post({ jsonrpc: '2.0', id: 'early', method: 'tools/list' })
      expect([early.status, await early.json()]).toEqual([400, expect.objectContaining({ id: 'early' })])
      // An initialize that fails leaves the connection as it was.
      expect((await session.request('initialize', { protocolVersion: 1 })).error?.code).toBe(-32602)
      await session.post(initializeMessage({ revision: '2024-11-05' }))
      await session.stream.response(0)
      const twice = await session.post(initializeMessage())
      expect([twice.status, (await twice.json()).error?.code]).toEqual([400, -32600])
      session.stream.cut()
    })
  })

  test('progress and log messages come before the answer, without what the revision does not know', async () => {
    verifies('SSE-12')
    const session = await SseSession.open(url)
    const answer = await session.call('steps', {}, {}, { progressToken: 'p' })
    const told = session.stream.messages.filter(({ method }) => method !== undefined)
    expect(told.map(({ params }) => params)).toEqual([
      { progressToken: 'p', progress: 1, total: 2 },
      { level: 'warning', logger: 'steps', data: { step: 1 } },
      { progressToken: 'p', progress: 2, total: 2 },
    ])
    expect(session.stream.messages.at(-1)).toEqual(answer)
    await session.request('logging/setLevel', { level: 'error' })
    const before = session.stream.messages.length
    await session.call('steps')
    expect(session.stream.messages.length).toBe(before + 1)
    session.stream.cut()
  })

  test('questions are asked on the stream and answered by a POST, each for its own call', async () => {
    verifies('SSE-10', 'SSE-14')
    const session = await SseSession.open(url, { capabilities: declared })
    expect(await session.text('ask', { what: 'sampling' }, answers)).toBe('{"type":"text","text":"Hello"}')
    expect(await session.text('ask', { what: 'roots' }, answers)).toBe('[{"uri":"file:///a"}]')
    expect(await session.text('two', {}, answers)).toBe('1 m')
    expect((await session.answer('nobody', { result: {} })).status).toBe(202)
    session.stream.cut()
  })

  test('what the client or the revision does not have is not asked', async () => {
    verifies('SSE-14')
    const bare = await SseSession.open(url, { capabilities: {} })
    const full = await SseSession.open(url, { capabilities: ALL_CAPABILITIES })
    const [sampling, roots] = [await bare.text('ask', { what: 'sampling' }), await bare.text('ask', { what: 'roots' })]
    const elicitation = await full.text('ask', { what: 'elicitation' })
    expect([sampling, roots, elicitation]).toEqual(['capability_missing', 'capability_missing', 'capability_missing'])
    for (const { stream } of [bare, full]) {
      expect(stream.messages.filter(({ id, method }) => id !== undefined && method !== undefined)).toEqual([])
      stream.cut()
    }
  })

  onOneProcess('what a replica without the connection accepts is refused on the stream', () => {
    test('a newer revision keeps what it has on this transport too', async () => {
      const session = await SseSession.open(url, { revision: '2025-11-25', capabilities: ALL_CAPABILITIES })
      const fill = { 'elicitation/create': () => ({ action: 'accept', content: { name: 'ada' } }) }
      expect(await session.text('ask', { what: 'elicitation' }, fill)).toBe('ada')
      // Neither a priming event, which clients of this transport would take for a broken message, nor ids.
      expect(session.stream.events.every(({ id, data }) => id === undefined && data !== '')).toBe(true)
      const batch = await session.post([{ jsonrpc: '2.0', id: 1, method: 'ping' }])
      expect(batch.status).toBe(400)
      session.stream.cut()
    })
  })

  test('a cancelled request stops and gets no response', async () => {
    verifies('SSE-11')
    const session = await SseSession.open(url)
    const key = `cancel ${adapter}`
    const id = await session.start('tools/call', { name: 'wait', arguments: { key }, _meta: { progressToken: 1 } })
    await session.stream.method('notifications/progress')
    await session.notify('notifications/cancelled', { requestId: id, reason: 'no more' })
    await expect.poll(() => ended).toContain(key)
    expect((await session.request('ping')).result).toEqual({})
    expect(session.stream.messages.filter((message) => message.id === id)).toEqual([])
    session.stream.cut()
  })

  test('updates of subscribed resources and changes of lists arrive', async () => {
    const session = await SseSession.open(url)
    await session.request('resources/subscribe', { uri: 'test://watched' })
    server.resourceUpdated('test://other')
    server.resourceUpdated('test://watched')
    const update = await session.stream.method('notifications/resources/updated')
    expect(update.params).toEqual({ uri: 'test://watched' })
    await session.request('resources/unsubscribe', { uri: 'test://watched' })
    server.resourceUpdated('test://watched')
    const late = server.tool(`late-${adapter}`, {}, () => '')
    await session.stream.method('notifications/tools/list_changed')
    late.remove()
    expect(session.stream.messages.filter(({ method }) => method?.endsWith('/updated'))).toHaveLength(1)
    session.stream.cut()
  })

  onOneProcess('what a replica without the connection accepts is refused on the stream', () => {
    test('a batch is answered by one array, in which every request has its answer', async () => {
      verifies('SSE-10')
      const session = await SseSession.open(url, { capabilities: declared })
      const call = (id: number, name: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })
      const batch = [
        call(10, 'facts'),
        { jsonrpc: '2.0', method: 'notifications/none' },
        call(11, 'steps'),
        { jsonrpc: '2.0', id: 12 },
        { jsonrpc: '2.0', id: 13, method: 'initialize' },
      ]
      expect((await session.post(batch)).status).toBe(202)
      const array = await session.stream.until('the array', () => {
        return session.stream.events.find(({ data }) => data?.startsWith('['))
      })
      const all = JSON.parse(array.data!) as Message[]
      expect(all.map(({ id, error }) => [id, error?.code])).toEqual(
        expect.arrayContaining([
          [10, undefined],
          [11, undefined],
          [undefined, -32600],
          [13, -32600],
        ]),
      )
      expect(all).toHaveLength(4)
      // Only notifications: nothing is answered. Nothing at all, or too many: refused.
      const before = session.stream.events.length
      expect((await session.post([{ jsonrpc: '2.0', method: 'notifications/none' }])).status).toBe(202)
      expect((await session.post([])).status).toBe(400)
      expect((await session.post(Array.from({ length: 51 }, (_, id) => call(100 + id, 'facts')))).status).toBe(400)
      expect((await session.request('ping')).result).toEqual({})
      expect(session.stream.events).toHaveLength(before + 1)
      session.stream.cut()
    })
  })

  test('the session ends with its connection: its calls are aborted, its URI leads nowhere', async () => {
    verifies('SSE-09')
    const session = await SseSession.open(url, { clientInfo: { name: `gone ${adapter}`, version: '1' } })
    const key = `gone ${adapter}`
    expect(await session.text('count')).toBe('1')
    expect(await session.text('count')).toBe('2')
    await session.start('tools/call', { name: 'wait', arguments: { key }, _meta: { progressToken: 1 } })
    await session.stream.method('notifications/progress')
    session.stream.cut()
    await expect.poll(() => ended).toContain(key)
    await expect.poll(() => hooks).toContain(`close gone ${adapter} 2024-11-05`)
    const after = await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
    expect([after.status, (await after.json()).error?.code]).toEqual([404, -32001])
    const next = await SseSession.open(url)
    expect(await next.text('count')).toBe('1')
    next.stream.cut()
  })

  test('a foreign Origin is refused on both paths, and so is a message that is none', async () => {
    verifies('SSE-04')
    const session = await SseSession.open(url)
    const origin = 'https://evil.example'
    expect((await exchange(url, { method: 'GET', headers: { accept: 'text/event-stream', origin } })).status).toBe(403)
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    expect((await session.post(ping, { origin })).status).toBe(403)
    expect((await session.post(ping, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await session.post(ping, { 'content-type': 'text/plain' })).status).toBe(415)
    expect((await session.post('{')).status).toBe(400)
    expect((await session.post(Uint8Array.of(0x22, 0xff, 0x22))).status).toBe(400)
    expect((await session.post({ jsonrpc: '2.0', id: 1 })).status).toBe(400)
    expect((await session.post(ping, { 'mcp-protocol-version': '1.0' })).status).toBe(400)
    expect((await session.request('ping')).result).toEqual({})
    expect(session.stream.messages.filter(({ error }) => error !== undefined)).toEqual([])
    session.stream.cut()
  })

  test('methods that a path does not have are refused with those that it has', async () => {
    verifies('SSE-01')
    const messages = url.replace('/sse', '/messages')
    const asked = async (target: string, method: string) => {
      const reply = await exchange(target, { method, headers: JSON_BOTH })
      return [reply.status, reply.headers['allow']]
    }
    // By the 405 a newer client knows that this is the older transport.
    expect(await asked(url, 'POST')).toEqual([405, 'GET, OPTIONS'])
    expect(await asked(url, 'DELETE')).toEqual([405, 'GET, OPTIONS'])
    expect(await asked(messages, 'GET')).toEqual([405, 'POST, OPTIONS'])
    expect((await exchange(url, { method: 'GET', headers: { accept: 'application/json' } })).status).toBe(406)
    expect((await post(messages, initializeMessage())).status).toBe(400)
  })

  test('ids of the two transports open nothing on the other one', async () => {
    const session = await SseSession.open(url)
    const newer = await open(mcp)
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const token = new URL(session.endpoint).searchParams.get('sessionId')!
    const crossed = await post(mcp, ping, { ...JSON_BOTH, 'mcp-session-id': token })
    const messages = new URL(`/messages?sessionId=${newer.id}`, url).href
    expect([crossed.status, (await post(messages, ping)).status]).toEqual([404, 404])
    const middle = token.length >> 1
    const forged = token.slice(0, middle) + (token[middle] === 'A' ? 'B' : 'A') + token.slice(middle + 1)
    expect((await post(new URL(`/messages?sessionId=${forged}`, url).href, ping)).status).toBe(404)
    expect((await session.request('ping')).result).toEqual({})
    session.stream.cut()
  })

  test('it is off unless it was turned on', async () => {
    const without = adapter === 'node' ? sseUrl(await start(server, {}, adapter)) : undefined
    if (without !== undefined) expect((await exchange(without, { method: 'GET' })).status).toBe(404)
    const other = await start(server, {}, 'fetch')
    // A fetch handler serves Streamable HTTP on every path that it is called with.
    const reply = await exchange(sseUrl(other), { method: 'GET', headers: { accept: 'text/event-stream' } })
    expect(reply.status).toBe(400)
  })
})

test('a server on loopback is reached by loopback names only', async () => {
  verifies('SSE-05')
  const url = sseUrl(await start(server, { legacySse: true }))
  const asked = { accept: 'text/event-stream', host: 'mcp.example.com' }
  expect((await exchange(url, { method: 'GET', headers: asked })).status).toBe(403)
  const session = await SseSession.open(url)
  expect((await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { host: 'mcp.example.com' })).status).toBe(403)
  session.stream.cut()
})

describe('with auth', () => {
  const identities: Record<string, { issuer: string; subject: string }> = {
    ada: { issuer: 'https://issuer.example', subject: 'ada' },
    bob: { issuer: 'https://issuer.example', subject: 'bob' },
  }
  let url: string
  beforeAll(async () => {
    url = sseUrl(
      await start(server, { legacySse: true, auth: (request) => identities[request.header('x-user') ?? ''] }),
    )
  })

  test('every request is authenticated, and a session belongs to who connected', async () => {
    verifies('SSE-06')
    const anonymous = await exchange(url, { method: 'GET', headers: { accept: 'text/event-stream' } })
    expect([anonymous.status, anonymous.headers['www-authenticate']]).toEqual([401, expect.any(String)])
    const session = await SseSession.open(url, { headers: { 'x-user': 'ada' }, capabilities: declared })
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    expect((await session.post(ping, { 'x-user': undefined })).status).toBe(401)
    expect((await session.post(ping, { 'x-user': 'bob' })).status).toBe(404)
    // Nor can somebody else answer a question, or cancel a call.
    const id = await session.start('tools/call', { name: 'ask', arguments: { what: 'roots' } })
    const question = await session.stream.method('roots/list')
    const stolen = { jsonrpc: '2.0', id: question.id, result: { roots: [] } }
    expect((await session.post(stolen, { 'x-user': 'bob' })).status).toBe(404)
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } }
    expect((await session.post(cancel, { 'x-user': 'bob' })).status).toBe(404)
    await session.answer(question.id, { result: answers['roots/list']() })
    expect((await session.stream.response(id)).result).toMatchObject({ content: [{ text: '[{"uri":"file:///a"}]' }] })
    session.stream.cut()
  })
})
