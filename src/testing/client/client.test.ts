import { describe, expect, test } from 'vitest'
import { type ClientOptions, createClient, type Observation } from './index.ts'

type Message = { readonly id?: number; readonly method?: string; readonly params?: unknown; readonly result?: unknown }
type Answering = (request: Request, message: Message) => Response | undefined

const SESSION = { 'mcp-session-id': 'the-session' }
const JSON_HEADERS = { 'content-type': 'application/json' }

function json(id: number | undefined, result: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify({ jsonrpc: '2.0', id, result }), { headers: { ...JSON_HEADERS, ...headers } })
}

function sse(...frames: readonly string[]): Response {
  return new Response(frames.map((frame) => `${frame}\n\n`).join(''), {
    headers: { 'content-type': 'text/event-stream' },
  })
}

/** A stream that stays open until its request is aborted. */
function openSse(request: Request, ...frames: readonly string[]): Response {
  const body = new ReadableStream({
    start(controller) {
      for (const frame of frames) controller.enqueue(new TextEncoder().encode(`${frame}\n\n`))
      request.signal.addEventListener('abort', () => controller.error(new Error('the connection was lost')))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

function data(message: object, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}`
}

interface Seen {
  readonly request: Request
  readonly message: Message
}

/** A client of a server that is a function, and what that server has seen. */
function clientOf(answering: Answering, options: ClientOptions = {}) {
  const seen: Seen[] = []
  const client = createClient('http://in-process.test/mcp', {
    reconnect: { delayMs: 1, maxAttempts: 2 },
    timeoutMs: 2000,
    ...options,
    fetch: async (url, init) => {
      const request = new Request(url, init)
      const text = await request.clone().text()
      const message = (text === '' ? {} : JSON.parse(text)) as Message
      seen.push({ request, message })
      const answer = answering(request, message)
      if (answer) return answer
      const { method, id } = message
      if (method === 'initialize') return json(id, INITIALIZE_RESULT, SESSION)
      if (request.method === 'DELETE') return new Response(null, { status: 204 })
      return new Response(null, { status: request.method === 'GET' ? 405 : 202 })
    },
  })
  return { client, seen }
}

const INITIALIZE_RESULT = {
  protocolVersion: '2025-11-25',
  capabilities: { tools: {} },
  serverInfo: { name: 'unit', version: '1' },
}

describe('initialize', () => {
  test('sends revision, capabilities and identity, and from then on the session id and the revision', async () => {
    const { client, seen } = clientOf(() => undefined, { elicitation: () => ({ action: 'cancel' }), roots: [] })
    const { sessionId, revision, server } = await client.connect()
    expect({ sessionId, revision: revision.name, server }).toEqual({
      sessionId: 'the-session',
      revision: '2025-11-25',
      server: { name: 'unit', version: '1' },
    })
    const [initialize, initialized] = seen
    expect(initialize?.message.params).toMatchObject({
      protocolVersion: '2025-11-25',
      capabilities: { elicitation: { form: {}, url: {} }, roots: { listChanged: true } },
    })
    expect(initialize?.request.headers.get('mcp-protocol-version')).toBeNull()
    expect(initialize?.request.headers.get('accept')).toBe('application/json, text/event-stream')
    expect(initialized?.message.method).toBe('notifications/initialized')
    expect(initialized?.request.headers.get('mcp-session-id')).toBe('the-session')
    expect(initialized?.request.headers.get('mcp-protocol-version')).toBe('2025-11-25')
  })

  test('declares what the revision asked for has', async () => {
    const elicitation = () => ({ action: 'cancel' }) as const
    const declared = async (revision: '2025-03-26' | '2025-06-18'): Promise<unknown> => {
      const { client, seen } = clientOf(() => undefined, { revision, elicitation })
      await client.initialize()
      return seen[0]?.message.params
    }
    expect(await declared('2025-03-26')).toHaveProperty('capabilities', {})
    expect(await declared('2025-06-18')).toHaveProperty('capabilities', { elicitation: {} })
  })

  test('takes the revision that the server chose, and refuses one that it does not speak', async () => {
    const choose =
      (protocolVersion: string): Answering =>
      (_, { id }) =>
        json(id, { ...INITIALIZE_RESULT, protocolVersion })
    const older = clientOf(choose('2025-03-26'))
    expect((await older.client.initialize()).revision.name).toBe('2025-03-26')
    await older.client.request('ping').catch(() => {})
    expect(older.seen[1]?.request.headers.get('mcp-protocol-version')).toBeNull()
    await expect(clientOf(choose('2031-01-01')).client.initialize()).rejects.toMatchObject({
      code: 'unsupported_revision',
    })
  })
})

describe('request', () => {
  test('a JSON-RPC error, an HTTP error, a lost session and nonsense are told apart by code', async () => {
    const rpc = (status: number): Response =>
      new Response('{"jsonrpc":"2.0","id":2,"error":{"code":-32602,"message":"No."}}', {
        status,
        headers: JSON_HEADERS,
      })
    const failing = async (answer: () => Response): Promise<unknown> => {
      const { client } = clientOf((_, { method }) => (method === 'tools/call' ? answer() : undefined))
      await client.connect()
      return await client.request('tools/call').catch((error: unknown) => error)
    }
    expect(await failing(() => rpc(200))).toMatchObject({ code: 'rpc_error', rpc: { code: -32602 } })
    expect(await failing(() => rpc(400))).toMatchObject({ code: 'http_error', status: 400, rpc: { message: 'No.' } })
    expect(await failing(() => rpc(404))).toMatchObject({ code: 'session_not_found', status: 404 })
    expect(await failing(() => new Response('<html>'))).toMatchObject({ code: 'not_mcp' })
    expect(await failing(() => Response.error())).toMatchObject({ code: 'not_mcp' })
    expect(
      await failing(() => {
        throw new TypeError('refused')
      }),
    ).toMatchObject({ code: 'unreachable' })
  })

  test('hands progress to the request that asked for it, and everything to onNotification', async () => {
    const notified: string[] = []
    const { client } = clientOf(
      (_, { id, method }) => {
        if (method !== 'tools/call') return undefined
        const params = { progressToken: id, progress: 1, total: 2, message: 'half' }
        return sse(data({ method: 'notifications/progress', params }), data({ id, result: { ok: true } }))
      },
      { onNotification: (method) => notified.push(method) },
    )
    await client.connect()
    const progress: unknown[] = []
    expect(await client.request('tools/call', {}, { onProgress: (step) => progress.push(step) })).toEqual({ ok: true })
    expect(progress).toEqual([{ progress: 1, total: 2, message: 'half' }])
    expect(notified).toEqual(['notifications/progress'])
  })

  test('a signal cancels it by a notification that names it', async () => {
    const { client, seen } = clientOf((request, { method }) => (method === 'tools/call' ? openSse(request) : undefined))
    await client.connect()
    const controller = new AbortController()
    const calling = client.request('tools/call', {}, { signal: controller.signal })
    setTimeout(() => controller.abort(), 10)
    await expect(calling).rejects.toMatchObject({ code: 'cancelled' })
    const call = seen.find(({ message }) => message.method === 'tools/call')
    const cancel = seen.find(({ message }) => message.method === 'notifications/cancelled')
    expect(cancel?.message.params).toMatchObject({ requestId: call?.message.id })
  })

  test('silence beyond timeoutMs cancels it; a question that is being answered is no silence', async () => {
    const { client } = clientOf(
      (request, { method }) => {
        if (method === 'quiet') return openSse(request)
        if (method === 'asking') return openSse(request, data({ id: 'q', method: 'elicitation/create', params: {} }))
        return undefined
      },
      { timeoutMs: 40, elicitation: () => new Promise((resolve) => setTimeout(resolve, 150, { action: 'cancel' })) },
    )
    await client.connect()
    await expect(client.request('quiet')).rejects.toMatchObject({ code: 'timeout' })
    const startedAt = Date.now()
    await expect(client.request('asking')).rejects.toMatchObject({ code: 'timeout' })
    expect(Date.now() - startedAt).toBeGreaterThanOrEqual(180)
    await client.close()
  })
})

describe('a broken stream', () => {
  test('is resumed after the last event id, with the wait that the server asked for', async () => {
    let resumedAt = 0
    let callId: number | undefined
    const { client, seen } = clientOf((request, { id, method }) => {
      if (method === 'tools/call') {
        callId = id
        return sse('retry: 60', 'id: a\ndata:')
      }
      if (request.method !== 'GET') return undefined
      resumedAt = Date.now()
      const after = request.headers.get('last-event-id')
      return after === 'a' ? sse('id: b\ndata:') : sse(data({ id: callId, result: { after } }, 'c'))
    })
    await client.connect()
    const startedAt = Date.now()
    expect(await client.request('tools/call')).toEqual({ after: 'b' })
    expect(resumedAt - startedAt).toBeGreaterThanOrEqual(110)
    expect(seen.filter(({ request }) => request.method === 'GET')).toHaveLength(2)
  })

  test('can be cut on purpose, and nothing of it is lost', async () => {
    let callId: number | undefined
    const { client } = clientOf((request, { id, method }) => {
      if (method === 'tools/call') {
        callId = id
        return openSse(request, 'id: a\ndata:')
      }
      return request.method === 'GET' ? sse(data({ id: callId, result: { resumed: true } })) : undefined
    })
    await client.connect()
    const calling = client.request('tools/call')
    setTimeout(() => client.cutStreams('request'), 20)
    expect(await calling).toEqual({ resumed: true })
  })

  test.each([
    ['no event had an id', () => sse(': nothing'), undefined, 'stream_lost'],
    ['the server does not resume', () => sse('id: a\ndata:'), () => new Response(null, { status: 405 }), 'stream_lost'],
    ['the session is gone', () => sse('id: a\ndata:'), () => new Response(null, { status: 404 }), 'session_not_found'],
    ['the server stays away', () => sse('id: a\ndata:'), () => new Response(null, { status: 503 }), 'stream_lost'],
  ])('fails the request when %s', async (_, first, resumed, code) => {
    const { client } = clientOf((request, { method }) => {
      if (method === 'tools/call') return first()
      return request.method === 'GET' ? resumed?.() : undefined
    })
    await client.connect()
    await expect(client.request('tools/call')).rejects.toMatchObject({ code })
  })
})

describe('questions of the server', () => {
  test('are answered once each, by their handlers, with the id as it came', async () => {
    const questions = [
      { id: 'a', method: 'ping' },
      { id: 7, method: 'sampling/createMessage', params: { messages: [], maxTokens: 1 } },
      { id: 'c', method: 'elicitation/create', params: { message: 'Who?' } },
      { id: 'd', method: 'roots/list' },
      { id: 'e', method: 'tasks/list' },
    ]
    const { client, seen } = clientOf(
      (request) =>
        request.method === 'GET' ? openSse(request, ...questions.map((question) => data(question))) : undefined,
      {
        sampling: () => ({ role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' }),
        elicitation: () => {
          throw new Error('not now')
        },
        roots: async () => [{ uri: 'file:///a' }],
      },
    )
    await client.connect()
    expect(await client.openStream()).toEqual({ open: true })
    const answers = (): Message[] =>
      seen.map(({ message }) => message).filter(({ method, id }) => !method && id !== undefined)
    await expect.poll(() => answers().length).toBe(5)
    expect(answers()).toEqual(
      expect.arrayContaining([
        { jsonrpc: '2.0', id: 'a', result: {} },
        { jsonrpc: '2.0', id: 7, result: { role: 'assistant', content: { type: 'text', text: 'hi' }, model: 'm' } },
        { jsonrpc: '2.0', id: 'c', error: { code: -32603, message: 'not now' } },
        { jsonrpc: '2.0', id: 'd', result: { roots: [{ uri: 'file:///a' }] } },
        { jsonrpc: '2.0', id: 'e', error: { code: -32601, message: 'This client does not answer tasks/list.' } },
      ]),
    )
    await client.close()
  })

  test('that the server cancels get no answer', async () => {
    const cancelled = { method: 'notifications/cancelled', params: { requestId: 'a' } }
    const { client, seen } = clientOf(
      (request) => {
        if (request.method !== 'GET') return undefined
        return openSse(request, data({ id: 'a', method: 'elicitation/create', params: {} }), data(cancelled))
      },
      {
        elicitation: (_, { signal }) =>
          new Promise((resolve) => signal.addEventListener('abort', () => resolve({ action: 'cancel' }))),
      },
    )
    await client.connect()
    await client.openStream()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen.filter(({ message }) => message.id === ('a' as unknown))).toEqual([])
    await client.close()
  })
})

describe('the session stream and the end', () => {
  test('a server without the stream is told by its status', async () => {
    const { client } = clientOf(() => undefined)
    await client.connect()
    expect(await client.openStream()).toEqual({ open: false, status: 405 })
  })

  test('close ends the session once, and everything that waits', async () => {
    const { client, seen } = clientOf((request, { method }) => (method === 'tools/call' ? openSse(request) : undefined))
    await client.connect()
    const calling = client.request('tools/call')
    const failed = expect(calling).rejects.toMatchObject({ code: 'closed' })
    expect(await client.end()).toEqual({ status: 204 })
    expect(await client.end()).toBeUndefined()
    await client.close()
    await failed
    expect(seen.filter(({ request }) => request.method === 'DELETE')).toHaveLength(1)
    await expect(client.request('ping')).rejects.toMatchObject({ code: 'closed' })
  })

  test('an event stream that nobody wants is let go of, and its end is told', async () => {
    const observed: Observation[] = []
    const { client } = clientOf(
      (request, { method }) => (method === 'notifications/odd' ? openSse(request) : undefined),
      { onExchange: (observation) => observed.push(observation) },
    )
    await client.connect()
    await client.notify('notifications/odd')
    expect(observed.filter(({ exchange }) => exchange === 3).map(({ type }) => type)).toEqual([
      'request',
      'response',
      'end',
    ])
    await client.close()
  })

  test('every exchange is observed from its request to its end', async () => {
    const observed: Observation[] = []
    const { client } = clientOf(
      (_, { id, method }) =>
        method === 'tools/call' ? sse(': hi', 'retry: 5', data({ id, result: {} }, 'a')) : undefined,
      { onExchange: (observation) => observed.push(observation), headers: { authorization: 'Bearer x' } },
    )
    await client.connect()
    await client.request('tools/call')
    await client.close()
    const types = (exchange: number): string[] =>
      observed.filter((o) => o.exchange === exchange).map(({ type }) => type)
    expect(types(1)).toEqual(['request', 'response', 'body', 'end'])
    expect(types(2)).toEqual(['request', 'response', 'end'])
    expect(types(3)).toEqual(['request', 'response', 'comment', 'retry', 'event', 'end'])
    expect(types(4)).toEqual(['request', 'response', 'end'])
    for (const observation of observed) {
      if (observation.type === 'request') expect(observation.headers['authorization']).toBe('Bearer x')
    }
  })
})
