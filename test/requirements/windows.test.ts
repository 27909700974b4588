import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { open } from './session.ts'
import { ADAPTERS, start } from './start.ts'

/** What happens beyond the window in which events are kept: the client is told, never shown a hole. */
const server = createServer({ name: 'windows', version: '1.0.0' })
const flow = z.object({ count: z.number(), bytes: z.number(), ms: z.number() })
let stopped = ''
server.tool('flow', { inputSchema: flow }, async ({ count, bytes, ms }, ctx) => {
  ctx.signal.addEventListener('abort', () => {
    stopped = 'stopped'
  })
  for (let at = 1; at <= count && !ctx.signal.aborted; at++) {
    ctx.log.info(`${at} ${'x'.repeat(bytes)}`)
    await sleep(ms)
  }
  return 'flowed'
})
server.resource('a', 'test://a', {}, async () => 'a')
server.tool('now', {}, async () => 'done')

describe.each(ADAPTERS)('the %s adapter', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(server, { limits: { windowEvents: 10, windowBytes: 200_000 } }, adapter)
  })

  describe.each(LEGACY)('%s', (revision) => {
    test('case 26: a request stream that lost events ends with an error for its request', async () => {
      verifies('HTTP-24')
      const session = await open(url, { revision })
      const { id, stream } = await session.startCall('flow', { count: 40, bytes: 1, ms: 4 })
      await stream.method('notifications/message')
      stream.cut()
      await sleep(300)
      const resumed = await session.listen(stream.ids.at(-1))
      await resumed.end()
      expect(resumed.messages).toEqual([
        { jsonrpc: '2.0', id, error: { code: -32603, message: expect.any(String), data: { reason: 'stream_lost' } } },
      ])
      // And that was the end of it.
      expect((await session.get(resumed.ids.at(-1))).status).toBe(405)
    })

    test('a request stream is whole as long as its window holds it', async () => {
      verifies('HTTP-24')
      const session = await open(url, { revision })
      const { stream } = await session.startCall('flow', { count: 9, bytes: 1, ms: 2 })
      await stream.method('notifications/message')
      stream.cut()
      await sleep(150)
      const resumed = await session.listen(stream.ids.at(-1))
      await resumed.end()
      const numbers = [...stream.messages, ...resumed.messages].flatMap(
        ({ params }) => Number.parseInt(String(params?.['data']), 10) || [],
      )
      expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9])
    })

    test('case 26: a session stream that stayed away too long is told to look again', async () => {
      verifies('HTTP-24', 'RES-06')
      const session = await open(url, { revision })
      await session.request('resources/subscribe', { uri: 'test://a' })
      const listening = await session.listen()
      server.resourceUpdated('test://a')
      const { params } = await listening.method('notifications/resources/updated')
      expect(params).toMatchObject({ uri: 'test://a' })
      listening.cut()
      // Updates of one resource are one invalidation, however many there were.
      for (let at = 0; at < 50; at++) server.resourceUpdated('test://a')
      await sleep(250)
      const resumed = await session.listen(listening.ids.at(-1))
      await resumed.method('notifications/resources/updated')
      await sleep(100)
      expect(resumed.messages.length).toBeLessThanOrEqual(10)
      resumed.cut()
    })
  })

  test('a reader that takes nothing does not make the server keep everything', async () => {
    const session = await open(url)
    stopped = ''
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'flow', arguments: { count: 100, bytes: 250_000, ms: 1 } },
    })
    // Nothing is read: the body stays paused in the socket, and the rest has to wait or go.
    const reply = await exchange(url, { headers: session.headers, body })
    for (let tries = 0; tries < 2_000 && stopped === ''; tries++) await sleep(10)
    expect(stopped).toBe('stopped')
    const stream = reply.stream()
    await stream.end()
    expect(stream.messages.at(-1)).toMatchObject({ id: 1, error: { data: { reason: 'stream_lost' } } })
    expect(stream.messages.length).toBeLessThan(100)
  })
})
