/**
 * Streams show a session's events to nobody else, once, whole and in their order.
 *
 * GHSA-84j6-jc92-77jm, FastMCP #4402 (events of one session replayed to another), CVE-2026-33946
 * (GHSA-qvqr-5cv7-wh35: a second GET takes the stream in silence), python-sdk #2655 (a reused id drops a call); TRAPS
 * B1 15, B3 23, 25, 26, 27 and 28.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, describe, expect, test } from 'vitest'
import { onOneProcess, REPLICAS } from '../deployment.ts'
import type { EventStream, Message } from '../requirements/http.ts'
import { answerOf, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'

/** Handlers that wait here go on when the test says so. */
const gates = new Map<string, () => void>()
const pass = async (gate: string) =>
  await expect
    .poll(() => gates.get(gate))
    .toBeDefined()
    .then(() => gates.get(gate)!())

const server = createServer({ name: 'streams', version: '1.0.0' })
const text = { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } as const
server.tool('say', { inputSchema: text }, async (args, ctx) => {
  const said = String((args as { text: string }).text)
  for (let step = 1; step <= 5; step++) {
    ctx.progress(step, 5, said)
    await sleep(2)
  }
  return said
})
server.tool('hold', { inputSchema: text }, async (args, ctx) => {
  const name = String((args as { text: string }).text)
  ctx.progress(1, 2, `${name} started`)
  await new Promise<void>((resolve) => gates.set(name, resolve))
  ctx.progress(2, 2, `${name} released`)
  return `${name} done`
})
server.tool('backwards', {}, (_, ctx) => {
  for (const value of [1, 3, 2, 3, 3.5, Number.NaN, Number.NEGATIVE_INFINITY, 0, 4]) ctx.progress(value)
  return 'done'
})
server.tool('ask', {}, async (_, ctx) => JSON.stringify(await ctx.listRoots()))
server.tool('link', {}, async (_, ctx) => {
  const { action } = await ctx.elicit({
    mode: 'url',
    message: 'open',
    url: 'https://example.com',
    elicitationId: 'link',
  })
  return action
})
const toggled = server.tool('toggled', {}, () => '')
server.resource('one', 'test://one', {}, () => 'one')

let running: Served
beforeAll(async () => {
  running = await served(server)
})

const meta = (token: string | number) => ({ progressToken: token })

describe('case 23, GHSA-84j6: events of another session', () => {
  test('with the same request ids, each of 12 sessions sees its own', async () => {
    const sessions = await Promise.all(Array.from({ length: 12 }, () => open(running.url)))
    const streams = await Promise.all(
      sessions.map((session, n) => session.startCall('say', { text: `secret-${n}` }, meta(1))),
    )
    await Promise.all(streams.map(({ stream }) => stream.end()))
    for (const [n, session] of sessions.entries()) {
      const { stream } = streams[n]!
      expect(foreign(stream.messages, `secret-${n}`)).toEqual([])
      expect(stream.messages).toHaveLength(6)
      const foreignIds = streams.flatMap((other, at) => (at === n ? [] : other.stream.ids.slice(0, 1)))
      for (const id of foreignIds) {
        const reply = await session.get(id)
        expect(reply.status).toBe(400)
        expect(await reply.text()).not.toContain('secret')
      }
      const resumed = (await session.get(stream.ids[2])).stream()
      await resumed.end()
      expect(resumed.messages).toEqual(stream.messages.slice(2))
    }
  })

  test('of the session stream too', async () => {
    const [one, other] = [await open(running.url), await open(running.url)]
    await one.request('resources/subscribe', { uri: 'test://one' })
    const listening = await one.listen()
    await listening.until('the priming event', () => listening.ids[0])
    server.resourceUpdated('test://one')
    await listening.method('notifications/resources/updated')
    for (const id of listening.ids) {
      const reply = await other.get(id)
      expect([reply.status, (await reply.json()).error?.code]).toEqual([400, -32600])
    }
    listening.cut()
  })

  test('a guessed or altered id leads nowhere, and not to the session stream', async () => {
    const session = await open(running.url)
    const { stream } = await session.startCall('say', { text: 'x' }, meta(1))
    await stream.end()
    const id = stream.ids[1]!
    const parts = id.split('.')
    const altered = [
      ...Array.from(id, (char, at) => id.slice(0, at) + (char === 'A' ? 'B' : 'A') + id.slice(at + 1)).filter(
        (other) => other !== id,
      ),
      [...parts.slice(0, 4), '0', parts[5]].join('.'),
      [...parts.slice(0, 4), '4f', parts[5]].join('.'),
      [...parts.slice(0, 2), '1', ...parts.slice(3)].join('.'),
      parts.slice(0, 5).join('.'),
      `s.${parts.slice(1).join('.')}`,
      `${id}.`,
      `${id}, ${id}`,
      'r.....',
      's.....',
      '0',
      '-1',
      '*',
      '_GET_stream',
      'x'.repeat(600),
      '../../etc',
    ]
    const opened = running.counters().streamsOpened
    for (const other of altered) expect([other, (await session.get(other)).status]).toEqual([other, 400])
    expect(running.counters().streamsOpened).toBe(opened)
  })
})

describe('case 25: a resume brings exactly what was missed', () => {
  test('from every event of a finished stream', async () => {
    const session = await open(running.url)
    const { stream } = await session.startCall('say', { text: 'x' }, meta(1))
    await stream.end()
    expect(stream.ids).toHaveLength(7)
    for (const [at, id] of stream.ids.slice(0, -1).entries()) {
      const resumed = (await session.get(id)).stream()
      await resumed.end()
      // The empty event that repeats where the client stood, and then the rest.
      expect(resumed.ids).toEqual(stream.ids.slice(at))
      expect(resumed.messages).toEqual(stream.messages.slice(at))
    }
    const complete = await session.get(stream.ids.at(-1))
    expect([complete.status, (await complete.json()).error?.code]).toEqual([405, -32600])
  })

  test('cut and resumed again and again while the events come', async () => {
    const session = await open(running.url)
    for (let round = 0; round < 40; round++) {
      const { stream, id } = await session.startCall('say', { text: `round ${round}` }, meta(round))
      let current: EventStream = stream
      const seen: Message[] = []
      let last: string | undefined
      for (;;) {
        const wanted = 1 + (round % 3)
        await current.until('some events', () =>
          current.messages.length >= wanted || current.ended ? true : undefined,
        )
        current.cut()
        seen.push(...current.messages)
        last = current.ids.at(-1) ?? last
        if (seen.at(-1)?.id === id) break
        current = (await session.get(last)).stream()
      }
      expect(seen.map((message) => message.params?.['progress'] ?? message.id)).toEqual([1, 2, 3, 4, 5, id])
    }
    await expect.poll(() => running.counters()).toMatchObject({ openCalls: 0, openStreams: 0 })
  })

  test('two connections at once: the newer one gets the rest, the older one ends, nothing comes twice', async () => {
    const session = await open(running.url)
    const { stream, id } = await session.startCall('hold', { text: 'twice' }, meta(1))
    await stream.method('notifications/progress')
    const resumed = (await session.get(stream.ids.at(-1))).stream()
    await stream.end()
    expect(stream.complete).toBe(true)
    await pass('twice')
    await resumed.response(id)
    await resumed.end()
    expect(stream.messages).toHaveLength(1)
    expect(resumed.messages.map((message) => message.params?.['progress'] ?? message.id)).toEqual([2, id])
  })

  test('of calls side by side each stream has its own events only', async () => {
    const session = await open(running.url)
    const calls = await Promise.all(
      Array.from({ length: 20 }, (_, n) => session.startCall('say', { text: `call-${n}` }, meta(n))),
    )
    await Promise.all(calls.map(({ stream }) => stream.end()))
    for (const [n, { stream, id }] of calls.entries()) {
      const resumed = (await session.get(stream.ids[0])).stream()
      await resumed.end()
      for (const messages of [stream.messages, resumed.messages]) {
        expect(
          messages.filter((message) => message.method !== undefined && message.params?.['progressToken'] !== n),
        ).toEqual([])
        expect(messages.filter((message) => message.method === undefined).map((message) => message.id)).toEqual([id])
      }
    }
  })
})

describe('case 26: what is no longer held is an error, not a hole', () => {
  test('a request stream beyond its window', async () => {
    const small = await served(server, { limits: { windowEvents: 2 } })
    const session = await open(small.url)
    const { stream, id } = await session.startCall('say', { text: 'x' }, meta(1))
    await stream.end()
    expect(stream.messages).toHaveLength(6)
    const resumed = (await session.get(stream.ids[0])).stream()
    await resumed.end()
    expect(resumed.messages).toEqual([
      { jsonrpc: '2.0', id, error: expect.objectContaining({ code: -32603, data: { reason: 'stream_lost' } }) },
    ])
    // The error is the end: a client that takes it up from there hears so.
    expect((await session.get(resumed.ids.at(-1))).status).toBe(405)
    const near = (await session.get(stream.ids[5])).stream()
    await near.end()
    expect(near.messages.map((message) => message.id)).toEqual([id])
    expect(small.counters().streamsLost).toBe(1)
  })
})

describe('case 27: one final event, and progress that increases', () => {
  test('values that do not increase are dropped', async () => {
    const session = await open(running.url)
    const { stream } = await session.startCall('backwards', {}, meta(1))
    await stream.end()
    const values = stream.messages.flatMap((message) => message.params?.['progress'] ?? [])
    expect(values).toEqual([1, 3, 3.5, 4])
    expect(stream.messages.filter((message) => message.id !== undefined)).toHaveLength(1)
  })
})

describe('case 28, CVE-2026-33946: the newest GET of a session has the stream', () => {
  test('the older one ends cleanly and is told to stay away', async () => {
    const session = await open(running.url)
    await session.request('resources/subscribe', { uri: 'test://one' })
    const streams: EventStream[] = []
    for (let n = 0; n < 5; n++) {
      const stream = await session.listen()
      streams.push(stream)
      await stream.until('the priming event', () => stream.ids[0])
    }
    const newest = streams.pop()!
    for (const older of streams) {
      await older.end()
      expect([older.complete, older.items.at(-1)]).toEqual([true, { kind: 'retry', ms: 60_000 }])
    }
    expect(running.counters().openSessionStreams).toBe(1)
    // Without a Last-Event-ID it is told once what may have changed; after that, what has.
    const updates = (stream: EventStream) =>
      stream.messages.filter((message) => message.method === 'notifications/resources/updated').length
    await newest.until('the re-sync', () => updates(newest) || undefined)
    const before = streams.map(updates)
    server.resourceUpdated('test://one')
    await sleep(150)
    expect([updates(newest), streams.map(updates)]).toEqual([2, before])
    newest.cut()
    await expect.poll(() => running.counters().openStreams).toBe(0)
  })

  test('many at once leave one', async () => {
    const session = await open(running.url)
    const streams = await Promise.all(Array.from({ length: 20 }, () => session.listen()))
    await expect.poll(() => streams.filter((stream) => !stream.ended).length).toBe(1)
    expect(running.counters()).toMatchObject({ openSessionStreams: 1, openStreams: 1 })
    toggled.disable()
    toggled.enable()
    const left = streams.find((stream) => !stream.ended)!
    await left.method('notifications/tools/list_changed')
    left.cut()
    await expect.poll(() => running.counters().openStreams).toBe(0)
  })

  test('a resume takes up where the events stood, without a hole or a repetition', async () => {
    const session = await open(running.url)
    await session.request('resources/subscribe', { uri: 'test://one' })
    const first = await session.listen()
    await first.until('the priming event', () => first.ids[0])
    server.resourceUpdated('test://one')
    await first.method('notifications/resources/updated')
    const last = first.ids.at(-1)
    first.cut()
    await sleep(150)
    server.resourceUpdated('test://one')
    await sleep(150)
    toggled.disable()
    toggled.enable()
    const resumed = await session.listen(last)
    await resumed.method('notifications/tools/list_changed')
    const updates = resumed.messages.filter((message) => message.method === 'notifications/resources/updated')
    expect(updates).toHaveLength(1)
    resumed.cut()
  })
})

onOneProcess('a replica knows the requests in flight on itself (docs/replicas.md)', () => {
  describe('python-sdk #2655: a request id that is in flight', () => {
    test('is refused, and the first call goes on to its own result', async () => {
      const session = await open(running.url)
      const { stream, id } = await session.startCall('hold', { text: 'first' }, meta(1))
      await stream.method('notifications/progress')
      for (const name of ['hold', 'say']) {
        const again = { jsonrpc: '2.0', id, method: 'tools/call', params: { name, arguments: { text: 'second' } } }
        const reply = await session.post(again)
        expect([reply.status, await reply.json()]).toMatchObject([400, { id, error: { code: -32600 } }])
      }
      const batched = await open(running.url, { revision: '2025-03-26' })
      const pair = [1, 1].map((same) => ({ jsonrpc: '2.0', id: same, method: 'tools/call', params: { name: 'ask' } }))
      expect(
        await (await batched.post(pair))
          .stream()
          .until('the refusal', () => undefined)
          .catch(String),
      ).toContain('already in flight')
      await pass('first')
      expect(JSON.stringify((await stream.response(id)).result)).toContain('first done')
      expect(gates.has('second')).toBe(false)
    })

    test('is free again afterwards, also when the call was cancelled', async () => {
      const session = await open(running.url)
      const call = (name: string) =>
        session.post({ jsonrpc: '2.0', id: 'same', method: 'tools/call', params: { name, arguments: { text: 'x' } } })
      const first = (await call('hold')).stream()
      await sleep(20)
      await session.notify('notifications/cancelled', { requestId: 'same' })
      await first.end()
      expect(first.messages.filter((message) => message.id !== undefined)).toEqual([])
      expect(await answerOf(await call('say'))).toMatchObject({ id: 'same', result: {} })
      expect(await answerOf(await call('say'))).toMatchObject({ id: 'same', result: {} })
    })
  })
})

describe('cases 15 and 19: answers reach their question only', () => {
  let session: RawSession
  let other: RawSession
  beforeAll(async () => {
    session = await open(running.url)
    other = await open(running.url)
  })

  test('from another session, to another id, or twice: 202, dropped and counted', async () => {
    const { stream, id } = await session.startCall('ask')
    const question = await stream.method('roots/list')
    const forged = { result: { roots: [{ uri: 'file:///forged' }] } }
    const before = running.counters().answersUnknown
    const tag = String(question.id)
    const wrong = [
      id,
      String(id),
      tag.slice(0, -1),
      `${tag}0`,
      tag.replace('.0', '.1'),
      tag.toUpperCase(),
      0,
      -1,
      '',
      'null',
    ]
    for (const guess of wrong) expect((await session.answer(guess, forged)).status).toBe(202)
    expect((await other.answer(tag, forged)).status).toBe(202)
    expect((await other.answer(tag, { error: { code: 1, message: 'forged' } })).status).toBe(202)
    await other.notify('notifications/cancelled', { requestId: id })
    await other.notify('notifications/cancelled', { requestId: tag })
    expect((await session.answer(tag, { result: { roots: [{ uri: 'file:///real' }] } })).status).toBe(202)
    expect((await session.answer(tag, forged)).status).toBe(202)
    const answer = JSON.stringify(await stream.response(id))
    expect([answer.includes('real'), answer.includes('forged')]).toEqual([true, false])
    // What landed on another replica is dropped by the one that asked, a little later.
    // Replicas that have just begun can't tell yet that the one in capital letters is none: its answer waits for nobody.
    const dropped = wrong.length + 3 - (REPLICAS === 1 ? 0 : 1)
    await expect
      .poll(() => running.counters().answersUnknown - before, { timeout: 5_000 })
      .toBeGreaterThanOrEqual(dropped)
  })

  test('what is said about a page that was opened reaches the session that was asked', async () => {
    const listening = await other.listen()
    const mine = await session.listen()
    const { stream, id } = await session.startCall('link')
    const question = await stream.method('elicitation/create')
    await session.answer(question.id, { result: { action: 'accept' } })
    await stream.response(id)
    server.elicitationComplete('link')
    await mine.method('notifications/elicitation/complete')
    await sleep(50)
    expect(listening.messages).toEqual([])
    for (const open of [listening, mine]) open.cut()
  })
})

/** The messages that carry a secret, but not this one. */
function foreign(messages: readonly Message[], secret: string): Message[] {
  return messages.filter((message) => {
    const found = JSON.stringify(message).match(/secret-\d+/g) ?? []
    return found.some((one) => one !== secret)
  })
}
