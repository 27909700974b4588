/** What one client, and all of them together, may hold; and that everything is given back. TRAPS B6 64. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Limits } from '../../src/index.ts'
import { onOneProcess, REPLICAS } from '../deployment.ts'
import type { EventStream, Exchange } from '../requirements/http.ts'
import { answerOf, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from '../security/support/serving.ts'

let release: () => void
let held: Promise<void>
beforeEach(() => {
  held = new Promise((resolve) => {
    release = resolve
  })
})

const server = createServer({ name: 'limits', version: '1.0.0' })
server.tool('hold', {}, async (_, ctx) => {
  ctx.progress(1)
  await held
  return 'held'
})
server.tool('asks', { inputSchema: { type: 'object' } }, async (args, ctx) => {
  const outcomes = await Promise.allSettled(
    Array.from({ length: Number((args as { n: number }).n) }, () => ctx.listRoots()),
  )
  return outcomes.map((outcome) => (outcome.status === 'fulfilled' ? 'answered' : outcome.reason.code)).join()
})
server.tool('keep', { inputSchema: { type: 'object' } }, async (args, ctx) => {
  const { key, bytes } = args as { key: string; bytes: number }
  try {
    await ctx.session.set(key, 'x'.repeat(bytes))
    return 'kept'
  } catch (thrown) {
    return (thrown as { code: string }).code
  }
})
server.resourceTemplate('any', 'any://{id}', {}, () => 'text')

async function serving(limits: Partial<Limits>): Promise<{ running: Served; session: RawSession }> {
  const running = await served(server, { limits })
  return { running, session: await open(running.url) }
}

async function hold(session: RawSession): Promise<EventStream> {
  const { stream } = await session.startCall('hold', {}, { progressToken: 1 })
  await stream.method('notifications/progress')
  return stream
}

/** 429, a time to come back after, and an error that names the request. */
async function refused(reply: Exchange, id?: unknown): Promise<void> {
  expect([reply.status, Number(reply.headers['retry-after']) >= 1]).toEqual([429, true])
  const message = await reply.json()
  expect([message.error?.code, message.id]).toEqual([-32603, id])
}

const ping = (id: string) => ({ jsonrpc: '2.0', id, method: 'ping' })

describe('case 64: every process has its limits', () => {
  test('calls in flight of a session', async () => {
    const { session } = await serving({ callsPerSession: 3 })
    const streams: EventStream[] = []
    for (let n = 0; n < 3 * REPLICAS; n++) streams.push(await hold(session))
    for (let n = 0; n < REPLICAS; n++) await refused(await session.post(ping('more')), 'more')
    release()
    await Promise.all(streams.map((stream) => stream.end()))
    expect((await session.request('ping')).result).toEqual({})
  })

  test('open streams of a session', async () => {
    const { running, session } = await serving({ streamsPerSession: 2 })
    const streams: EventStream[] = []
    for (let n = 0; n < 2 * REPLICAS; n++) streams.push(await hold(session))
    for (let n = 0; n < REPLICAS; n++) await refused(await session.get())
    for (const stream of streams) stream.cut()
    await expect.poll(() => running.counters().openStreams).toBe(0)
    const stream = await session.listen()
    stream.cut()
    release()
  })
})

onOneProcess('which one is full, and has room again, is told of one', () => {
  describe('calls in flight', () => {
    test('of a session: the next is refused, other sessions are not, and each end makes room for one', async () => {
      const { running, session } = await serving({ callsPerSession: 3 })
      const streams = [await hold(session), await hold(session), await hold(session)]
      await refused(await session.post(ping('a')), 'a')
      const other = await open(running.url)
      expect((await other.request('ping')).result).toEqual({})
      // What is no request is not held up by requests.
      expect((await session.notify('notifications/initialized')).status).toBe(202)
      await session.notify('notifications/cancelled', { requestId: 1 })
      await streams[0]!.end()
      expect((await session.post(ping('b'))).status).toBe(200)
      release()
      await Promise.all(streams.map((stream) => stream.end()))
      expect(running.counters()).toMatchObject({ openCalls: 0, limitsHit: 1 })
    })

    test('by default 32', async () => {
      const { session } = await serving({})
      const streams = await Promise.all(Array.from({ length: 32 }, () => hold(session)))
      await refused(await session.post(ping('x')), 'x')
      release()
      await Promise.all(streams.map((stream) => stream.end()))
    })

    test('of the process', async () => {
      const { running, session } = await serving({ calls: 4 })
      const sessions = [session, await open(running.url), await open(running.url)]
      const streams = [await hold(session), await hold(session), await hold(sessions[1]!), await hold(sessions[2]!)]
      for (const one of sessions) await refused(await one.post(ping('x')), 'x')
      release()
      await Promise.all(streams.map((stream) => stream.end()))
      for (const one of sessions) expect((await one.request('ping')).result).toEqual({})
    })

    test('a client that hangs up does not get its place back before the call ends', async () => {
      const { running, session } = await serving({ callsPerSession: 2 })
      for (let n = 0; n < 2; n++) (await hold(session)).cut()
      await expect.poll(() => running.counters().openStreams).toBe(0)
      await refused(await session.post(ping('x')), 'x')
      release()
      await expect.poll(() => running.counters().openCalls).toBe(0)
      expect((await session.post(ping('y'))).status).toBe(200)
    })
  })

  describe('open streams', () => {
    test('of a session', async () => {
      const { running, session } = await serving({ streamsPerSession: 2 })
      const streams = [await hold(session), await hold(session)]
      await refused(await session.get())
      await refused(await session.get(streams[0]!.ids[0]))
      streams[0]!.cut()
      await expect.poll(() => running.counters().openStreams).toBe(1)
      const resumed = await session.listen(streams[0]!.ids[0])
      release()
      await Promise.all([resumed.end(), streams[1]!.end()])
      expect(running.counters()).toMatchObject({ openStreams: 0, limitsHit: 2 })
    })

    test('of the process', async () => {
      const { running, session } = await serving({ streams: 2 })
      const [second, third] = [await open(running.url), await open(running.url)]
      const streams = [await session.listen(), await second.listen()]
      await refused(await third.get())
      // A newer GET takes the place of the older one of its session; it is not a third one.
      streams[0]!.cut()
      await expect.poll(() => running.counters().openStreams).toBe(1)
      const stream = await third.listen()
      for (const one of [streams[1]!, stream]) one.cut()
      await expect.poll(() => running.counters()).toMatchObject({ openStreams: 0, openSessionStreams: 0 })
    })

    test('2,000 connections that come and go leave nothing', async () => {
      const { running, session } = await serving({})
      for (let round = 0; round < 40; round++) {
        const streams = await Promise.all(Array.from({ length: 25 }, () => session.listen()))
        const calls = await Promise.all(Array.from({ length: 25 }, () => hold(session)))
        for (const stream of [...streams, ...calls]) stream.cut()
        release()
        await expect
          .poll(() => running.counters(), { interval: 5 })
          .toMatchObject({ openCalls: 0, openStreams: 0, openSessionStreams: 0 })
        held = new Promise((resolve) => {
          release = resolve
        })
      }
    })
  })
})

describe('questions of a session', () => {
  test('over 16 a handler gets the typed error', async () => {
    const { running, session } = await serving({})
    const { stream, id } = await session.startCall('asks', { n: 20 })
    await stream.until('all questions', () => (stream.messages.length === 16 ? true : undefined))
    for (const { id: tag } of stream.messages) await session.answer(tag, { result: { roots: [] } })
    const { result } = await stream.response(id)
    const outcomes = String((result!['content'] as { text: string }[])[0]!.text).split(',')
    expect(outcomes.filter((one) => one === 'answered')).toHaveLength(16)
    expect(outcomes.filter((one) => one === 'too_many_requests')).toHaveLength(4)
    expect(running.counters()).toMatchObject({ openAsks: 0, limitsHit: 4 })
    // All of them are free again.
    const again = await session.startCall('asks', { n: 16 })
    await again.stream.until('all questions', () => (again.stream.messages.length === 16 ? true : undefined))
    await session.notify('notifications/cancelled', { requestId: again.id })
    await expect.poll(() => running.counters().openAsks).toBe(0)
  })
})

describe('what a session keeps', () => {
  test('subscriptions', async () => {
    const { session } = await serving({ subscriptionsPerSession: 3 })
    const subscribe = (id: number) => session.request('resources/subscribe', { uri: `any://${id}` })
    for (const id of [1, 2, 3, 3]) expect((await subscribe(id)).result).toEqual({})
    expect((await subscribe(4)).error?.code).toBe(-32603)
    await session.request('resources/unsubscribe', { uri: 'any://1' })
    expect((await subscribe(4)).result).toEqual({})
  })

  test('values, all of them together', async () => {
    const { session } = await serving({ sessionValueBytes: 1_000 })
    expect(await session.text('keep', { key: 'a', bytes: 900 })).toBe('kept')
    expect(await session.text('keep', { key: 'b', bytes: 200 })).toBe('value_too_large')
    expect(await session.text('keep', { key: 'a', bytes: 10 })).toBe('kept')
    expect(await session.text('keep', { key: 'b', bytes: 200 })).toBe('kept')
    expect(await session.text('keep', { key: '__proto__', bytes: 5 })).toBe('kept')
  })
})

test('a limit that is misspelt or makes no sense is refused at the start', async () => {
  for (const limits of [
    { callPerSession: 1 },
    { calls: 0 },
    { calls: -1 },
    { calls: Number.NaN },
    { calls: '5' },
    { bodyBytes: null },
  ]) {
    await expect(served(server, { limits: limits as never })).rejects.toThrow(TypeError)
  }
})

test('cancellations of requests that never were stay bounded, and do no harm', async () => {
  const { running, session } = await serving({})
  for (let n = 0; n < 300; n++) await session.notify('notifications/cancelled', { requestId: `never-${n}` })
  const { stream, id } = await session.startCall('hold', {}, { progressToken: 1 })
  release()
  expect((await stream.response(id)).result).toBeDefined()
  // Cancelled before it came: it does not run to its end, and gets no answer.
  const early = await session.post({ jsonrpc: '2.0', id: 'never-7', method: 'tools/call', params: { name: 'hold' } })
  const cut = early.stream()
  await cut.end()
  expect(cut.messages.filter((message) => message.id !== undefined)).toEqual([])
  expect(running.counters().callsCancelled).toBe(1)
  expect(await answerOf(await session.post(ping('after')))).toMatchObject({ result: {} })
})
