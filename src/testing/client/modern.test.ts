/** What a real server of the modern era can't be made to do; how it does the rest is shown by the official one. */
import { describe, expect, test } from 'vitest'
import { type ClientError, type ClientOptions, createClient, type Observation } from './index.ts'

interface Message {
  readonly id: number
  readonly method: string
  readonly params: Record<string, unknown> & { readonly _meta: Record<string, unknown> }
}
type Answering = (message: Message, request: Request) => Response | object | undefined

const KEY = 'io.modelcontextprotocol/'
const DISCOVERED = { resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {} }

/** A result as the whole answer, an error with an HTTP status, or a stream of messages. */
function json(id: unknown, result: unknown): Response {
  return Response.json({ jsonrpc: '2.0', id, result })
}
function refusal(id: unknown, code: number, status: number, data?: unknown): Response {
  return Response.json({ jsonrpc: '2.0', id, error: { code, message: 'No.', data } }, { status })
}
function stream(request: Request, messages: readonly object[], open = false): Response {
  const body = new ReadableStream({
    start(controller) {
      const write = (text: string): void => controller.enqueue(new TextEncoder().encode(text))
      for (const message of messages) write(`data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`)
      if (!open) controller.close()
      else request.signal.addEventListener('abort', () => controller.error(new Error('the connection was lost')))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

/** A client of a server that is a function: what it returns is the answer, or a result to wrap into one. */
function clientOf(answering: Answering, options: ClientOptions = {}) {
  const seen: { readonly message: Message; readonly request: Request }[] = []
  const errors: ClientError[] = []
  const client = createClient('http://in-process.test/mcp', {
    revision: '2026-07-28',
    timeoutMs: 2000,
    onError: (error) => errors.push(error),
    ...options,
    fetch: async (url, init) => {
      const request = new Request(url, init)
      const message = JSON.parse(await request.clone().text()) as Message
      seen.push({ message, request })
      const answer = answering(message, request) ?? DISCOVERED
      return answer instanceof Response ? answer : json(message.id, answer)
    },
  })
  return { client, seen, errors }
}

const input = (inputRequests?: object, requestState?: string): object => ({
  resultType: 'input_required',
  ...(inputRequests === undefined ? {} : { inputRequests }),
  ...(requestState === undefined ? {} : { requestState }),
})
const FORM = { method: 'elicitation/create', params: { message: 'Who?', requestedSchema: { type: 'object' } } }

describe('a request', () => {
  test('brings its headers and its envelope, and what the caller has put into _meta stands', async () => {
    const { client, seen } = clientOf(() => ({ resultType: 'complete' }), {
      elicitation: () => ({ action: 'cancel' }),
      roots: [],
      clientInfo: { name: 'unit', version: '1' },
      headers: { authorization: 'Bearer x' },
    })
    await client.setLogLevel('warning')
    await client.request('prompts/get', { name: 'größe', _meta: { traceparent: '00-1', [`${KEY}logLevel`]: 'error' } })
    const { request, message } = seen[0]!
    expect(Object.fromEntries(request.headers)).toEqual({
      accept: 'application/json, text/event-stream',
      authorization: 'Bearer x',
      'content-type': 'application/json',
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'prompts/get',
      'mcp-name': '=?base64?Z3LDtsOfZQ==?=',
    })
    expect(message.params).toEqual({
      name: 'größe',
      _meta: {
        [`${KEY}protocolVersion`]: '2026-07-28',
        [`${KEY}clientInfo`]: { name: 'unit', version: '1' },
        [`${KEY}clientCapabilities`]: { elicitation: { form: {}, url: {} }, roots: {} },
        [`${KEY}logLevel`]: 'error',
        traceparent: '00-1',
      },
    })
  })

  test('refused with an HTTP status is an error of JSON-RPC where the body says so, else of HTTP', async () => {
    const failing = async (answer: (message: Message) => Response): Promise<unknown> => {
      return await clientOf(answer)
        .client.request('tools/list')
        .catch((error: unknown) => error)
    }
    expect(await failing(({ id }) => refusal(id, -32601, 404))).toMatchObject({
      code: 'rpc_error',
      status: 404,
      rpc: { code: -32601 },
    })
    expect(await failing(() => new Response('gone', { status: 404 }))).toMatchObject({
      code: 'http_error',
      status: 404,
    })
    expect(await failing(() => new Response('<html>'))).toMatchObject({ code: 'not_mcp', status: 200 })
    expect(await failing(() => Response.error())).toMatchObject({ code: 'not_mcp' })
  })

  test('whose stream ends before the response is lost: nothing resumes it', async () => {
    const { client, seen } = clientOf((_, request) => stream(request, []))
    await expect(client.request('tools/list')).rejects.toMatchObject({ code: 'stream_lost' })
    expect(seen).toHaveLength(1)
  })

  test('is cancelled by closing its exchange, without a message', async () => {
    let closed = false
    const { client, seen } = clientOf((_, request) => {
      request.signal.addEventListener('abort', () => {
        closed = true
      })
      return stream(request, [], true)
    })
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 10)
    await expect(client.request('tools/call', {}, { signal: controller.signal })).rejects.toMatchObject({
      code: 'cancelled',
    })
    await expect(client.request('tools/call', {}, { timeoutMs: 20 })).rejects.toMatchObject({ code: 'timeout' })
    expect(closed).toBe(true)
    expect(seen.map(({ message }) => message.method)).toEqual(['tools/call', 'tools/call'])
  })

  test('of the server on a stream is reported, not answered', async () => {
    const { client, seen, errors } = clientOf(({ id }, request) =>
      stream(request, [
        { id: 'q', method: 'elicitation/create', params: {} },
        { id, result: { resultType: 'complete' } },
      ]),
    )
    await client.request('tools/call')
    expect(errors).toMatchObject([{ code: 'not_mcp', message: expect.stringContaining('elicitation/create') }])
    expect(seen).toHaveLength(1)
  })

  test('whose result has no type is final, one of an unknown type is none', async () => {
    expect(await clientOf(() => ({ tools: [] })).client.request('tools/list')).toEqual({ tools: [] })
    const { client } = clientOf(() => ({ resultType: 'task' }))
    await expect(client.request('tools/call')).rejects.toMatchObject({ code: 'not_mcp' })
  })
})

describe('a tool with mirrored arguments', () => {
  const inputSchema = { type: 'object', properties: { region: { type: 'string', 'x-mcp-header': 'Region' } } }
  const call = { name: 'run', arguments: { region: 'eu' } }
  const strict: Answering = ({ id, method }, request) => {
    if (method === 'tools/list') return { resultType: 'complete', tools: [{ name: 'run', inputSchema }] }
    return request.headers.has('mcp-param-region') ? { resultType: 'complete', ok: true } : refusal(id, -32020, 400)
  }

  test('that was never listed is looked up once the server misses a header, and sent again', async () => {
    const { client, seen } = clientOf(strict)
    expect(await client.request('tools/call', call)).toEqual({ resultType: 'complete', ok: true })
    expect(seen.map(({ message }) => message.method)).toEqual(['tools/call', 'tools/list', 'tools/call'])
    expect(new Set(seen.map(({ message }) => message.id)).size).toBe(3)
  })

  test('is not sent again where its definition asks for nothing else', async () => {
    const { client, seen } = clientOf(({ id, method }) => {
      return method === 'tools/list' ? { resultType: 'complete', tools: [] } : refusal(id, -32020, 400)
    })
    await expect(client.request('tools/call', call)).rejects.toMatchObject({ rpc: { code: -32020 } })
    expect(seen).toHaveLength(2)
  })

  test('is left out of the list where its annotations break the rules, and that is reported', async () => {
    const bad = { type: 'object', properties: { n: { type: 'number', 'x-mcp-header': 'N' } } }
    const tools = [
      { name: 'bad', inputSchema: bad },
      { name: 'run', inputSchema },
    ]
    const { client, errors } = clientOf(() => ({ resultType: 'complete', tools }))
    expect(await client.request('tools/list')).toMatchObject({ tools: [{ name: 'run' }] })
    expect(errors).toMatchObject([{ code: 'not_mcp', message: expect.stringContaining('bad') }])
  })
})

describe('rounds', () => {
  test('each retry is a new request with the params, the answers and the exact state of this round alone', async () => {
    const rounds = [
      input({ who: FORM, __proto__x: { method: 'roots/list' } }, 'état "1"'),
      input(undefined, '2'),
      input({ who: FORM }),
    ]
    const observed: Observation[] = []
    const { client, seen } = clientOf(() => rounds.shift() ?? { resultType: 'complete', done: true }, {
      elicitation: (_, { id }) => ({ action: 'accept', content: { id } }),
      roots: [],
      onExchange: (observation) => observed.push(observation),
    })
    const params = { name: 'ask', arguments: { a: 1 } }
    expect(await client.request('tools/call', params)).toEqual({ resultType: 'complete', done: true })
    const who = { action: 'accept', content: { id: 'who' } }
    expect(
      seen.map(
        ({
          message: {
            params: { _meta, ...rest },
          },
        }) => rest,
      ),
    ).toEqual([
      params,
      { ...params, inputResponses: { who, __proto__x: { roots: [] } }, requestState: 'état "1"' },
      { ...params, requestState: '2' },
      { ...params, inputResponses: { who } },
    ])
    expect(new Set(seen.map(({ message }) => message.id)).size).toBe(4)
    expect(observed.flatMap((o) => (o.type === 'request' ? [o.purpose] : []))).toEqual([
      undefined,
      { kind: 'retry', of: 1, round: 2 },
      { kind: 'retry', of: 2, round: 3 },
      { kind: 'retry', of: 3, round: 4 },
    ])
  })

  test.each([
    ['for what may not ask', 'tools/list', input({ who: FORM })],
    ['with neither questions nor state', 'tools/call', input()],
    ['with a state that is no string', 'tools/call', { ...input(), requestState: 7 }],
    ['with questions that are none', 'tools/call', input([FORM])],
  ])('an interim result %s is not followed', async (_, method, result) => {
    const { client, seen } = clientOf(() => result, { elicitation: () => ({ action: 'decline' }) })
    await expect(client.request(method)).rejects.toMatchObject({ code: 'not_mcp' })
    expect(seen).toHaveLength(1)
  })

  test('a handler that fails, or is missing, gives the request up', async () => {
    const boom = new Error('not now')
    const failing = clientOf(() => input({ who: FORM }), {
      elicitation: () => {
        throw boom
      },
    })
    await expect(failing.client.request('tools/call')).rejects.toMatchObject({ code: 'ask_failed', cause: boom })
    await expect(clientOf(() => input({ who: FORM })).client.request('tools/call')).rejects.toMatchObject({
      code: 'ask_failed',
    })
    expect(failing.seen).toHaveLength(1)
  })

  test('the time of a handler is not counted as silence, and the caller may end it', async () => {
    let aborted: unknown
    const slow = (ms: number): ClientOptions => ({
      timeoutMs: 40,
      elicitation: (_, { signal }) => {
        signal.addEventListener('abort', () => {
          aborted = signal.reason
        })
        return new Promise((resolve) => setTimeout(resolve, ms, { action: 'cancel' }))
      },
    })
    const answers = [input({ who: FORM }), { resultType: 'complete' }]
    expect(await clientOf(() => answers.shift(), slow(120)).client.request('tools/call')).toBeDefined()
    const controller = new AbortController()
    const { client } = clientOf(() => input({ who: FORM }), slow(5000))
    setTimeout(() => controller.abort('enough'), 20)
    const call = client.request('tools/call', {}, { signal: controller.signal })
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    expect(aborted).toBe('enough')
  })

  test('without end are given up', async () => {
    const { client, seen } = clientOf(() => input({ who: FORM }, 's'), { elicitation: () => ({ action: 'cancel' }) })
    await expect(client.request('tools/call')).rejects.toMatchObject({ code: 'rounds_exceeded' })
    expect(seen.length).toBeLessThan(50)
  })
})

describe('a subscription', () => {
  const acknowledged = (id: unknown, notifications: object = { toolsListChanged: true }): object => ({
    method: 'notifications/subscriptions/acknowledged',
    params: { _meta: { [`${KEY}subscriptionId`]: id }, notifications },
  })
  const changed = (id: unknown, list = 'tools'): object => ({
    method: `notifications/${list}/list_changed`,
    params: { _meta: { [`${KEY}subscriptionId`]: id } },
  })
  const odd = (id: unknown): object => ({ ...changed(id), method: '__proto__' })
  const ended = (id: unknown): object => ({ id, result: { resultType: 'complete' } })

  test('ends by the response, by a cut, or by the client', async () => {
    const server = clientOf(({ id }, request) => stream(request, [acknowledged(id), ended(id)]))
    expect(await (await server.client.listen({ toolsListChanged: true })).ended).toBe('server')
    const cut = clientOf(({ id }, request) => stream(request, [acknowledged(id)], true))
    const subscription = await cut.client.listen({})
    cut.client.cutStreams('listen')
    expect(await subscription.ended).toBe('cut')
    const second = await cut.client.listen({})
    await second.close()
    expect(await second.ended).toBe('client')
    expect(second.id).not.toBe(subscription.id)
  })

  test('that breaks the rules is reported: order, id, what was not asked for', async () => {
    const notified: string[] = []
    const { client, errors } = clientOf(
      ({ id }, request) =>
        stream(request, [
          changed(id),
          acknowledged(id),
          changed(id),
          changed(99),
          changed(id, 'prompts'),
          odd(id),
          ended(id),
        ]),
      { onNotification: (method) => notified.push(method) },
    )
    const own: string[] = []
    const { ended: end } = await client.listen({}, { onNotification: (method) => own.push(method) })
    await end
    expect(errors.map(({ message }) => message)).toEqual([
      expect.stringContaining('before the acknowledgement'),
      expect.stringContaining('does not name the subscription'),
      expect.stringContaining('was not asked for'),
      expect.stringContaining('__proto__ was not asked for'),
    ])
    expect(own).toEqual(notified)
    expect(own).toHaveLength(5)
  })

  test.each([
    ['an error', ({ id }: Message) => refusal(id, -32603, 200), 'rpc_error'],
    [
      'an error on a stream',
      ({ id }: Message, request: Request) => stream(request, [{ id, error: { code: -32603, message: 'Full.' } }]),
      'rpc_error',
    ],
    ['an HTTP status', () => new Response(null, { status: 503 }), 'http_error'],
    ['a result that is no stream', ({ id }: Message) => json(id, {}), 'not_mcp'],
    ['a stream that ends at once', (_: Message, request: Request) => stream(request, []), 'stream_lost'],
    ['silence', (_: Message, request: Request) => stream(request, [], true), 'timeout'],
  ])('answered with %s is none', async (_, answering, code) => {
    const { client } = clientOf(answering)
    await expect(client.listen({}, { timeoutMs: 50 })).rejects.toMatchObject({ code })
  })

  test('ends with the client', async () => {
    const { client } = clientOf(({ id }, request) => stream(request, [acknowledged(id)], true))
    const { ended: end } = await client.listen({})
    await client.close()
    expect(await end).toBe('client')
    await expect(client.listen({})).rejects.toMatchObject({ code: 'closed' })
    await expect(client.request('tools/list')).rejects.toMatchObject({ code: 'closed' })
  })
})

describe('what belongs to the other era', () => {
  test('is refused before anything is sent', async () => {
    const { client, seen } = clientOf(() => undefined)
    for (const wrong of [() => client.initialize(), () => client.initialized(), () => client.openStream()]) {
      await expect(wrong()).rejects.toMatchObject({ code: 'wrong_era' })
    }
    const legacy = createClient('http://in-process.test/mcp', { fetch: () => Promise.reject(new Error('sent')) })
    await expect(legacy.listen({})).rejects.toMatchObject({ code: 'wrong_era' })
    await expect(legacy.discover()).rejects.toMatchObject({ code: 'wrong_era' })
    const unknown = clientOf(() => undefined, { revision: 'auto' }).client
    await expect(unknown.request('tools/list')).rejects.toMatchObject({ code: 'wrong_era' })
    expect(seen).toHaveLength(0)
  })

  test('ends nothing: there is no session', async () => {
    const { client, seen } = clientOf(() => undefined)
    await client.connect()
    expect(await client.end()).toBeUndefined()
    await client.close()
    expect(seen.map(({ request }) => request.method)).toEqual(['POST'])
  })
})
