import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { LEGACY, verifies } from './requirements.ts'
import { open } from './session.ts'
import { ADAPTERS, start } from './start.ts'

const server = createServer({ name: 'streams', version: '1.0.0' })
server.tool('now', {}, async () => 'done')
const steps = z.object({ steps: z.number(), ms: z.number(), word: z.string().default('step') })
server.tool('steps', { inputSchema: steps }, async ({ steps, ms, word }, ctx) => {
  for (let step = 1; step <= steps; step++) {
    ctx.log.info(`${word} ${step}`)
    await sleep(ms)
  }
  return word
})
server.tool('roots', {}, async (_args, ctx) => JSON.stringify(await ctx.listRoots()))
server.tool('close', { inputSchema: z.object({ ms: z.number() }) }, async ({ ms }, ctx) => {
  ctx.log.info('before')
  ctx.closeStream()
  ctx.log.info('meanwhile')
  await sleep(ms)
  return 'closed'
})
for (const name of ['a', 'b', 'c', 'd']) server.resource(name, `test://${name}`, {}, async () => name)

const words = (messages: { params?: { [name: string]: unknown } }[]) =>
  messages.flatMap(({ params }) => params?.['data'] ?? [])
const token = { progressToken: 'p' }

describe.each(ADAPTERS)('the %s adapter', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(server, {}, adapter)
  })

  describe.each(LEGACY)('%s', (revision) => {
    test('a stream begins as the revision says', async () => {
      verifies('HTTP-20')
      const session = await open(url, { revision })
      const { stream } = await session.startCall('now')
      await stream.end()
      const listening = await session.listen()
      const { items } = listening
      await listening.until('its beginning', () =>
        items.find(({ kind }) => revision !== '2025-11-25' || kind === 'event'),
      )
      for (const { events, items } of [stream, listening]) {
        if (revision === '2025-11-25') {
          expect(events[0]).toMatchObject({ id: expect.stringMatching(/^[\x21-\x7e]{1,512}$/), data: '' })
          expect(items.find(({ kind }) => kind === 'retry')!.ms).toBeGreaterThan(0)
        } else {
          // Older clients take empty data for a broken message.
          expect(events.every(({ data }) => data !== '')).toBe(true)
        }
      }
      listening.cut()
    })

    test('every event has an id, and no id is used twice in a session', async () => {
      verifies('HTTP-22')
      const session = await open(url, { revision })
      for (const name of ['a', 'b']) await session.request('resources/subscribe', { uri: `test://${name}` })
      const listening = await session.listen()
      const calls = await Promise.all(
        Array.from({ length: 6 }, () => session.startCall('steps', { steps: 4, ms: 2 }, token)),
      )
      for (const name of ['a', 'b']) server.resourceUpdated(`test://${name}`)
      await Promise.all(calls.map(({ stream }) => stream.end()))
      await listening.message(({ params }) => params?.['uri'] === 'test://b')
      const streams = [listening, ...calls.map(({ stream }) => stream)]
      for (const { events, ids } of streams) expect(ids).toHaveLength(events.length)
      const ids = streams.flatMap((stream) => stream.ids)
      expect(ids.length).toBeGreaterThanOrEqual(6 * 5 + 2)
      expect(new Set(ids).size).toBe(ids.length)
      listening.cut()
    })

    test('a request stream is resumed by GET after any of its events: no loss, nothing twice', async () => {
      verifies('HTTP-24', 'HTTP-25', 'HTTP-17')
      const session = await open(url, { revision })
      const { id, stream } = await session.startCall('steps', { steps: 6, ms: 25 }, token)
      await stream.until('three steps', () => (words(stream.messages).length >= 3 ? true : undefined))
      stream.cut()
      const seen = stream.messages.length
      const resumed = await session.listen(stream.ids.at(-1))
      await resumed.end()
      const all = [...stream.messages, ...resumed.messages]
      expect(words(all)).toEqual(['step 1', 'step 2', 'step 3', 'step 4', 'step 5', 'step 6'])
      expect(all.at(-1)).toMatchObject({ id, result: { content: [{ text: 'step' }] } })
      // Once more from the middle, after it is all over: the same events with the same ids.
      const middle = stream.events.find(({ message }) => message?.params?.['data'] === 'step 2')!.id!
      const again = await session.listen(middle)
      await again.end()
      expect(words(again.messages)).toEqual(['step 3', 'step 4', 'step 5', 'step 6'])
      const rest = again.events.filter(({ data }) => data !== '').slice(seen - 2)
      expect(rest.map((event) => event.id)).toEqual(
        resumed.events.filter(({ data }) => data !== '').map((event) => event.id),
      )
    })

    test('case 31: of several broken streams each resumes what is its own', async () => {
      verifies('HTTP-23', 'HTTP-24')
      const session = await open(url, { revision })
      const listening = await session.listen()
      const names = ['red', 'green', 'blue', 'grey']
      const calls = await Promise.all(
        names.map((word) => session.startCall('steps', { steps: 4, ms: 30, word }, token)),
      )
      await Promise.all(calls.map(({ stream }) => stream.method('notifications/message')))
      for (const { stream } of calls) stream.cut()
      const resumed = await Promise.all(calls.map(({ stream }) => session.listen(stream.ids.at(-1))))
      await Promise.all(resumed.map((stream) => stream.end()))
      for (const [index, word] of names.entries()) {
        const all = [...calls[index]!.stream.messages, ...resumed[index]!.messages]
        expect(words(all)).toEqual([1, 2, 3, 4].map((step) => `${word} ${step}`))
        expect(all.filter(({ method }) => !method)).toMatchObject([{ result: { content: [{ text: word }] } }])
      }
      // Resuming a request's stream takes nothing from the session stream.
      expect(listening.ended).toBe(false)
      expect(listening.messages).toEqual([])
      listening.cut()
    })

    test('the session stream is resumed with what it missed, and only that', async () => {
      verifies('HTTP-24', 'RES-06')
      const session = await open(url, { revision })
      for (const name of ['a', 'b', 'c', 'd']) await session.request('resources/subscribe', { uri: `test://${name}` })
      const listening = await session.listen()
      server.resourceUpdated('test://a')
      await listening.message(({ params }) => params?.['uri'] === 'test://a')
      listening.cut()
      server.resourceUpdated('test://b')
      const { stream } = await session.startCall('steps', { steps: 1, ms: 1 }, token)
      await stream.end()
      server.resourceUpdated('test://c')
      const resumed = await session.listen(listening.ids.at(-1))
      await resumed.message(({ params }) => params?.['uri'] === 'test://c')
      server.resourceUpdated('test://d')
      await resumed.message(({ params }) => params?.['uri'] === 'test://d')
      expect(resumed.messages.map(({ params }) => params!['uri'])).toEqual(['test://b', 'test://c', 'test://d'])
      expect(new Set([...listening.ids, ...resumed.ids]).size).toBeGreaterThanOrEqual(4)
      resumed.cut()
    })

    test('a question that was sent before the cut can be answered after it', async () => {
      verifies('HTTP-13', 'HTTP-24')
      const session = await open(url, { revision })
      const { id, stream } = await session.startCall('roots')
      const question = await stream.method('roots/list')
      stream.cut()
      await session.answer(question.id, { result: { roots: [{ uri: 'file:///x' }] } })
      const resumed = await session.listen(stream.ids.at(-1))
      expect((await resumed.response(id)).result).toMatchObject({ content: [{ text: '[{"uri":"file:///x"}]' }] })
      // It was delivered before the cut, so it is not asked again.
      expect(resumed.messages.filter(({ method }) => method === 'roots/list')).toEqual([])
    })

    test('an event id of another session resumes nothing', async () => {
      verifies('HTTP-24', 'SBP-03')
      const [owner, other] = [await open(url, { revision }), await open(url, { revision })]
      const { stream } = await owner.startCall('steps', { steps: 3, ms: 5, word: 'secret' }, token)
      await stream.end()
      const listening = await owner.listen()
      await sleep(20)
      for (const id of [...stream.ids, ...listening.ids]) {
        const reply = await other.get(id)
        expect(reply.status).toBeGreaterThanOrEqual(400)
        expect(await reply.text()).not.toContain('secret')
      }
      listening.cut()
    })

    test('a made-up event id resumes nothing, and takes over nothing', async () => {
      verifies('HTTP-24')
      const session = await open(url, { revision })
      const listening = await session.listen()
      const { stream } = await session.startCall('steps', { steps: 2, ms: 1 }, token)
      await stream.end()
      const real = stream.ids[0]!
      const turned = real.slice(0, -1) + (real.endsWith('A') ? 'B' : 'A')
      for (const id of ['0', 'made-up', turned, `${real}x`, real.slice(1), 'x'.repeat(600)]) {
        const reply = await session.get(id)
        expect([id, reply.status >= 400 && reply.status < 500]).toEqual([id, true])
      }
      expect(listening.ended).toBe(false)
      listening.cut()
    })

    test('after its last event a stream can not be resumed: 405', async () => {
      verifies('HTTP-15')
      const session = await open(url, { revision })
      const { stream } = await session.startCall('now')
      await stream.end()
      expect((await session.get(stream.ids.at(-1))).status).toBe(405)
    })
  })

  test('2025-11-25: a server that ends a connection has sent an id and a retry, and the client comes back', async () => {
    verifies('HTTP-21', 'HTTP-25')
    const session = await open(url)
    const { id, stream } = await session.startCall('close', { ms: 50 }, token)
    await stream.end()
    expect(stream.complete).toBe(true)
    expect(stream.ids.length).toBeGreaterThan(0)
    expect(stream.items.some(({ kind, ms }) => kind === 'retry' && ms! > 0)).toBe(true)
    expect(stream.messages.every((message) => message.id !== id)).toBe(true)
    const resumed = await session.listen(stream.ids.at(-1))
    await resumed.end()
    expect(words([...stream.messages, ...resumed.messages])).toEqual(['before', 'meanwhile'])
    expect(resumed.messages.at(-1)).toMatchObject({ id, result: { content: [{ text: 'closed' }] } })
  })

  test.each(['2025-03-26', '2025-06-18'] as const)(
    '%s: the connection stays, because the client would not come back',
    async (revision) => {
      verifies('HTTP-09', 'LIFE-05')
      const session = await open(url, { revision })
      const { id, stream } = await session.startCall('close', { ms: 10 }, token)
      await stream.end()
      expect(stream.messages.at(-1)).toMatchObject({ id, result: { content: [{ text: 'closed' }] } })
    },
  )
})
