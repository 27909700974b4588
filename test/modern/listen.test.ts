/** `subscriptions/listen`, and the connection that is a cancellation when it closes. */
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { serve } from 'fairlead/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { verifies } from '../requirements/requirements.ts'
import { open } from '../requirements/session.ts'
import { ADAPTERS, start } from '../requirements/start.ts'
import { ask, call, KEY, send, textOf } from './wire.ts'

const ID = `${KEY}subscriptionId`

/** How handlers ended, by the key that their test chose. */
const ended = new Map<string, string>()

function define() {
  const server = createServer({ name: 'listens', version: '1.0.0' })
  const hidden = server.tool('hidden', {}, () => 'x')
  const prompt = server.prompt('hidden', {}, () => 'x')
  server.tool('tools', {}, () => (hidden.enabled ? hidden.disable() : hidden.enable()))
  server.tool('prompts', {}, () => (prompt.enabled ? prompt.disable() : prompt.enable()))
  server.tool('update', { inputSchema: { type: 'object', properties: { uri: { type: 'string' } } } }, ({ uri }) =>
    server.resourceUpdated(String(uri)),
  )
  const key = { type: 'object', properties: { key: { type: 'string' } } }
  server.tool('wait', { inputSchema: key }, async (args, ctx) => {
    const name = String(args['key'])
    ended.set(name, 'running')
    await once(ctx.signal, 'abort')
    ctx.progress(1)
    ended.set(name, (ctx.signal.reason as Error).message)
    return 'too late'
  })
  server.tool('speak', { inputSchema: key }, async (args, ctx) => {
    ctx.progress(0.5)
    ended.set(String(args['key']), 'running')
    await once(ctx.signal, 'abort')
    ended.set(String(args['key']), 'aborted')
    return 'too late'
  })
  server.resource('One', 'thing://one', {}, () => 'one')
  server.resourceTemplate('Many', 'many://{id}', {}, () => 'many')
  return server
}

const listen = async (url: string, notifications: object, id: string | number) =>
  (await send(url, 'subscriptions/listen', { notifications }, { id })).stream()

describe.each(ADAPTERS)('%s', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(define(), {}, adapter)
  })

  test('the acknowledgement comes first and says what is honoured', async () => {
    verifies('SUBS-02', 'SUBS-01', 'HTTP-27')
    const wanted = {
      toolsListChanged: true,
      promptsListChanged: false,
      resourcesListChanged: true,
      resourceSubscriptions: ['thing://one', 'many://5', 'nothing://here'],
      unknown: true,
    }
    const reply = await send(url, 'subscriptions/listen', { notifications: wanted }, { id: 'sub' })
    expect(reply.headers['content-type']).toBe('text/event-stream')
    expect(reply.headers['x-accel-buffering']).toBe('no')
    const stream = reply.stream()
    const acknowledged = await stream.method('notifications/subscriptions/acknowledged')
    expect(stream.messages[0]).toBe(acknowledged)
    expect(acknowledged.params).toEqual({
      _meta: { [ID]: 'sub' },
      notifications: {
        toolsListChanged: true,
        resourcesListChanged: true,
        resourceSubscriptions: ['thing://one', 'many://5'],
      },
    })
    stream.cut()
  })

  test('only what was asked for arrives, each with the id of its subscription', async () => {
    verifies('SUBS-01', 'SUBS-02', 'TOOL-02', 'RES-06', 'HTTP-11')
    const [tools, prompts, one] = await Promise.all([
      listen(url, { toolsListChanged: true }, 1),
      listen(url, { promptsListChanged: true }, '1'),
      listen(url, { resourceSubscriptions: ['thing://one'] }, 3),
    ])
    for (const stream of [tools, prompts, one]) await stream.method('notifications/subscriptions/acknowledged')
    await call(url, 'tools')
    await call(url, 'prompts')
    await call(url, 'update', { uri: 'thing://one' })
    await call(url, 'update', { uri: 'many://5' })
    const changed = await tools.method('notifications/tools/list_changed')
    expect(changed.params).toEqual({ _meta: { [ID]: 1 } })
    expect((await prompts.method('notifications/prompts/list_changed')).params).toEqual({ _meta: { [ID]: '1' } })
    expect((await one.method('notifications/resources/updated')).params).toEqual({
      _meta: { [ID]: 3 },
      uri: 'thing://one',
    })
    await sleep(150)
    for (const stream of [tools, prompts, one]) {
      expect(stream.messages.length).toBe(2)
      expect(stream.ids).toEqual([])
      stream.cut()
    }
  })

  test('both eras hear of the same change', async () => {
    verifies('LIFE-12')
    const session = await open(url)
    const legacy = await session.listen()
    const modern = await listen(url, { toolsListChanged: true }, 'both')
    await modern.method('notifications/subscriptions/acknowledged')
    await call(url, 'tools')
    expect((await legacy.method('notifications/tools/list_changed')).params).toBeUndefined()
    expect((await modern.method('notifications/tools/list_changed')).params).toEqual({ _meta: { [ID]: 'both' } })
    legacy.cut()
    modern.cut()
  })

  test.each([
    [undefined],
    ['all'],
    [[]],
    [{ toolsListChanged: 'yes' }],
    [{ resourceSubscriptions: 'thing://one' }],
    [{ resourceSubscriptions: [1] }],
  ])('the filter %j is refused', async (notifications) => {
    const outcome = await ask(url, 'subscriptions/listen', { notifications })
    expect(outcome.error?.code).toBe(-32602)
  })

  test('an empty filter is a stream without notifications', async () => {
    const stream = await listen(url, {}, 'empty')
    const { params } = await stream.method('notifications/subscriptions/acknowledged')
    expect(params).toEqual({ _meta: { [ID]: 'empty' }, notifications: {} })
    stream.cut()
  })
})

describe('the connection', () => {
  let running: Awaited<ReturnType<typeof serve>>
  beforeAll(async () => {
    running = await serve(define(), { port: 0, signals: false, onError: () => {} })
  })
  afterAll(() => running.close({ deadline: 0 }))

  test('a subscription whose connection closes is gone', async () => {
    verifies('SUBS-03')
    const before = running.counters()
    const stream = await listen(running.url, { toolsListChanged: true }, 'gone')
    await stream.method('notifications/subscriptions/acknowledged')
    expect(running.counters().openListens).toBe(before.openListens + 1)
    stream.cut()
    await expect.poll(() => running.counters().openListens).toBe(before.openListens)
    expect(running.counters()).toMatchObject({ openCalls: before.openCalls, openStreams: before.openStreams })
  })

  test('closing the stream of a request cancels it', async () => {
    verifies('HTTP-14', 'CANC-02', 'PROG-03')
    const meta = { progressToken: 1 }
    const reply = await send(running.url, 'tools/call', { name: 'speak', arguments: { key: 'stream' } }, { meta })
    const stream = reply.stream()
    await stream.method('notifications/progress')
    const before = running.counters().callsCancelled
    stream.cut()
    await expect.poll(() => ended.get('stream')).toBe('aborted')
    expect(running.counters().callsCancelled).toBe(before + 1)
    await expect.poll(() => running.counters().openCalls).toBe(0)
  })

  test('so does a client that leaves before its answer has begun, and nothing is sent for it any more', async () => {
    verifies('HTTP-14', 'CANC-02')
    const gone = new AbortController()
    const { request } = await import('node:http')
    const { JSON_BOTH } = await import('../requirements/session.ts')
    const { envelope } = await import('./wire.ts')
    const headers = {
      ...JSON_BOTH,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'wait',
    }
    const params = { name: 'wait', arguments: { key: 'silent' }, _meta: envelope({ progressToken: 1 }) }
    const outgoing = request(running.url, { method: 'POST', headers, signal: gone.signal })
    outgoing.on('error', () => {})
    outgoing.end(JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }))
    await expect.poll(() => ended.get('silent')).toBe('running')
    const dropped = running.counters().notificationsDropped
    gone.abort()
    await expect.poll(() => ended.get('silent')).toBe('The client closed the connection.')
    expect(running.counters().notificationsDropped).toBe(dropped + 1)
    await expect.poll(() => running.counters().openCalls).toBe(0)
  })

  test('a silent call gets a stream with comments after a while', async () => {
    verifies('HTTP-27')
    const reply = await send(running.url, 'tools/call', { name: 'wait', arguments: { key: 'comment' } })
    expect(reply.headers['content-type']).toBe('text/event-stream')
    const stream = reply.stream()
    await stream.until('a comment', () => stream.items.find(({ kind }) => kind === 'comment'))
    stream.cut()
    await expect.poll(() => ended.get('comment')).not.toBe('running')
  })

  test('only so many streams are open at a time', async () => {
    const small = await serve(define(), { port: 0, signals: false, limits: { streams: 1 }, onError: () => {} })
    const first = await listen(small.url, {}, 1)
    await first.method('notifications/subscriptions/acknowledged')
    const second = await ask(small.url, 'subscriptions/listen', { notifications: {} })
    expect([second.status, second.error?.code]).toEqual([429, -32603])
    expect(textOf(await call(small.url, 'hidden'))).toBe('x')
    await small.close({ deadline: 0 })
  })
})

test('a shutdown ends every subscription with its result', async () => {
  verifies('SUBS-03', 'CANC-05')
  const running = await serve(define(), { port: 0, signals: false, onError: () => {} })
  const streams = [await listen(running.url, { toolsListChanged: true }, 'a'), await listen(running.url, {}, 7)]
  for (const stream of streams) await stream.method('notifications/subscriptions/acknowledged')
  await running.close({ deadline: 1_000 })
  for (const [at, id] of [
    [0, 'a'],
    [1, 7],
  ] as const) {
    await streams[at]!.end()
    expect(streams[at]!.complete).toBe(true)
    const last = streams[at]!.messages.at(-1)!
    expect(last).toMatchObject({ id, result: { resultType: 'complete', _meta: { [ID]: id } } })
    expect(streams[at]!.messages.some(({ method }) => method === 'notifications/cancelled')).toBe(false)
  }
})

test('a reader that takes nothing is let go, and others hear all the same', async () => {
  const running = await serve(define(), {
    port: 0,
    signals: false,
    limits: { windowBytes: 2_000, stallMs: 300 },
    onError: () => {},
  })
  const { connect } = await import('node:net')
  const { envelope } = await import('./wire.ts')
  const many = Array.from({ length: 400 }, (_, at) => `many://${'x'.repeat(1_000)}${at}`)
  const params = { notifications: { resourceSubscriptions: many }, _meta: envelope() }
  const body = JSON.stringify({ jsonrpc: '2.0', id: 'slow', method: 'subscriptions/listen', params })
  const socket = connect(running.port, 'localhost').pause()
  const head = [
    'POST /mcp HTTP/1.1',
    'host: localhost',
    'content-type: application/json',
    'accept: application/json, text/event-stream',
    'mcp-protocol-version: 2026-07-28',
    'mcp-method: subscriptions/listen',
    `content-length: ${Buffer.byteLength(body)}`,
  ]
  socket.write(`${head.join('\r\n')}\r\n\r\n${body}`)
  await expect.poll(() => running.counters().openListens).toBe(1)
  const other = await listen(running.url, { toolsListChanged: true }, 'quick')
  await other.method('notifications/subscriptions/acknowledged')
  for (let round = 0; round < 40 && running.counters().streamsStalled === 0; round++) {
    await call(running.url, 'tools')
    for (const uri of many) await call(running.url, 'update', { uri })
  }
  expect(running.counters()).toMatchObject({ streamsStalled: 1, openListens: 1 })
  await other.method('notifications/tools/list_changed')
  socket.destroy()
  await running.close({ deadline: 0 })
})
