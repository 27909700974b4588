/** Readers that stop, or that nobody noticed are gone: what is kept for them, and what they are told. TRAPS B3 29 and 30. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeEach, describe, expect, test } from 'vitest'
import { handlerOn } from '../../src/adapters/fetch.ts'
import { webPlatform } from '../../src/adapters/web-platform.ts'
import { steppingClock } from '../../src/testing/index.ts'
import { initializeMessage, JSON_BOTH, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from '../security/support/serving.ts'
import { requestText, Wire } from '../security/support/wire.ts'

let aborted = 0
let flooded = 0
beforeEach(() => {
  aborted = flooded = 0
})
const server = createServer({ name: 'readers', version: '1.0.0' })
server.tool('flood', { inputSchema: { type: 'object' } }, async (args, ctx) => {
  const { bytes, messages } = args as { bytes: number; messages: number }
  ctx.signal.addEventListener('abort', () => aborted++)
  for (let n = 0; n < messages && !ctx.signal.aborted; n++) {
    ctx.log.info('x'.repeat(bytes))
    flooded += bytes
    await sleep(0)
  }
  return 'flooded'
})
server.resource('one', 'test://one', {}, () => 'one')
server.resource('two', 'test://two', {}, () => 'two')
server.tool('any', {}, () => '')

/** A request on a connection whose reader stops after the head. */
async function stopped(running: Served, session: RawSession, args: object, id: unknown = 1): Promise<Wire> {
  const wire = await Wire.open(running.port)
  const call = { jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'flood', arguments: args } }
  const { accept: _, ...headers } = session.headers
  wire.send(
    requestText('POST', '/mcp', { host: 'localhost', accept: JSON_BOTH.accept, ...headers }, JSON.stringify(call)),
  )
  await wire.head()
  wire.socket.pause()
  return wire
}

describe('cases 29 and 30: a request stream', () => {
  test('beyond its bound: the call ends, and the reader finds the explicit error instead of a hole', async () => {
    const running = await served(server)
    const session = await open(running.url)
    const wire = await stopped(running, session, { bytes: 50_000, messages: 2_000 })
    await expect.poll(() => running.counters(), { timeout: 10_000 }).toMatchObject({ openCalls: 0, streamsLost: 1 })
    // The bound, and what fits into the buffers of two sockets.
    expect([aborted, flooded < 20e6]).toEqual([1, true])
    wire.socket.resume()
    const { body } = await wire.response()
    const datas = [...body.matchAll(/^id: (\S+)\ndata: (.*)$/gm)].map((match) => JSON.parse(match[2]!))
    expect(datas.at(-1)).toEqual({
      jsonrpc: '2.0',
      id: 1,
      error: expect.objectContaining({ code: -32603, data: { reason: 'stream_lost' } }),
    })
    expect(datas.slice(0, -1).every((message) => message.method === 'notifications/message')).toBe(true)
    const last = [...body.matchAll(/^id: (\S+)$/gm)].at(-1)![1]!
    expect((await session.get(last)).status).toBe(405)
    wire.cut()
    expect(running.counters().openStreams).toBe(0)
  })

  test('a reader that only paused gets everything, in order', async () => {
    const running = await served(server, { limits: { windowBytes: 20_000_000 } })
    const session = await open(running.url)
    const wire = await stopped(running, session, { bytes: 20_000, messages: 400 })
    await expect.poll(() => running.counters().openCalls, { timeout: 10_000 }).toBe(0)
    wire.socket.resume()
    const { body } = await wire.response()
    const sequences = [...body.matchAll(/^id: \S+\.(\d+f?)\.\S+$/gm)].map((match) => match[1])
    expect(sequences).toEqual([...Array.from({ length: 401 }, (_, n) => String(n)), '401f'])
    expect(running.counters()).toMatchObject({ streamsLost: 0, openStreams: 0 })
    wire.cut()
  })

  test('after 30 s without taking anything the connection is reset, and the call goes on', async () => {
    const running = await served(server, { limits: { stallMs: 300, windowBytes: 20_000_000 } })
    const session = await open(running.url)
    const wire = await stopped(running, session, { bytes: 100_000, messages: 100 })
    await expect.poll(() => running.counters(), { timeout: 5_000 }).toMatchObject({ streamsStalled: 1, openStreams: 0 })
    await expect.poll(() => running.counters(), { timeout: 5_000 }).toMatchObject({ openCalls: 0, callsFinished: 1 })
    wire.socket.resume()
    await wire.end()
    // In the middle of its chunks: nobody takes this for the end of the stream.
    expect(wire.received.endsWith('\r\n0\r\n\r\n')).toBe(false)
    // What it had not taken is still there.
    const last = [...wire.received.matchAll(/^id: (\S+)$/gm)].at(-1)![1]!
    const resumed = await session.listen(last)
    await resumed.end()
    expect(resumed.messages.at(-1)).toMatchObject({ id: 1, result: {} })
  })

  test('of a batch: every request gets its own error', async () => {
    const running = await served(server)
    const session = await open(running.url, { revision: '2025-03-26' })
    const wire = await Wire.open(running.port)
    const call = (id: unknown) => ({
      jsonrpc: '2.0',
      id,
      method: 'tools/call',
      params: { name: 'flood', arguments: { bytes: 50_000, messages: 1_000 } },
    })
    wire.send(
      requestText('POST', '/mcp', { host: 'localhost', ...session.headers }, JSON.stringify([call('a'), call('b')])),
    )
    await wire.head()
    wire.socket.pause()
    await expect.poll(() => running.counters(), { timeout: 10_000 }).toMatchObject({ openCalls: 0, streamsLost: 1 })
    expect(aborted).toBe(2)
    wire.socket.resume()
    const { body } = await wire.response()
    const finals = [...body.matchAll(/^data: (.*)$/gm)]
      .map((match) => JSON.parse(match[1]!))
      .filter((message) => message.error)
    expect(finals.map((message) => [message.id, message.error.data])).toEqual([
      ['a', { reason: 'stream_lost' }],
      ['b', { reason: 'stream_lost' }],
    ])
    wire.cut()
  })

  test('100 of them: memory stays within their bounds, and others are served', { timeout: 60_000 }, async () => {
    const running = await served(server)
    const before = process.memoryUsage().rss
    const wires: Wire[] = []
    for (let n = 0; n < 10; n++) {
      const session = await open(running.url)
      for (let id = 0; id < 10; id++)
        wires.push(await stopped(running, session, { bytes: 20_000, messages: 2_000 }, id))
    }
    const other = await open(running.url)
    const latencies: number[] = []
    while (running.counters().openCalls > 0) {
      const started = performance.now()
      expect((await other.request('ping')).result).toEqual({})
      latencies.push(performance.now() - started)
      await sleep(20)
    }
    expect(process.memoryUsage().rss - before).toBeLessThan(600e6)
    expect(latencies.sort((left, right) => left - right)[Math.floor(latencies.length * 0.95)]).toBeLessThan(500)
    for (const wire of wires) wire.cut()
    await expect.poll(() => running.counters().openStreams).toBe(0)
  })
})

describe('case 30: the session stream', () => {
  test('a reader that stops is reset, and what it missed is read again from where it stood', async () => {
    const running = await served(server, { limits: { stallMs: 300 } })
    const session = await open(running.url)
    for (const uri of ['test://one', 'test://two']) await session.request('resources/subscribe', { uri })
    const wire = await Wire.open(running.port)
    const { 'content-type': _, ...headers } = session.headers
    wire.send(requestText('GET', '/mcp', { host: 'localhost', ...headers }))
    await wire.until('the priming event', () => /^id: /m.test(wire.received) || undefined)
    const last = [...wire.received.matchAll(/^id: (\S+)$/gm)].at(-1)![1]!
    wire.cut()
    await expect.poll(() => running.counters().openStreams).toBe(0)
    for (let n = 0; n < 5; n++) {
      server.resourceUpdated('test://one')
      await sleep(120)
    }
    server.resourceUpdated('test://two')
    await sleep(150)
    const resumed = await session.listen(last)
    await resumed.until('the last update', () =>
      resumed.messages.find((message) => message.params?.['uri'] === 'test://two'),
    )
    expect(
      resumed.messages.filter((message) => message.params?.['uri'] === 'test://one').length,
    ).toBeGreaterThanOrEqual(5)
    expect(running.counters().sessionStreamResyncs).toBe(0)
    resumed.cut()
  })

  test('beyond the window: one re-sync of all that it follows, and no hole', async () => {
    const clock = steppingClock()
    const handler = handlerOn(
      server,
      { logger: () => {} },
      { ...webPlatform, now: clock.now, setTimer: clock.setTimer },
    )
    const send = (method: string, body?: object, more: object = {}) =>
      handler(
        new Request('http://localhost/mcp', {
          method,
          headers: { ...JSON_BOTH, ...more },
          ...(body && { body: JSON.stringify(body) }),
        }),
      )
    const opened = await send('POST', initializeMessage())
    const headers = { 'mcp-session-id': opened.headers.get('mcp-session-id')! }
    for (const uri of ['test://one', 'test://two']) {
      await (
        await send('POST', { jsonrpc: '2.0', id: uri, method: 'resources/subscribe', params: { uri } }, headers)
      ).text()
    }
    const first = reading(await send('GET', undefined, headers))
    await clock.advance(0)
    const last = [...first.text().matchAll(/^id: (\S+)$/gm)].at(-1)![1]!
    await first.cancel()
    for (let minute = 0; minute < 15; minute++) {
      server.resourceUpdated('test://one')
      await clock.advance(60_000)
    }
    const resumed = reading(await send('GET', undefined, { ...headers, 'last-event-id': last }))
    await clock.advance(1_000)
    const methods = [...resumed.text().matchAll(/^data: (\{.*)$/gm)].map((match) => {
      const { method, params } = JSON.parse(match[1]!)
      return params?.uri ?? method
    })
    expect(methods.sort()).toEqual([
      'notifications/resources/list_changed',
      'notifications/tools/list_changed',
      'test://one',
      'test://two',
    ])
    expect(await handler.counters()).toMatchObject({ sessionStreamResyncs: 1 })
    await resumed.cancel()
    await handler.close({ deadline: 0 })
  })
})

/** Reads a response as it comes. */
function reading(response: Response): { text(): string; cancel(): Promise<void> } {
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  let text = ''
  const run = async (): Promise<void> => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value, { stream: true })
    }
  }
  run().catch(() => {})
  return { text: () => text, cancel: () => reader.cancel() }
}
