/** Step one: answers, progress, cancellations, DELETE and what a session sets, each sent to a wrong replica. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fleet, StartReplicas } from './fleet.ts'
import { eventually, RoamingSession, sleep, textOf } from './roaming.ts'

export function messagesSuite(engine: string, startReplicas: StartReplicas): void {
  describe(`messages to any replica, on ${engine}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      fleet = await startReplicas(3)
    })
    afterAll(() => fleet.close())

    test('case 14: an answer reaches the handler that asked, wherever it lands', async () => {
      for (const wrong of [1, 2]) {
        const session = await RoamingSession.open(fleet, 2)
        const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
        const ask = await stream.message(({ method }) => method === 'elicitation/create')
        const reply = await session.accept(wrong, ask.id, `by way of ${wrong}`)
        expect(reply.status).toBe(202)
        expect(textOf(await stream.response(id))).toBe(`r0 heard by way of ${wrong}`)
      }
    })

    test('case 19: an answer that comes twice, at two replicas, counts once', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      const before = (await fleet.counters(0))['answersUnknown']!
      const replies = await Promise.all([1, 2].map((at) => session.accept(at, ask.id, `text ${at}`)))
      expect(replies.map(({ status }) => status)).toEqual([202, 202])
      expect(textOf(await stream.response(id))).toMatch(/^r0 heard text [12]$/)
      await eventually('the other is dropped', async () => (await fleet.counters(0))['answersUnknown']! > before)
    })

    test('case 17: an answer of megabytes crosses whole', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      const text = 'ä'.repeat(1_900_000)
      expect((await session.accept(1, ask.id, text)).status).toBe(202)
      expect(textOf(await stream.response(id))).toBe(`r0 heard ${text}`)
    })

    test('case 15: an answer of another session is accepted and dropped', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const foreign = await RoamingSession.open(fleet, 1)
      const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      expect((await foreign.accept(1, ask.id, 'foreign')).status).toBe(202)
      expect((await foreign.accept(0, ask.id, 'foreign')).status).toBe(202)
      await sleep(200)
      expect((await session.accept(2, ask.id, 'own')).status).toBe(202)
      expect(textOf(await stream.response(id))).toBe('r0 heard own')
    })

    test('case 16: an answer to a replica that never was, or to no question at all, is accepted and dropped', async () => {
      const session = await RoamingSession.open(fleet, 0)
      for (const id of [`${'A'.repeat(22)}.1.${'B'.repeat(22)}.0`, `${'*'.repeat(22)}.1.x.0`, 'unknown', 7]) {
        expect((await session.accept(1, id, 'nobody')).status).toBe(202)
      }
    })

    test('progress on an answer, sent elsewhere, keeps the question open', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const { id, stream } = await session.call(0, 'patient')
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      const { progressToken } = ask.params!['_meta'] as { progressToken: string }
      for (let progress = 1; progress <= 4; progress++) {
        await sleep(500)
        expect((await session.notify(1, 'notifications/progress', { progressToken, progress })).status).toBe(202)
      }
      await session.accept(2, ask.id, 'slowly')
      expect(textOf(await stream.response(id))).toBe('slowly')
    })

    test('a cancellation reaches the call where it runs', async () => {
      const session = await RoamingSession.open(fleet, 1)
      const { id, stream } = await session.call(0, 'hold', { key: 'cancelled' })
      await stream.until('the beginning', () => stream.events[0])
      expect((await session.notify(2, 'notifications/cancelled', { requestId: id, reason: 'enough' })).status).toBe(202)
      await stream.end()
      expect(stream.messages.filter((message) => message.id === id)).toEqual([])
      await eventually('the handler is aborted', async () => (await session.text(0, 'aborted')).includes('cancelled'))
    })

    test('case 21: a cancellation that overtakes its request on another replica ends it', async () => {
      const session = await RoamingSession.open(fleet, 1)
      const number = 1
      expect((await session.notify(2, 'notifications/cancelled', { requestId: number })).status).toBe(202)
      await sleep(100)
      const { id, stream } = await session.call(0, 'hold', { key: 'overtaken' })
      expect(id).toBe(number)
      await stream.end()
      expect(stream.messages.filter((message) => message.id === id)).toEqual([])
    })

    test('a flood of cancellations by one session is refused', async () => {
      const session = await RoamingSession.open(fleet, 1)
      const statuses: number[] = []
      for (let requestId = 1_000; requestId < 1_200; requestId++) {
        statuses.push((await session.notify(2, 'notifications/cancelled', { requestId })).status)
      }
      expect(statuses.slice(0, 30)).toEqual(statuses.slice(0, 30).map(() => 202))
      expect(statuses).toContain(429)
    })

    test('case 1: what was deleted on one replica is gone on all of them, calls and streams included', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const { id, stream } = await session.call(1, 'hold', { key: 'deleted' })
      const listening = await session.listen(2)
      await stream.until('the beginning', () => stream.events[0])
      expect((await session.delete(0)).status).toBe(204)
      const answer = await stream.response(id)
      expect(answer.error?.message).toBe('The session has ended.')
      await listening.end()
      for (const at of [0, 1, 2]) {
        expect((await session.post(at, { jsonrpc: '2.0', id: 99, method: 'ping' })).status).toBe(404)
      }
    })

    test('case 1: of many sessions deleted at random none is served within a second after', async () => {
      const sessions = await Promise.all(Array.from({ length: 30 }, (_, n) => RoamingSession.open(fleet, n % 3)))
      await Promise.all(
        sessions.map(async (session, n) => {
          await session.text((n + 1) % 3, 'who')
          expect((await session.delete((n + 2) % 3)).status).toBe(204)
        }),
      )
      await sleep(1_000)
      for (const session of sessions) {
        for (const at of [0, 1, 2]) {
          expect((await session.post(at, { jsonrpc: '2.0', id: 99, method: 'ping' })).status).toBe(404)
        }
      }
    })

    test('case 22: a log level set on one replica holds on another, in calls that run already too', async () => {
      const session = await RoamingSession.open(fleet, 0)
      await session.text(1, 'who')
      await session.request(0, 'logging/setLevel', { level: 'debug' })
      await eventually('the level is known', async () => {
        const { id, stream } = await session.call(1, 'log', { text: 'a detail' })
        await stream.response(id)
        return stream.messages.some(({ method }) => method === 'notifications/message')
      })
      await session.request(2, 'logging/setLevel', { level: 'error' })
      await eventually('the level is known', async () => {
        const { id, stream } = await session.call(1, 'log', { text: 'a detail' })
        await stream.response(id)
        return !stream.messages.some(({ method }) => method === 'notifications/message')
      })
    })

    test('case 22: values of a session are the same on every replica, at once', async () => {
      const session = await RoamingSession.open(fleet, 0)
      for (let n = 0; n < 10; n++) {
        await session.text(n % 3, 'set', { key: `key${n}`, value: `value${n}` })
        expect(await session.text((n + 1) % 3, 'get', { key: `key${n}` })).toBe(`value${n}`)
      }
      await Promise.all(
        Array.from({ length: 9 }, (_, n) => session.text(n % 3, 'set', { key: `k${n}`, value: `${n}` })),
      )
      for (let n = 0; n < 9; n++) expect(await session.text((n + 1) % 3, 'get', { key: `k${n}` })).toBe(`${n}`)
    })
  })
}
