/** Step two: the session stream on any replica, with what concerns its session from every other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Fleet, StartReplicas } from './fleet.ts'
import { eventually, RoamingSession, sleep, textOf } from './roaming.ts'

export function sessionStreamsSuite(engine: string, startReplicas: StartReplicas): void {
  describe(`the session stream on any replica, on ${engine}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      fleet = await startReplicas(3)
    })
    afterAll(() => fleet.close())

    const updates = (stream: { messages: { method?: string; params?: { [name: string]: unknown } }[] }): unknown[] =>
      stream.messages
        .filter(({ method }) => method === 'notifications/resources/updated')
        .map(({ params }) => params?.['uri'])

    test('case 28: the newest GET wins across replicas, and the older one is told to stay away', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const first = await session.listen(1)
      await first.until('its beginning', () => first.events[0])
      const second = await session.listen(2)
      await first.end()
      expect(first.complete).toBe(true)
      expect(first.items.at(-1)).toEqual({ kind: 'retry', ms: 60_000 })
      await session.request(0, 'resources/subscribe', { uri: 'test://one' })
      await session.text(1, 'update', { uri: 'test://one' })
      await second.until('the update', () => updates(second)[0])
      const third = await session.listen(2)
      await second.end()
      expect(second.items.at(-1)).toEqual({ kind: 'retry', ms: 60_000 })
      third.cut()
    })

    test('case 22: an update after an acknowledged subscription is delivered, whichever replicas they reach', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const stream = await session.listen(0)
      await stream.until('its beginning', () => stream.events[0])
      for (const [subscribeAt, updateAt] of [
        [1, 2],
        [2, 1],
        [0, 1],
      ] as const) {
        const uri = ['test://one', 'test://two', 'test://three'][subscribeAt]!
        await session.request(subscribeAt, 'resources/subscribe', { uri })
        await session.text(updateAt, 'update', { uri })
        await stream.until(
          `an update of ${uri}`,
          () => updates(stream).find((seen) => seen === uri) as string | undefined,
        )
      }
      await session.request(1, 'resources/unsubscribe', { uri: 'test://one' })
      const before = updates(stream).length
      await sleep(150)
      await session.text(2, 'update', { uri: 'test://one' })
      await session.text(2, 'update', { uri: 'test://two' })
      await stream.until('the other update', () => (updates(stream).length > before ? true : undefined))
      expect(updates(stream).slice(before)).toEqual(['test://two'])
      stream.cut()
    })

    test('a list that changes on one replica is announced on streams of the others', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const stream = await session.listen(1)
      await stream.until('its beginning', () => stream.events[0])
      await session.text(2, 'add-tool')
      await stream.message(({ method }) => method === 'notifications/tools/list_changed')
      stream.cut()
    })

    test('a stream resumed on another replica goes on where it was', async () => {
      const session = await RoamingSession.open(fleet, 0)
      for (const uri of ['test://one', 'test://two']) await session.request(0, 'resources/subscribe', { uri })
      const first = await session.listen(1)
      await first.until('its beginning', () => first.events[0])
      await session.text(2, 'update', { uri: 'test://one' })
      await first.until('the update', () => updates(first)[0])
      const last = first.ids.at(-1)!
      first.cut()
      await session.text(0, 'update', { uri: 'test://two' })
      await sleep(150)
      await session.text(0, 'update', { uri: 'test://one' })
      const second = await session.listen(2, last)
      await second.until('both', () => (updates(second).length >= 2 ? true : undefined))
      expect(updates(second)).toEqual(['test://two', 'test://one'])
      second.cut()
    })

    test('case 23: an event id of another session opens nothing', async () => {
      const one = await RoamingSession.open(fleet, 0)
      const other = await RoamingSession.open(fleet, 0)
      const stream = await one.listen(1)
      await stream.until('its beginning', () => stream.ids[0])
      expect((await other.get(2, stream.ids[0])).status).toBe(400)
      stream.cut()
    })

    test('what a page reports as done is told by the replica that hears it to the session that was asked', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const stream = await session.listen(1)
      const { id, stream: call } = await session.call(0, 'browse', { id: 'page-1' })
      const ask = await call.message(({ method }) => method === 'elicitation/create')
      await session.answer(2, ask.id, { result: { action: 'accept' } })
      expect(textOf(await call.response(id))).toBe('accept')
      await session.text(2, 'browsed', { id: 'page-1' })
      await stream.message(({ method }) => method === 'notifications/elicitation/complete')
      stream.cut()
    })

    test('one update reaches fifty streams on three replicas, each once', async () => {
      const sessions = await Promise.all(Array.from({ length: 50 }, (_, n) => RoamingSession.open(fleet, n % 3)))
      await Promise.all(sessions.map((s, n) => s.request((n + 1) % 3, 'resources/subscribe', { uri: 'test://three' })))
      const streams = await Promise.all(sessions.map((session, n) => session.listen((n + 2) % 3)))
      await Promise.all(streams.map((stream) => stream.until('its beginning', () => stream.events[0])))
      await sessions[0]!.text(0, 'update', { uri: 'test://three' })
      await Promise.all(streams.map((stream) => stream.until('the update', () => updates(stream)[0])))
      await sleep(100)
      expect(streams.map((stream) => updates(stream).length)).toEqual(streams.map(() => 1))
      for (const stream of streams) stream.cut()
    })
  })

  describe(`questions of calls with a JSON answer, on ${engine}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      fleet = await startReplicas(3, { jsonResponse: true })
    })
    afterAll(() => fleet.close())

    test('a question goes out on the session stream that another replica holds', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const stream = await session.listen(1)
      await stream.until('its beginning', () => stream.events[0])
      const answer = session.callJson(0, 'ask', { question: 'well?' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      await session.accept(2, ask.id, 'json')
      expect(textOf(await answer)).toBe('r0 heard json')
      stream.cut()
    })

    test('a question waits for a stream that is opened elsewhere meanwhile', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const answer = session.callJson(0, 'ask', { question: 'well?' })
      await sleep(600)
      const stream = await session.listen(2)
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      await session.accept(1, ask.id, 'late')
      expect(textOf(await answer)).toBe('r0 heard late')
      stream.cut()
    })

    test('a question is asked once, however often the stream moves', async () => {
      const session = await RoamingSession.open(fleet, 0)
      let stream = await session.listen(1)
      await stream.until('its beginning', () => stream.events[0])
      const answer = session.callJson(0, 'ask', { question: 'once' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      for (const at of [2, 0, 1]) {
        stream.cut()
        stream = await session.listen(at)
        await stream.until('its beginning', () => stream.events[0])
        await sleep(100)
        expect(stream.messages.filter(({ method }) => method === 'elicitation/create')).toEqual([])
      }
      await session.accept(2, ask.id, 'once')
      expect(textOf(await answer)).toBe('r0 heard once')
      stream.cut()
    })

    test('without any stream the question ends with the error that says so', async () => {
      const session = await RoamingSession.open(fleet, 0)
      const gone = await session.listen(1)
      await gone.until('its beginning', () => gone.events[0])
      gone.cut()
      await eventually('the stream is let go', async () => (await fleet.counters(1))['openSessionStreams'] === 0)
      await sleep(100)
      const begin = Date.now()
      const { error } = await session.callJson(0, 'ask', { question: 'anybody?' })
      expect(error?.message).toContain('No stream leads to the client')
      expect(Date.now() - begin).toBeLessThan(7_000)
    }, 15_000)
  })
}
