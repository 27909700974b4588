/** Step three: request streams whose connection breaks on one replica and whose client comes back to another. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EventStream } from '../requirements/http.ts'
import type { Fleet, StartReplicas } from './fleet.ts'
import { eventually, RoamingSession, sleep, textOf } from './roaming.ts'

const progressOf = (...streams: EventStream[]): unknown[] =>
  streams
    .flatMap(({ messages }) => messages)
    .filter(({ method }) => method === 'notifications/progress')
    .map(({ params }) => params?.['progress'])

const upTo = (n: number): number[] => Array.from({ length: n }, (_, at) => at + 1)

const progress = (n: number) => (stream: EventStream) => () => (progressOf(stream).length >= n ? true : undefined)

export function requestStreamsSuite(engine: string, startReplicas: StartReplicas): void {
  describe(`request streams on any replica, on ${engine}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      fleet = await startReplicas(3)
    })
    afterAll(() => fleet.close())

    const token = { progressToken: 'p' }

    test('case 25: a stream that breaks is taken up elsewhere, without a hole and without a repetition', async () => {
      for (const revision of ['2025-11-25', '2025-06-18', '2025-03-26'] as const) {
        const session = await RoamingSession.open(fleet, 2, revision)
        const { id, stream } = await session.call(0, 'count', { to: 30, every: 20 }, token)
        await stream.until('some progress', progress(5)(stream))
        stream.cut()
        const rest = await session.listen(1, stream.ids.at(-1))
        expect(textOf(await rest.response(id))).toBe('counted to 30')
        await rest.end()
        expect(progressOf(stream, rest)).toEqual(upTo(30))
      }
    })

    test('a client that has not noticed the break leads the stream away from its connection', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 20, every: 30 }, token)
      await stream.until('some progress', progress(3)(stream))
      const last = stream.ids.at(-1)
      const seen = progressOf(stream)
      const rest = await session.listen(1, last)
      expect(textOf(await rest.response(id))).toBe('counted to 20')
      await stream.end()
      expect(stream.messages.some((message) => message.id === id)).toBe(false)
      expect([...seen, ...progressOf(rest)]).toEqual(upTo(20))
    })

    test('case 25: a stream that moves from replica to replica stays whole', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 40, every: 15 }, token)
      const streams = [stream]
      for (const at of [1, 2, 0, 2, 1]) {
        const current = streams.at(-1)!
        await current.until('some progress', progress(3)(current))
        current.cut()
        streams.push(await session.listen(at, current.ids.at(-1)))
      }
      expect(textOf(await streams.at(-1)!.response(id))).toBe('counted to 40')
      expect(progressOf(...streams)).toEqual(upTo(40))
    })

    test('of two replicas that a client comes back to, the later one goes on', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 40, every: 20 }, token)
      await stream.until('some progress', progress(3)(stream))
      stream.cut()
      const one = await session.listen(1, stream.ids.at(-1))
      await one.until('some progress', progress(3)(one))
      const two = await session.listen(2, stream.ids.at(-1))
      await one.end()
      expect(textOf(await two.response(id))).toBe('counted to 40')
      expect(progressOf(stream, two)).toEqual(upTo(40))
    })

    test('the answer of a call that ended meanwhile is found from every replica', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 3, every: 20 }, token)
      await stream.until('the beginning', progress(1)(stream))
      const last = stream.ids.at(-1)
      const before = progressOf(stream)
      stream.cut()
      await sleep(300)
      for (const at of [1, 2, 0, 1]) {
        const rest = await session.listen(at, last)
        expect(textOf(await rest.response(id))).toBe('counted to 3')
        await rest.end()
        expect([...before, ...progressOf(rest)]).toEqual(upTo(3))
      }
    })

    test('an answer that was whole at once is found too, and after it there is nothing', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'who')
      await stream.end()
      const [priming, final] = stream.ids
      const again = await session.listen(1, priming)
      expect(textOf(await again.response(id))).toBe('r0')
      await again.end()
      expect((await session.get(2, final)).status).toBe(405)
    })

    test('a call that ends its connection is polled on other replicas', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'poll', { ms: 300 }, token)
      await stream.end()
      expect(stream.complete).toBe(true)
      const rest = await session.listen(1, stream.ids.at(-1))
      expect(textOf(await rest.response(id))).toBe('polled')
    })

    test('a call ends its connection on whichever replica it is', async () => {
      const session = await RoamingSession.open(fleet, 2)
      let { id, stream } = await session.call(0, 'polls', { key: 'polls' }, token)
      for (const [time, at] of [1, 2, 1].entries()) {
        await stream.message(({ params }) => params?.['progress'] === time)
        await session.text(0, 'release', { key: `polls ${time}` })
        await stream.end()
        expect([stream.complete, stream.messages.some((message) => message.id === id)]).toEqual([true, false])
        stream = await session.listen(at, stream.ids.at(-1))
      }
      await session.text(0, 'release', { key: 'polls 3' })
      expect(textOf(await stream.response(id))).toBe('polled')
    })

    test('a question that was on its way when the stream broke is asked on the replica where it is resumed', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'ask', { question: 'still there?' }, token)
      await stream.until('the beginning', () => stream.ids[0])
      const first = stream.ids[0]
      stream.cut()
      const rest = await session.listen(1, first)
      const ask = await rest.message(({ method }) => method === 'elicitation/create')
      await session.accept(2, ask.id, 'yes')
      expect(textOf(await rest.response(id))).toBe('r0 heard yes')
    })

    test('a call that is cancelled while its stream is read elsewhere ends that stream', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'hold', { key: 'relayed' }, token)
      await stream.until('the beginning', progress(1)(stream))
      stream.cut()
      const rest = await session.listen(1, stream.ids.at(-1))
      await sleep(100)
      await session.notify(2, 'notifications/cancelled', { requestId: id })
      await rest.end()
      expect(rest.messages.filter((message) => message.id === id)).toEqual([])
      // With a success some clients would come back for ever.
      for (const at of [1, 2, 0]) expect((await session.get(at, stream.ids.at(-1))).status).toBe(405)
    })

    test('a session that is deleted takes the streams read elsewhere with it', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'hold', { key: 'gone' }, token)
      await stream.until('the beginning', progress(1)(stream))
      stream.cut()
      const rest = await session.listen(1, stream.ids.at(-1))
      await session.delete(2)
      expect((await rest.response(id)).error?.message).toBe('The session has ended.')
      await rest.end()
    })

    test('nothing stays behind', async () => {
      for (const at of [0, 1, 2]) {
        await eventually('no stream is open', async () => (await fleet.counters(at))['openStreams'] === 0)
        await eventually('no call runs', async () => (await fleet.counters(at))['openCalls'] === 0)
      }
    })
  })

  describe(`a replica that leaves, on ${engine}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      fleet = await startReplicas(3)
    })
    afterAll(() => fleet.close())
    const token = { progressToken: 'p' }

    test('it says so first, then hands over what it has', async () => {
      const session = await RoamingSession.open(fleet, 2)
      const finished = await session.call(0, 'who')
      await finished.stream.end()
      const running = await session.call(0, 'count', { to: 60, every: 50 }, token)
      await running.stream.until('some progress', progress(3)(running.stream))
      running.stream.cut()
      const held = await session.call(0, 'hold', { key: 'over' }, token)
      await held.stream.until('the beginning', progress(1)(held.stream))
      held.stream.cut()
      const listening = await session.listen(0)
      await listening.until('its beginning', () => listening.events[0])
      const leaving = fleet.drain(0, 4_000)
      await eventually('it is not ready', async () => !(await fleet.ready(0)))
      expect(listening.ended).toBe(false)
      const rest = await session.listen(1, running.stream.ids.at(-1))
      expect(textOf(await rest.response(running.id))).toBe('counted to 60')
      expect(progressOf(running.stream, rest)).toEqual(upTo(60))
      await leaving
      expect(listening.complete).toBe(true)

      const again = await session.listen(2, finished.stream.ids[0])
      expect(textOf(await again.response(finished.id))).toBe('r0')
      const cut = await session.listen(1, held.stream.ids.at(-1))
      const { error } = await cut.response(held.id)
      expect(error?.message).toBe('The server shut down before the request was done.')
      const back = await session.listen(1, listening.ids.at(-1))
      await back.until('its beginning', () => back.events[0])
      back.cut()
    }, 20_000)
  })
}
