/** Questions of a handler in rounds: the interim answer, the retry, and a handler that waits in between. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, createServer, McpError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { verifies } from '../requirements/requirements.ts'
import { ADAPTERS, start } from '../requirements/start.ts'
import { accept, ask, call, KEY, retry, roundOf, send, textOf } from './wire.ts'

const FORM = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const form = (message: string) => ({ message, requestedSchema: FORM })
const hello = [{ role: 'user' as const, content: { type: 'text' as const, text: 'Hello' } }]
const SAMPLED = { role: 'assistant', content: { type: 'text', text: 'Hi.' }, model: 'test' }

/** What happened inside handlers, by a key that the test chose. */
const seen = new Map<string, string[]>()
const note = (key: unknown, what: string) => seen.set(String(key), [...(seen.get(String(key)) ?? []), what])

const KEYED = { inputSchema: { type: 'object', properties: { key: { type: 'string' } } } }

function define() {
  const server = createServer({ name: 'rounds', version: '1.0.0' })
  const tool = (name: string, handler: (ctx: Context, key: string) => Promise<string>) =>
    server.tool(name, KEYED, (args, ctx) => handler(ctx, String(args['key'])))

  tool('name', async (ctx, key) => {
    note(key, 'run')
    const answer = await ctx.elicit(form('Who?'))
    note(key, 'answered')
    return JSON.stringify(answer)
  })
  tool('three', async (ctx) => {
    const [a, b, c] = await Promise.all([
      ctx.elicit(form('First?')),
      ctx.sample({ messages: hello, maxTokens: 5 }),
      ctx.listRoots({ key: 'places' }),
    ])
    return JSON.stringify([a.action, (b.content as { text: string }).text, c.length])
  })
  tool('sequence', async (ctx) => {
    ctx.progress(1)
    const first = await ctx.elicit(form('One?'))
    ctx.progress(2)
    const second = await ctx.elicit(form('Two?'))
    ctx.progress(3)
    return `${first.action} ${second.action}`
  })
  tool('endless', async (ctx, key) => {
    for (let round = 1; ; round++) {
      try {
        await ctx.elicit(form(`Round ${round}?`))
      } catch (error) {
        note(key, (error as McpError).code)
        throw error
      }
    }
  })
  tool('finally', async (ctx, key) => {
    ctx.signal.addEventListener('abort', () => note(key, 'aborted'))
    try {
      await ctx.elicit(form('Never answered?'))
    } catch (error) {
      note(key, (error as McpError).code)
      throw error
    } finally {
      note(key, 'finally')
    }
    return 'unreachable'
  })
  tool('impatient', async (ctx) => {
    try {
      await ctx.elicit(form('Quick?'), { timeout: 50 })
      return 'answered'
    } catch (error) {
      return `did without: ${(error as McpError).code}, ${ctx.request.headers.get('x-request-id')}`
    }
  })
  tool('later', async (ctx) => {
    const slow = ctx.elicit(form('Now?'))
    await sleep(30)
    const late = ctx.elicit(form('Later?'))
    return `${(await slow).action} ${(await late).action}`
  })
  tool('context', async (ctx) => {
    const facts = () => ({
      id: ctx.requestId,
      caps: ctx.session.capabilities,
      client: ctx.session.client.name,
      trace: ctx.trace.traceparent,
      header: ctx.request.headers.get('x-request-id'),
    })
    const before = facts()
    ctx.log.info('before')
    await ctx.elicit(form('And now?'))
    ctx.log.info('after')
    return JSON.stringify([before, facts()])
  })
  tool('twins', async (ctx) => {
    await Promise.all([ctx.elicit(form('A?'), { key: 'same' }), ctx.elicit(form('B?'), { key: 'same' })])
    return 'unreachable'
  })
  tool('url', async (ctx) => {
    const answer = await ctx.elicit({ mode: 'url', message: 'Open this.', url: 'https://example.com/a' })
    return answer.action
  })
  let signedIn = false
  tool('page', async () => {
    if (signedIn) return 'signed in'
    signedIn = true
    const elicitations = [{ mode: 'url', elicitationId: 'e1', message: 'Sign in.', url: 'https://example.com/in' }]
    throw new McpError('url_elicitation_required', 'Sign in first.', { data: { elicitations } })
  })
  server.prompt('asks', {}, async (_args, ctx) => `Prompt: ${(await ctx.elicit(form('Which?'))).action}`)
  server.resource('Asks', 'asks://one', { cache: { ttlMs: 9 } }, async (_uri, ctx) => {
    return `Resource: ${(await ctx.elicit(form('Which?'))).action}`
  })
  server.resourceTemplate(
    'Asking list',
    'list://{id}',
    {
      list: async (ctx) => {
        if (ctx.session.client.name !== 'asker') return []
        await ctx.elicit(form('Which?'))
        return []
      },
    },
    () => 'x',
  )
  return server
}

describe.each(ADAPTERS)('%s', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(define(), {}, adapter)
  })

  test('a question ends the exchange; the retry brings the answer to the handler that waits', async () => {
    verifies('MRTR-02', 'MRTR-07', 'HTTP-12', 'HTTP-37', 'BASE-11', 'BASE-20')
    const key = `${adapter}-name`
    const first = await call(url, 'name', { key })
    expect([first.status, first.result?.['resultType']]).toEqual([200, 'input_required'])
    expect(first.result).not.toHaveProperty('ttlMs')
    expect(first.result!['_meta']).toHaveProperty(`${KEY}serverInfo`)
    const round = roundOf(first)
    expect(round.inputRequests).toEqual({
      'elicitation-1': {
        method: 'elicitation/create',
        params: { mode: 'form', message: 'Who?', requestedSchema: FORM },
      },
    })
    const second = await retry(url, 'name', round, { 'elicitation-1': accept({ name: 'Ada' }) }, { key })
    expect(JSON.parse(textOf(second))).toEqual({ action: 'accept', content: { name: 'Ada' } })
    expect(second.result?.['resultType']).toBe('complete')
    expect(seen.get(key)).toEqual(['run', 'answered'])
  })

  test.each(['decline', 'cancel'])('an answer of %s reads the same as in the older era', async (action) => {
    verifies('ELIC-08')
    const round = roundOf(await call(url, 'name'))
    expect(JSON.parse(textOf(await retry(url, 'name', round, { 'elicitation-1': { action } })))).toEqual({ action })
  })

  test('an answer that does not match the form is the error of the question', async () => {
    verifies('ELIC-03')
    for (const answer of [accept({ name: 1 }), accept({}), { action: 'maybe' }]) {
      const round = roundOf(await call(url, 'name'))
      const { error, status } = await retry(url, 'name', round, { 'elicitation-1': answer })
      expect([status, error?.code]).toEqual([200, -32603])
    }
  })

  test('questions asked together travel in one round', async () => {
    verifies('MRTR-02', 'SAMP-01', 'ROOT-01')
    const round = roundOf(await call(url, 'three'))
    expect(Object.entries(round.inputRequests).map(([key, { method }]) => [key, method])).toEqual([
      ['elicitation-1', 'elicitation/create'],
      ['sampling-2', 'sampling/createMessage'],
      ['places', 'roots/list'],
    ])
    const responses = { 'elicitation-1': accept({ name: 'x' }), 'sampling-2': SAMPLED, places: { roots: [] } }
    expect(textOf(await retry(url, 'three', round, responses))).toBe('["accept","Hi.",0]')
  })

  test('what a retry lacks is asked for again, and what it brought is kept', async () => {
    verifies('MRTR-06')
    const first = roundOf(await call(url, 'three'))
    const extra = { unknown: { action: 'accept' }, 'sampling-2': null, places: 'nowhere' }
    const second = roundOf(await retry(url, 'three', first, { ...extra, 'elicitation-1': accept({ name: 'x' }) }))
    expect(Object.keys(second.inputRequests)).toEqual(['sampling-2', 'places'])
    const third = roundOf(await retry(url, 'three', second, { 'sampling-2': SAMPLED }))
    expect(Object.keys(third.inputRequests)).toEqual(['places'])
    expect(textOf(await retry(url, 'three', third, { places: { roots: [] } }))).toBe('["accept","Hi.",0]')
  })

  test('a round is resumed once', async () => {
    verifies('MRTR-05')
    const round = roundOf(await call(url, 'name'))
    const answers = { 'elicitation-1': accept({ name: 'Ada' }) }
    const both = await Promise.all([retry(url, 'name', round, answers), retry(url, 'name', round, answers)])
    expect(both.map(({ error }) => error?.code).sort()).toEqual([-32602, undefined])
    const late = await retry(url, 'name', round, answers)
    expect(late.error).toMatchObject({ code: -32602, message: expect.stringContaining('used already') })
  })

  test('a state of an earlier round is spent', async () => {
    const first = roundOf(await call(url, 'sequence'))
    const second = roundOf(await retry(url, 'sequence', first, { 'elicitation-1': accept({ name: 'a' }) }))
    const stale = await retry(url, 'sequence', first, { 'elicitation-1': accept({ name: 'a' }) })
    expect(stale.error?.code).toBe(-32602)
    expect(textOf(await retry(url, 'sequence', second, { 'elicitation-2': { action: 'decline' } }))).toBe(
      'accept decline',
    )
  })

  test('each round has its own progress token, on its own stream', async () => {
    verifies('PROG-01', 'PROG-02')
    const progressOf = async (params: object, token: string | undefined) => {
      const meta = token === undefined ? {} : { progressToken: token }
      const reply = await send(url, 'tools/call', { name: 'sequence', arguments: {}, ...params }, { meta })
      const stream = reply.stream()
      await stream.end()
      const progress = stream.messages.filter(({ method }) => method === 'notifications/progress')
      return {
        sent: progress.map(({ params: sent }) => [sent!['progressToken'], sent!['progress']]),
        last: stream.messages.at(-1)!,
      }
    }
    const first = await progressOf({}, 'one')
    expect(first.sent).toEqual([['one', 1]])
    const { requestState } = roundOf(first.last)
    const second = await progressOf({ requestState, inputResponses: { 'elicitation-1': accept({ name: 'a' }) } }, 'two')
    expect(second.sent).toEqual([['two', 2]])
    const last = await retry(url, 'sequence', roundOf(second.last), { 'elicitation-2': accept({ name: 'b' }) })
    expect(textOf(last)).toBe('accept accept')
  })

  test('a request asks in eight rounds at most', async () => {
    const key = `${adapter}-endless`
    let round = roundOf(await call(url, 'endless', { key }))
    for (let count = 1; count < 8; count++) {
      round = roundOf(await retry(url, 'endless', round, { [`elicitation-${count}`]: { action: 'cancel' } }, { key }))
    }
    const { error } = await retry(url, 'endless', round, { 'elicitation-8': { action: 'cancel' } }, { key })
    expect(error).toMatchObject({ code: -32603, message: expect.stringContaining('8 rounds') })
    expect(seen.get(key)).toEqual(['rounds_exceeded'])
  })

  test('what a handler returns while nobody listens waits for the retry', async () => {
    const round = roundOf(await call(url, 'impatient', {}, { headers: { 'x-request-id': 'one' } }))
    await sleep(200)
    const { id, ...rest } = await retry(
      url,
      'impatient',
      round,
      { 'elicitation-1': accept({ name: 'late' }) },
      {},
      { id: 'r' },
    )
    expect([id, textOf(rest)]).toEqual(['r', 'did without: ask_timeout, one'])
  })

  test('what is asked while the call is parked travels in the next round', async () => {
    const first = roundOf(await call(url, 'later'))
    expect(Object.keys(first.inputRequests)).toEqual(['elicitation-1'])
    await sleep(80)
    const second = roundOf(await retry(url, 'later', first, { 'elicitation-1': { action: 'decline' } }))
    expect(Object.keys(second.inputRequests)).toEqual(['elicitation-2'])
    expect(textOf(await retry(url, 'later', second, { 'elicitation-2': { action: 'cancel' } }))).toBe('decline cancel')
  })

  test('after a round everything that a request says comes from the retry', async () => {
    verifies('BASE-16', 'BASE-19', 'LOG-05')
    const trace = (digit: string) => `00-${digit.repeat(32)}-00f067aa0ba902b7-01`
    const changes = (id: string, caps: object, more: object) => ({
      id,
      headers: { 'x-request-id': id },
      meta: { [`${KEY}clientCapabilities`]: caps, ...more },
    })
    const one = changes('one', { elicitation: {} }, { traceparent: trace('1') })
    const two = changes(
      'two',
      { roots: {} },
      {
        traceparent: trace('2'),
        [`${KEY}clientInfo`]: { name: 'other', version: '2' },
        [`${KEY}logLevel`]: 'debug',
      },
    )
    const round = roundOf(await call(url, 'context', {}, one))
    const reply = await send(
      url,
      'tools/call',
      {
        name: 'context',
        arguments: {},
        requestState: round.requestState,
        inputResponses: { 'elicitation-1': { action: 'cancel' } },
      },
      two,
    )
    const stream = reply.stream()
    await stream.end()
    expect(stream.messages.map(({ params }) => params?.['data'])).toEqual(['after', undefined])
    expect(JSON.parse(textOf(stream.messages[1]!))).toEqual([
      { id: 'one', caps: ['elicitation'], client: 'raw', trace: trace('1'), header: 'one' },
      { id: 'two', caps: ['roots'], client: 'other', trace: trace('2'), header: 'two' },
    ])
  })

  test('only what was declared on this very request is asked for', async () => {
    verifies('BASE-16', 'ELIC-01', 'SAMP-01', 'MRTR-02')
    const declared = (capabilities: object) => ({ meta: { [`${KEY}clientCapabilities`]: capabilities } })
    const missing = await call(url, 'name', {}, declared({}))
    expect([missing.status, missing.error?.code]).toEqual([400, -32021])
    expect(missing.error?.data).toEqual({ requiredCapabilities: { elicitation: {} } })
    const form = await call(url, 'url', {}, declared({ elicitation: {} }))
    expect(form.error?.data).toEqual({ requiredCapabilities: { elicitation: { url: {} } } })
    expect((await call(url, 'url', {}, declared({ elicitation: { url: {} } }))).result?.['resultType']).toBe(
      'input_required',
    )
  })

  test('a page to open is a question without an id', async () => {
    verifies('ELIC-04')
    const round = roundOf(await call(url, 'url'))
    expect(round.inputRequests['elicitation-1']!.params).toEqual({
      mode: 'url',
      message: 'Open this.',
      url: 'https://example.com/a',
    })
    expect(textOf(await retry(url, 'url', round, { 'elicitation-1': { action: 'accept' } }))).toBe('accept')
  })

  test('two open questions can not have one key', async () => {
    verifies('MRTR-02')
    const { result } = await call(url, 'twins')
    expect(result).toMatchObject({ resultType: 'complete', isError: true })
  })

  test('prompts and resources may ask, and nothing else may', async () => {
    verifies('MRTR-01', 'CACHE-01')
    const responses = { 'elicitation-1': { action: 'decline' } }
    const prompt = roundOf(await ask(url, 'prompts/get', { name: 'asks' }))
    const got = await ask(url, 'prompts/get', {
      name: 'asks',
      inputResponses: responses,
      requestState: prompt.requestState,
    })
    expect(JSON.stringify(got.result)).toContain('Prompt: decline')
    const resource = await ask(url, 'resources/read', { uri: 'asks://one' })
    expect(resource.result).not.toHaveProperty('ttlMs')
    const { requestState } = roundOf(resource)
    const read = await ask(url, 'resources/read', { uri: 'asks://one', inputResponses: responses, requestState })
    expect(read.result).toMatchObject({ contents: [{ text: 'Resource: decline' }], ttlMs: 9 })
    const asker = { meta: { [`${KEY}clientInfo`]: { name: 'asker', version: '1' } } }
    const list = await ask(url, 'resources/list', {}, asker)
    expect(list.error?.code).toBe(-32603)
    expect((await ask(url, 'resources/list')).result).toMatchObject({ cacheScope: 'private' })
  })
})

test('an error that asks for a page has become a question: the retry calls the handler again', async () => {
  verifies('BASE-13')
  const url = await start(define())
  const first = await call(url, 'page')
  expect(first.result).toMatchObject({
    resultType: 'input_required',
    inputRequests: {
      'elicitation-1': {
        method: 'elicitation/create',
        params: { mode: 'url', message: 'Sign in.', url: 'https://example.com/in' },
      },
    },
  })
  expect(textOf(await call(url, 'page'))).toBe('signed in')
})

test('case 46: a wait that ends without an answer ends the handler, and nothing is left', async () => {
  verifies('MRTR-06', 'LIFE-07')
  const { serve } = await import('fairlead/node')
  const running = await serve(define(), { port: 0, signals: false, limits: { parkedMs: 150 }, onError: () => {} })
  try {
    const round = roundOf(await call(running.url, 'finally', { key: 'gone' }))
    expect(running.counters()).toMatchObject({ parkedCalls: 1, openCalls: 1 })
    await expect.poll(() => seen.get('gone')).toEqual(['aborted', 'ask_timeout', 'finally'])
    expect(running.counters()).toMatchObject({ parkedCalls: 0, openCalls: 0, asksTimedOut: 1 })
    const late = await retry(running.url, 'finally', round, { 'elicitation-1': { action: 'cancel' } }, { key: 'gone' })
    expect(late.error?.code).toBe(-32602)
  } finally {
    await running.close({ deadline: 0 })
  }
})

test('only so many calls wait at a time', async () => {
  const { serve } = await import('fairlead/node')
  const running = await serve(define(), { port: 0, signals: false, limits: { parked: 2 }, onError: () => {} })
  try {
    const rounds = [roundOf(await call(running.url, 'name')), roundOf(await call(running.url, 'name'))]
    const over = await call(running.url, 'name')
    expect(over.error).toMatchObject({ code: -32603, message: expect.stringContaining('limits.parked') })
    await retry(running.url, 'name', rounds[0]!, { 'elicitation-1': { action: 'cancel' } })
    roundOf(await call(running.url, 'name'))
    expect(running.counters()).toMatchObject({ parkedCalls: 2, limitsHit: 1 })
  } finally {
    await running.close({ deadline: 0 })
  }
})

test('without sessions nothing waits in memory', async () => {
  const url = await start(define(), { stateless: true })
  const { error } = await call(url, 'name')
  expect(error).toMatchObject({ code: -32603, message: expect.stringContaining('durable') })
})
