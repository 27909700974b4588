import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, McpError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { verifies } from './requirements.ts'
import { open } from './session.ts'
import { start } from './start.ts'

type Sampling = Parameters<Parameters<Parameters<ReturnType<typeof createServer>['tool']>[2]>[1]['sample']>[0]

const server = createServer({ name: 'asks', version: '1.0.0' })
const anything = z.object({ params: z.record(z.string(), z.unknown()) })
const outcome = async (work: Promise<unknown>) =>
  JSON.stringify(
    await work.catch((error: unknown) =>
      error instanceof McpError ? { code: error.code, message: error.message } : { thrown: String(error) },
    ),
  )
server.tool('sample', { inputSchema: anything }, ({ params }, ctx) =>
  outcome(ctx.sample(params as unknown as Sampling)),
)
server.tool('elicit', { inputSchema: anything }, ({ params }, ctx) => outcome(ctx.elicit(params as never)))
const form = z.object({ name: z.string().min(2), age: z.number().int().optional(), mail: z.email().optional() })
server.tool('form', {}, (_args, ctx) => outcome(ctx.elicit({ message: 'Who?', requestedSchema: form })))
server.tool('roots', {}, (_args, ctx) => outcome(ctx.listRoots()))
const signIn = {
  mode: 'url',
  message: 'Please sign in.',
  url: 'https://example.com/in?e=1',
  elicitationId: 'in-1',
} as const
server.tool('sign-in', {}, (_args, ctx) => outcome(ctx.elicit(signIn)))
server.tool('needs-sign-in', {}, async () => {
  const { mode, message, url, elicitationId } = signIn
  throw new McpError('url_elicitation_required', 'Sign in first.', {
    data: { elicitations: [{ mode, message, url, elicitationId }] },
  })
})

let url: string
beforeAll(async () => {
  url = await start(server)
})

const user = (content: object | object[]) => ({ role: 'user', content })
const text = (value: string) => ({ type: 'text', text: value })
const reply = (result: object) => ({ 'sampling/createMessage': () => result })
const good = { role: 'assistant', model: 'm', content: text('hello') }
const parse = (value: string) =>
  JSON.parse(value) as { code?: string; message?: string; thrown?: string; action?: string; content?: object }

describe('sampling', () => {
  test('what is asked arrives as it was written, and so does the answer', async () => {
    verifies('SAMP-01', 'SAMP-03')
    const session = await open(url, { capabilities: { sampling: {} } })
    const params = {
      messages: [user(text('Hi'))],
      maxTokens: 5,
      systemPrompt: 'Be kind.',
      temperature: 0.5,
      stopSequences: ['x'],
    }
    let asked: object = {}
    const answers = {
      'sampling/createMessage': (got: object) => {
        asked = got
        return { ...good, stopReason: 'endTurn' }
      },
    }
    expect(parse(await session.text('sample', { params }, answers))).toEqual({ ...good, stopReason: 'endTurn' })
    expect(asked).toMatchObject(params)
  })

  test.each([
    {},
    { role: 'assistant', content: text('x') },
    { role: 'assistant', model: 'm' },
    { ...good, content: 'text' },
    { ...good, content: null },
    { ...good, content: { type: 'text' } },
    { ...good, role: 'system' },
  ])('the answer %o is refused', async (bad) => {
    verifies('SAMP-03')
    const session = await open(url, { capabilities: { sampling: {} } })
    const params = { messages: [user(text('Hi'))], maxTokens: 5 }
    expect(parse(await session.text('sample', { params }, reply(bad))).code).toBe('ask_invalid_answer')
  })

  test('an error of the client reaches the handler as one', async () => {
    verifies('SAMP-03')
    const session = await open(url, { capabilities: { sampling: {} } })
    const { id, stream } = await session.startCall('sample', { params: { messages: [user(text('Hi'))], maxTokens: 5 } })
    const question = await stream.method('sampling/createMessage')
    await session.answer(question.id, { error: { code: -1, message: 'User rejected sampling request' } })
    const [block] = (await stream.response(id)).result!['content'] as { text: string }[]
    expect(parse(block!.text)).toMatchObject({
      code: 'ask_rejected',
      message: expect.stringContaining('User rejected'),
    })
  })

  const use = (id: string) => ({ type: 'tool_use', id, name: 't', input: {} })
  const result = (toolUseId: string) => ({ type: 'tool_result', toolUseId, content: [text('r')] })
  const tools = [{ name: 't', inputSchema: { type: 'object' } }]

  test.each([
    [
      'mixes tool results with text',
      [user(text('a')), { role: 'assistant', content: use('1') }, user([result('1'), text('b')])],
    ],
    [
      'leaves a tool use unanswered',
      [user(text('a')), { role: 'assistant', content: [use('1'), use('2')] }, user([result('1')])],
    ],
    [
      'answers with a text first',
      [user(text('a')), { role: 'assistant', content: use('1') }, user(text('b')), user(result('1'))],
    ],
    ['answers what was not used', [user(text('a')), user(result('1'))]],
  ])('a conversation that %s is never sent', async (_, messages) => {
    verifies('SAMP-02')
    const session = await open(url, { capabilities: { sampling: { tools: {} } } })
    const { stream } = await session.startCall('sample', { params: { messages, maxTokens: 5, tools } })
    await stream.end()
    expect(stream.messages.filter(({ method }) => method)).toEqual([])
    expect(JSON.stringify(stream.messages[0])).toMatch(/tool/)
  })

  test('a well-formed conversation with tools is sent', async () => {
    verifies('SAMP-02')
    const session = await open(url, { capabilities: { sampling: { tools: {} } } })
    const messages = [
      user(text('a')),
      { role: 'assistant', content: [use('1'), use('2')] },
      user([result('2'), result('1')]),
    ]
    const answer = { role: 'assistant', model: 'm', content: [use('3')], stopReason: 'toolUse' }
    expect(parse(await session.text('sample', { params: { messages, maxTokens: 5, tools } }, reply(answer)))).toEqual(
      answer,
    )
  })
})

describe.each(['2025-06-18', '2025-11-25'] as const)('elicitation in %s', (revision) => {
  const capabilities = { elicitation: {} }
  const fill = (answer: object) => ({ 'elicitation/create': () => answer })

  test('a form is a flat object, also when it was written in zod', async () => {
    verifies('ELIC-03')
    const session = await open(url, { revision, capabilities })
    const { stream } = await session.startCall('form')
    const { params } = await stream.method('elicitation/create')
    expect(params!['requestedSchema']).toMatchObject({
      type: 'object',
      properties: {
        name: { type: 'string', minLength: 2 },
        age: { type: 'integer' },
        mail: { type: 'string', format: 'email' },
      },
      required: ['name'],
    })
    const { properties } = params!['requestedSchema'] as { properties: { [name: string]: { type: string } } }
    for (const property of Object.values(properties))
      expect(['string', 'number', 'integer', 'boolean']).toContain(property.type)
    // Modes came with 2025-11-25.
    if (revision === '2025-06-18') expect(params).not.toHaveProperty('mode')
    stream.cut()
  })

  test.each([
    ['nested', { type: 'object', properties: { a: { type: 'object', properties: {} } } }],
    ['with a list of anything', { type: 'object', properties: { a: { type: 'array', items: { type: 'string' } } } }],
    ['no object', { type: 'string' }],
    ['without properties', { type: 'object' }],
  ])('a form that is %s is never sent', async (_, requestedSchema) => {
    verifies('ELIC-03')
    const session = await open(url, { revision, capabilities })
    const { stream } = await session.startCall('elicit', { params: { message: 'Who?', requestedSchema } })
    await stream.end()
    expect(stream.messages.filter(({ method }) => method)).toEqual([])
    expect(JSON.stringify(stream.messages[0])).toContain('requestedSchema')
  })

  test('the reply is checked against the form', async () => {
    verifies('ELIC-03')
    const session = await open(url, { revision, capabilities })
    const ask = async (answer: object) => parse(await session.text('form', {}, fill(answer)))
    expect(await ask({ action: 'accept', content: { name: 'Ada', age: 36 } })).toEqual({
      action: 'accept',
      content: { name: 'Ada', age: 36 },
    })
    for (const content of [
      undefined,
      {},
      { name: 'A' },
      { name: 5 },
      { name: 'Ada', age: 1.5 },
      { name: 'Ada', mail: 'none' },
    ]) {
      expect([content, (await ask({ action: 'accept', content })).code]).toEqual([content, 'ask_invalid_answer'])
    }
    expect(await ask({ action: 'decline' })).toEqual({ action: 'decline' })
    expect(await ask({ action: 'cancel', content: { name: 'x' } })).toEqual({ action: 'cancel' })
    for (const bad of [{}, { action: 'maybe' }, { action: 5 }]) expect((await ask(bad)).code).toBe('ask_invalid_answer')
  })
})

describe('URL mode', () => {
  const capabilities = { elicitation: { url: {} } }

  test('is sent as it was written; what the user does there never passes through the client', async () => {
    verifies('ELIC-01', 'ELIC-02', 'ELIC-04')
    const session = await open(url, { capabilities })
    let asked: object = {}
    const answers = {
      'elicitation/create': (params: object) => {
        asked = params
        return { action: 'accept', content: { password: 'hunter2' } }
      },
    }
    expect(parse(await session.text('sign-in', {}, answers))).toEqual({ action: 'accept' })
    expect(asked).toMatchObject(signIn)
    expect(asked).not.toHaveProperty('requestedSchema')
  })

  test('a client with URL mode alone gets no form', async () => {
    verifies('ELIC-01')
    const session = await open(url, { capabilities })
    expect(parse(await session.text('form')).code).toBe('capability_missing')
  })

  test('a client that declares nothing in particular has forms, and no pages', async () => {
    verifies('ELIC-01')
    const session = await open(url, { capabilities: { elicitation: {} } })
    expect(parse(await session.text('sign-in')).code).toBe('capability_missing')
    const answers = { 'elicitation/create': () => ({ action: 'decline' }) }
    expect(parse(await session.text('form', {}, answers))).toEqual({ action: 'decline' })
  })

  test.each([
    '',
    'example.com',
    '/in',
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'http://example.com/in',
    'https://user:secret@example.com/',
  ])('the URL %o is never sent', async (bad) => {
    verifies('ELIC-04')
    const session = await open(url, { capabilities })
    const { stream } = await session.startCall('elicit', { params: { ...signIn, url: bad } })
    const question = stream.until('the answer', () => stream.messages[0])
    expect((await question).method).toBeUndefined()
    stream.cut()
  })

  test.each(['https://example.com/x', 'http://localhost:3000/in', 'http://127.0.0.1/in'])(
    'the URL %o is sent',
    async (fine) => {
      verifies('ELIC-04')
      const session = await open(url, { capabilities })
      const { stream } = await session.startCall('elicit', { params: { ...signIn, url: fine } })
      expect((await stream.method('elicitation/create')).params).toMatchObject({ url: fine })
      stream.cut()
    },
  )

  test('that it is done is told to the client that was asked, and to no other', async () => {
    verifies('ELIC-06', 'ELIC-05')
    const [asked, other] = [await open(url, { capabilities }), await open(url, { capabilities })]
    const [listening, bystander] = [await asked.listen(), await other.listen()]
    const { stream } = await asked.startCall('sign-in')
    const question = await stream.method('elicitation/create')
    await asked.answer(question.id, { result: { action: 'accept' } })
    server.elicitationComplete('in-1')
    const told = await listening.method('notifications/elicitation/complete')
    expect(told.params).toEqual({ elicitationId: 'in-1' })
    server.elicitationComplete('never-asked')
    await sleep(150)
    expect(listening.messages.filter(({ method }) => method === 'notifications/elicitation/complete')).toHaveLength(1)
    expect(bystander.messages).toEqual([])
    listening.cut()
    bystander.cut()
  })

  test('a call that needs it first says so with -32042', async () => {
    verifies('ELIC-06')
    const session = await open(url, { capabilities })
    const { error } = await session.call('needs-sign-in')
    expect(error).toEqual({ code: -32042, message: 'Sign in first.', data: { elicitations: [signIn] } })
  })

  test.each([
    ['2025-06-18', { elicitation: {} }],
    ['2025-11-25', { elicitation: { form: {} } }],
    ['2025-11-25', {}],
  ] as const)('%s with %o knows no -32042', async (revision, declared) => {
    verifies('ELIC-06', 'LIFE-05')
    const session = await open(url, { revision, capabilities: declared })
    const { error } = await session.call('needs-sign-in')
    expect(error!.code).not.toBe(-32042)
  })
})

describe('roots', () => {
  const capabilities = { roots: { listChanged: true } }

  test('are asked for, and may be none', async () => {
    verifies('ROOT-01')
    const session = await open(url, { capabilities })
    for (const roots of [[], [{ uri: 'file:///a', name: 'A' }, { uri: 'file:///b' }]]) {
      expect(JSON.parse(await session.text('roots', {}, { 'roots/list': () => ({ roots }) }))).toEqual(roots)
    }
    expect((await session.notify('notifications/roots/list_changed')).status).toBe(202)
  })

  test.each([{}, { roots: 5 }, { roots: [5] }, { roots: [{ name: 'x' }] }, { roots: [{ uri: 5 }] }])(
    'the answer %o is refused',
    async (bad) => {
      verifies('ROOT-01')
      const session = await open(url, { capabilities })
      expect(parse(await session.text('roots', {}, { 'roots/list': () => bad })).code).toBe('ask_invalid_answer')
    },
  )
})
