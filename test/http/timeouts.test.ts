/** Connections that take their time: slow senders are cut off, idle and silent ones are kept. TRAPS B6 63, B3 33. */
import { Server } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { handlerOn } from '../../src/adapters/fetch.ts'
import { webPlatform } from '../../src/adapters/web-platform.ts'
import { steppingClock } from '../../src/testing/index.ts'
import { initializeMessage, JSON_BOTH, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from '../security/support/serving.ts'
import { requestText, Wire } from '../security/support/wire.ts'

const server = createServer({ name: 'time', version: '1.0.0' })
server.tool('silent', {}, (_, ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve(''))))

let running: Served
let session: RawSession
beforeAll(async () => {
  running = await served(server)
  session = await open(running.url)
})

test('case 63: the time-outs of the HTTP server', () => {
  const handles = (process as unknown as { _getActiveHandles(): unknown[] })._getActiveHandles()
  const http = handles.find(
    (handle) => handle instanceof Server && (handle.address() as { port: number })?.port === running.port,
  )
  // The check runs every 5 s, so what takes 10 s is over after 15.
  expect(http).toMatchObject({ headersTimeout: 10_000, requestTimeout: 30_000, keepAliveTimeout: 75_000 })
})

test('an idle connection is kept for longer than a load balancer keeps it', async () => {
  const wire = await Wire.open(running.port)
  wire.send(requestText('GET', '/healthz', { host: 'localhost' }))
  const { headers } = await wire.response()
  expect([headers['connection'], headers['keep-alive']]).toEqual(['keep-alive', 'timeout=75'])
  await sleep(6_000)
  wire.send(requestText('GET', '/healthz', { host: 'localhost' }))
  expect((await wire.response()).status).toBe(200)
  wire.cut()
})

describe.concurrent('in real time', () => {
  test('case 63: headers that never end: 408 within 16 s for each of 50 connections, while others are served', async () => {
    const slow = await Promise.all(Array.from({ length: 50 }, () => Wire.open(running.port)))
    const started = Date.now()
    let drip = 0
    while (slow.some((wire) => !wire.ended)) {
      for (const wire of slow)
        if (!wire.ended) wire.send(drip === 0 ? 'POST /mcp HTTP/1.1\r\nhost: localhost\r\nx: ' : 'y')
      if (drip++ % 4 === 0) expect((await session.request('ping')).result).toEqual({})
      expect(Date.now() - started).toBeLessThan(16_500)
      await sleep(500)
    }
    expect(Date.now() - started).toBeGreaterThan(9_000)
    for (const wire of slow) {
      expect(wire.received).toMatch(/^HTTP\/1\.1 408 /)
      wire.cut()
    }
  })

  test('a silent stream gets a comment every 15 s, on either kind of stream', async () => {
    const other = await open(running.url)
    const listening = await other.listen()
    const { stream } = await other.startCall('silent')
    await sleep(15_500)
    for (const one of [listening, stream]) expect(one.items.filter(({ kind }) => kind === 'comment')).toHaveLength(1)
    await other.delete()
    await Promise.all([listening.end(), stream.end()])
  })
})

describe('on a stepped clock', () => {
  const URL_TEXT = 'http://localhost/mcp'

  test('comments come 15 s after the last bytes, for as long as the stream is open', async () => {
    const clock = steppingClock()
    const handler = handlerOn(
      server,
      { logger: () => {} },
      { ...webPlatform, now: clock.now, setTimer: clock.setTimer },
    )
    const send = (method: string, body?: object, more: object = {}) =>
      handler(
        new Request(URL_TEXT, {
          method,
          headers: { ...JSON_BOTH, ...more },
          ...(body && { body: JSON.stringify(body) }),
        }),
      )
    const opened = await send('POST', initializeMessage())
    const id = { 'mcp-session-id': opened.headers.get('mcp-session-id')! }
    const listening = comments(await send('GET', undefined, id))
    const call = comments(
      await send('POST', { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'silent' } }, id),
    )
    await clock.advance(14_000)
    expect([listening(), call()]).toEqual([0, 0])
    await clock.advance(2_000)
    expect([listening(), call()]).toEqual([1, 1])
    await clock.advance(3_600_000)
    expect([listening(), call()]).toEqual([241, 241])
    expect((await handler.counters()).keepAlives).toBe(482)
    await send('DELETE', undefined, id)
    await clock.advance(3_600_000)
    // Nothing is left that would tick for streams that are gone.
    expect(await handler.counters()).toMatchObject({ keepAlives: 482, openStreams: 0, openCalls: 0 })
  })

  test('a session that has expired is gone for good, and its stream is not fed any more', async () => {
    const clock = steppingClock()
    const handler = handlerOn(
      server,
      { logger: () => {}, session: { ttl: 60_000 } },
      { ...webPlatform, now: clock.now, setTimer: clock.setTimer },
    )
    const opened = await handler(
      new Request(URL_TEXT, { method: 'POST', headers: JSON_BOTH, body: JSON.stringify(initializeMessage()) }),
    )
    const headers = { ...JSON_BOTH, 'mcp-session-id': opened.headers.get('mcp-session-id')! }
    const ping = () =>
      handler(new Request(URL_TEXT, { method: 'POST', headers, body: '{"jsonrpc":"2.0","id":1,"method":"ping"}' }))
    await clock.advance(58_000)
    expect((await ping()).status).toBe(200)
    await clock.advance(4_000)
    expect((await ping()).status).toBe(404)
    expect((await handler(new Request(URL_TEXT, { method: 'DELETE', headers }))).status).toBe(404)
    expect((await handler.counters()).sessionsExpired).toBe(2)
  })
})

/** Counts the comments of a response as they come. */
function comments(response: Response): () => number {
  let text = ''
  void (async () => {
    const decoder = new TextDecoder()
    for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true })
  })().catch(() => {})
  return () => text.match(/^:$/gm)?.length ?? 0
}
