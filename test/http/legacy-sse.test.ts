/** What HTTP with SSE holds on to: slow readers, limits, the end of connections and of the process, and what is counted. */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { handlerOn } from '../../src/adapters/fetch.ts'
import { webPlatform } from '../../src/adapters/web-platform.ts'
import { steppingClock } from '../../src/testing/index.ts'
import { exchange } from '../requirements/http.ts'
import { initializeMessage } from '../requirements/session.ts'
import { SseSession, sseUrl } from '../requirements/sse-session.ts'
import { createServer, type Served, served } from '../security/support/serving.ts'
import { requestText, Wire } from '../security/support/wire.ts'

let aborted = 0
let stuck: () => void = () => {}
const server = createServer({ name: 'older', version: '1.0.0' })
server.tool('flood', { inputSchema: { type: 'object' } }, async (args, ctx) => {
  const { bytes, messages } = args as { bytes: number; messages: number }
  ctx.signal.addEventListener('abort', () => aborted++)
  for (let n = 0; n < messages && !ctx.signal.aborted; n++) {
    ctx.log.info(`${n} ${'x'.repeat(bytes)}`)
    await sleep(0)
  }
  return 'flooded'
})
server.tool('large', { inputSchema: { type: 'object' } }, (args) => 'x'.repeat((args as { bytes: number }).bytes))
server.tool(
  'wait',
  {},
  (_, ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve('late'))),
)
server.tool('work', {}, async (_, ctx) => {
  ctx.progress(1)
  await sleep(400)
  return 'worked'
})
server.tool('stuck', {}, async (_, ctx) => {
  await ctx.session.set('a', 1)
  await new Promise<void>((resolve) => {
    stuck = resolve
  })
  await ctx.session.set('b', 2).catch((thrown) => {
    outcome = (thrown as { code: string }).code
  })
  return ''
})
let outcome = ''
server.resource('one', 'test://one', {}, () => 'one')
server.resource('two', 'test://two', {}, () => 'two')

/** A connection whose reader stops once it is initialized, and how to post to it. */
async function stopped(running: Served) {
  const wire = await Wire.open(running.port)
  wire.send(requestText('GET', '/sse', { host: 'localhost', accept: 'text/event-stream' }))
  await wire.head()
  const endpoint = await expect
    .poll(() => /^data: (\/messages\S+)$/m.exec(wire.received)?.[1], { timeout: 5_000 })
    .toBeDefined()
    .then(() => /^data: (\/messages\S+)$/m.exec(wire.received)![1]!)
  const post = (body: object) =>
    exchange(new URL(endpoint, running.url).href, {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    })
  await post(initializeMessage({ revision: '2024-11-05' }))
  await expect.poll(() => wire.received.includes('protocolVersion')).toBe(true)
  wire.socket.pause()
  const call = (name: string, args: object = {}, id: unknown = name) =>
    post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: args } })
  return { wire, post, call }
}

const messagesOf = (wire: Wire) =>
  [...wire.received.matchAll(/^event: message\ndata: (.*)$/gm)].map((match) => JSON.parse(match[1]!))

test('a reader beyond the bound loses its connection rather than some of its messages', async () => {
  aborted = 0
  const running = await served(server, { legacySse: true })
  const { call, wire } = await stopped(running)
  await call('flood', { bytes: 50_000, messages: 2_000 })
  await expect
    .poll(() => running.counters(), { timeout: 10_000 })
    .toMatchObject({ openCalls: 0, openStreams: 0, openSessionStreams: 0, streamsLost: 1, sessionsDeleted: 1 })
  expect(aborted).toBe(1)
  wire.socket.resume()
  await wire.end()
  // In the middle of its chunks: nobody takes this for a clean end.
  expect(wire.received.endsWith('\r\n0\r\n\r\n')).toBe(false)
})

test('a reader that only paused gets everything, in order', async () => {
  const running = await served(server, { legacySse: true, limits: { windowBytes: 20_000_000 } })
  const { call, wire } = await stopped(running)
  await call('flood', { bytes: 20_000, messages: 400 })
  await expect.poll(() => running.counters().openCalls, { timeout: 10_000 }).toBe(0)
  wire.socket.resume()
  await expect.poll(() => wire.received.includes('flooded'), { timeout: 10_000 }).toBe(true)
  const body = wire.received.replace(/\r\n[0-9a-f]+\r\n/g, '')
  const numbers = [...body.matchAll(/"data":"(\d+) x/g)].map((match) => Number(match[1]))
  expect(numbers).toEqual(Array.from({ length: 400 }, (_, n) => n))
  wire.cut()
})

test('while too much waits for it, nothing more is done for a reader', async () => {
  const running = await served(server, { legacySse: true, limits: { windowBytes: 100_000 } })
  const { call, post, wire } = await stopped(running)
  const statuses: number[] = []
  for (let n = 0; n < 40 && statuses.at(-1) !== 429; n++) {
    statuses.push((await call('large', { bytes: 1_000_000 }, n)).status)
    await sleep(1)
  }
  expect([statuses[0], statuses.at(-1)]).toEqual([202, 429])
  // Notifications and answers are still taken: they make nothing to send.
  expect((await post({ jsonrpc: '2.0', method: 'notifications/initialized' })).status).toBe(202)
  wire.socket.resume()
  await expect.poll(async () => (await call('large', { bytes: 1 }, 'again')).status, { timeout: 10_000 }).toBe(202)
  await expect.poll(() => messagesOf(wire).length, { timeout: 10_000 }).toBeGreaterThan(1)
  wire.cut()
})

test('what happens again and again is said once to a slow reader', async () => {
  const running = await served(server, { legacySse: true })
  const { call, post, wire } = await stopped(running)
  for (const uri of ['test://one', 'test://two']) {
    await post({ jsonrpc: '2.0', id: uri, method: 'resources/subscribe', params: { uri } })
  }
  await call('large', { bytes: 8_000_000 })
  await sleep(50)
  for (let n = 0; n < 5; n++) {
    server.resourceUpdated('test://one')
    server.resourceUpdated('test://two')
    await sleep(120)
  }
  wire.socket.resume()
  await expect.poll(() => wire.received.split('resources/updated').length - 1, { timeout: 10_000 }).toBe(2)
  await sleep(150)
  expect(wire.received.split('resources/updated')).toHaveLength(3)
  wire.cut()
})

test('a reader that takes nothing for stallMs loses its connection', async () => {
  const running = await served(server, { legacySse: true, limits: { stallMs: 300 } })
  const { call, wire } = await stopped(running)
  await call('large', { bytes: 8_000_000 })
  await expect
    .poll(() => running.counters(), { timeout: 5_000 })
    .toMatchObject({ streamsStalled: 1, openStreams: 0, sessionsDeleted: 1 })
  wire.cut()
})

test('a silent connection gets comments', async () => {
  const clock = steppingClock()
  const { now, setTimer } = clock
  const handler = handlerOn(server, { legacySse: true, logger: () => {} }, { ...webPlatform, now, setTimer })
  const response = await handler(new Request('http://localhost/sse', { headers: { accept: 'text/event-stream' } }))
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toMatch(/^event: endpoint\ndata: \/messages\?sessionId=\S+\n\nretry: \d+\n\n$/)
  for (let n = 1; n <= 3; n++) {
    await clock.advance(15_100)
    expect((await reader.read()).value).toBe(':\n\n')
  }
  expect(await handler.counters()).toMatchObject({ keepAlives: 3, openStreams: 1 })
  await reader.cancel()
  expect(await handler.counters()).toMatchObject({ openStreams: 0 })
  await handler.close()
})

test('the limits on streams, on calls and on the size of a body hold', async () => {
  const limits = { streams: 2, callsPerSession: 3, bodyBytes: 1_000 }
  const running = await served(server, { legacySse: true, limits })
  const url = sseUrl(running.url)
  const sessions = [await SseSession.open(url), await SseSession.open(url)]
  const third = await exchange(url, { method: 'GET', headers: { accept: 'text/event-stream' } })
  expect([third.status, third.headers['retry-after']]).toEqual([429, '1'])
  const [one] = sessions
  const ids = [await one!.start('tools/call', { name: 'wait' }), await one!.start('tools/call', { name: 'wait' })]
  await one!.start('tools/call', { name: 'wait' })
  const ping = { jsonrpc: '2.0', id: 'more', method: 'ping' }
  expect((await one!.post(ping)).status).toBe(429)
  expect((await one!.post({ ...ping, padding: 'x'.repeat(1_000) })).status).toBe(413)
  await one!.notify('notifications/cancelled', { requestId: ids[0] })
  expect((await one!.post(ping)).status).toBe(202)
  const again = await one!.post({ ...ping, id: ids[1] })
  expect([again.status, (await again.json()).id]).toEqual([400, ids[1]])
  for (const { stream } of sessions) stream.cut()
  await expect.poll(() => running.counters()).toMatchObject({ openStreams: 0, openCalls: 0, limitsHit: 2 })
  expect(running.counters()).toMatchObject({ sessionsOpened: 2, sessionsDeleted: 2, openSessionStreams: 0 })
})

test('a handler that goes on after the connection has gone leaves nothing behind', async () => {
  const running = await served(server, { legacySse: true })
  const session = await SseSession.open(sseUrl(running.url))
  await session.start('tools/call', { name: 'stuck' })
  await sleep(50)
  session.stream.cut()
  await expect.poll(() => running.counters()).toMatchObject({ openCalls: 0, openStreams: 0 })
  stuck()
  await expect.poll(() => outcome).toBe('session_not_found')
  await expect.poll(() => running.counters().changedSessions).toBe(0)
})

test('a session lives for session.ttl at most', async () => {
  const running = await served(server, { legacySse: true, session: { ttl: 300 } })
  const session = await SseSession.open(sseUrl(running.url))
  expect((await session.request('ping')).result).toEqual({})
  await sleep(350)
  expect((await session.post({ jsonrpc: '2.0', id: 'late', method: 'ping' })).status).toBe(404)
  await session.stream.end()
  expect(running.counters()).toMatchObject({ openStreams: 0, sessionsExpired: 1 })
})

test('a process that leaves ends idle connections at once, and the others when their calls are done', async () => {
  const running = await served(server, { legacySse: true })
  const url = sseUrl(running.url)
  const [idle, fresh, busy] = [await SseSession.open(url), await SseSession.connect(url), await SseSession.open(url)]
  const id = await busy.start('tools/call', { name: 'work', _meta: { progressToken: 1 } })
  await busy.stream.method('notifications/progress')
  const closing = running.close({ deadline: 5_000 })
  await Promise.all([idle.stream.end(), fresh.stream.end()])
  expect([idle.stream.complete, fresh.stream.complete, busy.stream.ended]).toEqual([true, true, false])
  expect((await exchange(url, { method: 'GET', headers: { accept: 'text/event-stream' } })).status).toBe(503)
  const late = await busy.start('ping')
  expect((await busy.stream.response(late)).result).toEqual({})
  expect((await busy.stream.response(id)).result).toMatchObject({ content: [{ text: 'worked' }] })
  await busy.stream.end()
  expect(busy.stream.complete).toBe(true)
  await closing
  expect(running.counters()).toMatchObject({ openStreams: 0, openCalls: 0, sessionsOpened: 2, sessionsDeleted: 2 })
})

test('a call that does not end by the deadline gets an answer that says so', async () => {
  const running = await served(server, { legacySse: true })
  const session = await SseSession.open(sseUrl(running.url))
  const id = await session.start('tools/call', { name: 'wait' })
  await running.close({ deadline: 50 })
  expect((await session.stream.response(id)).error?.message).toContain('shut down')
  await session.stream.end()
  expect(session.stream.complete).toBe(true)
})

test('paths are options, and wrong ones are refused in a sentence', async () => {
  const running = await served(server, { legacySse: { path: '/old/events', messagesPath: '/old/post' } })
  const session = await SseSession.open(new URL('/old/events/', running.url).href)
  expect(new URL(session.endpoint).pathname).toBe('/old/post')
  session.stream.cut()
  expect((await exchange(new URL('/x/old/events', running.url).href, { method: 'GET' })).status).toBe(404)
  for (const legacySse of [
    { path: 'sse' },
    { path: '/' },
    { path: '/sse/' },
    { messagesPath: '/a?b' },
    { messagesPath: '/sse' },
    { path: '/mcp' },
    { paths: '/x' },
  ] as object[]) {
    await expect(served(server, { legacySse })).rejects.toThrow(TypeError)
  }
  await expect(served(server, { legacySse: true, stateless: true })).rejects.toThrow('legacySse needs sessions')
})

test('a session of a process that is gone is gone; one under a key that is not known here may not be', async () => {
  const secret = 'a secret that is long enough for anybody'
  const [one, other] = [
    await served(server, { legacySse: true, secrets: [secret] }),
    await served(server, { legacySse: true, secrets: [secret] }),
  ]
  const third = await served(server, { legacySse: true, secrets: ['another secret that is long enough as well'] })
  const session = await SseSession.open(sseUrl(one.url))
  const { pathname, search } = new URL(session.endpoint)
  const ping = { headers: { 'content-type': 'application/json' }, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' }
  const statuses = []
  for (const { url } of [one, other, third]) {
    statuses.push((await exchange(new URL(pathname + search, url).href, ping)).status)
  }
  expect(statuses).toEqual([202, 404, 503])
  session.stream.cut()
})
