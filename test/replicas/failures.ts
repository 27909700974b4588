/** Steps four and five: replicas that die, and an engine that is away, or comes back without its data. */
import { describe, expect, test } from 'vitest'
import type { EventStream } from '../requirements/http.ts'
import type { Fleet, FleetOptions, StartReplicas } from './fleet.ts'
import { eventually, RoamingSession, sleep, textOf } from './roaming.ts'

const LEASE = 2_000
const token = { progressToken: 'p' }

const progressOf = (...streams: EventStream[]): unknown[] =>
  streams
    .flatMap(({ messages }) => messages)
    .filter(({ method }) => method === 'notifications/progress')
    .map(({ params }) => params?.['progress'])

const begun = (stream: EventStream) =>
  stream.until('the beginning', () => (progressOf(stream).length > 0 ? true : undefined))

export function failuresSuite(engine: string, startReplicas: StartReplicas): void {
  const fleetTest = (name: string, run: (fleet: Fleet) => Promise<void>, options: FleetOptions = {}): void => {
    test(name, async () => {
      const fleet = await startReplicas(3, { lease: LEASE, ...options })
      try {
        await run(fleet)
      } finally {
        await fleet.close()
      }
    }, 40_000)
  }

  describe(`a replica that dies, on ${engine}`, () => {
    fleetTest(
      'cases 24 and 45: its calls end with an error that every resume gets, within a lease and a second',
      async (fleet) => {
        const session = await RoamingSession.open(fleet, 2)
        const { id, stream } = await session.call(0, 'hold', { key: 'lost' }, token)
        await begun(stream)
        const last = stream.ids.at(-1)
        const killed = Date.now()
        await fleet.kill(0)
        await stream.end()
        const one = await session.listen(1, last)
        const two = await session.listen(2, last)
        await one
          .until('the decision', () => one.messages.find((message) => message.id === id) ?? undefined)
          .catch(() => {})
        const rest = one.ended && one.messages.length === 0 ? await session.listen(1, last) : one
        const { error } = await rest.response(id)
        expect(error?.data).toEqual({ reason: 'replica_lost' })
        expect(Date.now() - killed).toBeLessThan(LEASE + 1_500)
        // The later of the two readers is not told to give way: there is nobody left who could.
        expect((await two.response(id)).error).toEqual(error)
        const again = await session.listen(2, last)
        expect((await again.response(id)).error).toEqual(error)
        await again.end()
        expect((await session.get(1, again.ids.at(-1))).status).toBe(405)
      },
    )

    fleetTest('case 24: what it had written before it died is delivered first', async (fleet) => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 1_000, every: 20 }, token)
      await begun(stream)
      const last = stream.ids.at(-1)
      const seen = progressOf(stream).length
      stream.cut()
      await sleep(500)
      await fleet.kill(0)
      const rest = await session.listen(1, last)
      const { error } = await rest.response(id)
      expect(error?.data).toEqual({ reason: 'replica_lost' })
      const after = progressOf(rest)
      expect(after.length).toBeGreaterThan(5)
      expect(after).toEqual(Array.from({ length: after.length }, (_, at) => seen + 1 + at))
    })

    fleetTest('case 24: a call whose answer was written before it died has its answer', async (fleet) => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 3, every: 50 }, token)
      await begun(stream)
      const last = stream.ids.at(-1)
      stream.cut()
      await sleep(500)
      await fleet.kill(0)
      const rest = await session.listen(1, last)
      expect(textOf(await rest.response(id))).toBe('counted to 3')
    })

    fleetTest('its session streams go on elsewhere, and other calls notice nothing', async (fleet) => {
      const session = await RoamingSession.open(fleet, 0)
      await session.request(0, 'resources/subscribe', { uri: 'test://one' })
      const stream = await session.listen(0)
      await stream.until('its beginning', () => stream.events[0])
      await fleet.kill(0)
      await stream.end()
      await session.text(2, 'update', { uri: 'test://one' })
      const back = await session.listen(1, stream.ids.at(-1))
      await back.message(({ method }) => method === 'notifications/resources/updated')
      expect(await session.text(2, 'who')).toBe('r2')
      back.cut()
    })

    fleetTest(
      'cases 27 and 36: one that was cut off longer than a lease goes on under another name, and nothing runs twice',
      async (fleet) => {
        const session = await RoamingSession.open(fleet, 2)
        const open = await session.call(0, 'hold', { key: 'open' }, token)
        const broken = await session.call(0, 'hold', { key: 'broken' }, token)
        await begun(open.stream)
        await begun(broken.stream)
        broken.stream.cut()
        fleet.cutEngine(0)
        const rest = await session.listen(1, broken.stream.ids.at(-1))
        const { error } = await rest.response(broken.id)
        expect(error?.data).toEqual({ reason: 'replica_lost' })
        fleet.healEngine(0)
        await eventually('the call that others answered is aborted', async () =>
          (await session.text(0, 'aborted')).includes('broken'),
        )
        // Its own open connection is nobody else's.
        expect(await session.text(0, 'release', { key: 'open' })).toBe('released')
        expect(textOf(await open.stream.response(open.id))).toBe('held open')
        expect(JSON.parse(await session.text(0, 'effects'))).toEqual(['open'])
        // Under its new name it is an owner like any other.
        const later = await session.call(0, 'count', { to: 20, every: 20 }, token)
        await begun(later.stream)
        later.stream.cut()
        const elsewhere = await session.listen(2, later.stream.ids.at(-1))
        expect(textOf(await elsewhere.response(later.id))).toBe('counted to 20')
        const asking = await session.call(0, 'ask', { question: 'who are you?' })
        const ask = await asking.stream.message(({ method }) => method === 'elicitation/create')
        await session.accept(1, ask.id, 'you')
        expect(textOf(await asking.stream.response(asking.id))).toBe('r0 heard you')
      },
    )
  })

  describe(`an engine that is away, on ${engine}`, () => {
    fleetTest('case 54: plain calls go on, what must cross waits and is refused with 503', async (fleet) => {
      const session = await RoamingSession.open(fleet, 0)
      await session.text(1, 'who')
      const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      fleet.cutEngine()
      await sleep(300)
      expect(await session.text(0, 'who')).toBe('r0')
      expect(await session.text(1, 'who')).toBe('r1')
      await sleep(1_500)
      // A replica that no longer hears the others serves on, too.
      expect(await session.text(1, 'who')).toBe('r1')
      const begin = Date.now()
      const reply = await fetch(fleet.urls[1]!, {
        method: 'POST',
        headers: session.headers,
        body: JSON.stringify({ jsonrpc: '2.0', id: ask.id, result: { action: 'decline' } }),
      })
      expect(reply.status).toBe(503)
      expect(reply.headers.get('retry-after')).toBe('5')
      expect(Date.now() - begin).toBeGreaterThan(4_000)
      expect(Date.now() - begin).toBeLessThan(6_500)
      // The replica that asked needs nobody else.
      expect((await session.accept(0, ask.id, 'here')).status).toBe(202)
      expect(textOf(await stream.response(id))).toBe('r0 heard here')
    })

    fleetTest('what waits while it is away gets through when it is back', async (fleet) => {
      const session = await RoamingSession.open(fleet, 0)
      const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      fleet.cutEngine()
      const accepted = session.accept(1, ask.id, 'later')
      await sleep(1_500)
      fleet.healEngine()
      expect((await accepted).status).toBe(202)
      expect(textOf(await stream.response(id))).toBe('r0 heard later')
    })

    fleetTest('case 37: an outage longer than the lease kills nobody', async (fleet) => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 200, every: 40 }, token)
      await begun(stream)
      const last = stream.ids.at(-1)
      const seen = progressOf(stream)
      stream.cut()
      fleet.cutEngine()
      const rest = await session.listen(1, last)
      await sleep(LEASE + 1_500)
      fleet.healEngine()
      await rest.until('the answer', () => rest.messages.find((message) => message.id === id)).catch(() => {})
      const on = rest.ended ? await session.listen(1, last) : rest
      expect(textOf(await on.response(id))).toBe('counted to 200')
      expect([...seen, ...progressOf(on)]).toEqual(Array.from({ length: 200 }, (_, at) => at + 1))
      for (const at of [0, 1, 2]) expect((await fleet.counters(at))['replicasLost']).toBe(0)
    })

    fleetTest(
      'a server that would rather refuse refuses, and only sessions that it is not sure of',
      async (fleet) => {
        const session = await RoamingSession.open(fleet, 0)
        await session.text(1, 'who')
        fleet.cutEngine()
        await sleep(1_800)
        const reply = await session.post(1, { jsonrpc: '2.0', id: 99, method: 'ping' })
        expect(reply.status).toBe(503)
        fleet.healEngine()
        await eventually('it serves again', async () => {
          return (await session.post(1, { jsonrpc: '2.0', id: 100, method: 'ping' })).status === 200
        })
      },
      { onEngineOutage: 'refuse' },
    )
  })

  describe(`an engine that comes back empty, on ${engine}`, () => {
    fleetTest('case 2: what was deleted stays deleted, what was set stays set', async (fleet) => {
      const deleted = await RoamingSession.open(fleet, 0)
      const kept = await RoamingSession.open(fleet, 0)
      await deleted.text(1, 'who')
      expect((await deleted.delete(2)).status).toBe(204)
      await kept.request(1, 'resources/subscribe', { uri: 'test://one' })
      await kept.request(0, 'logging/setLevel', { level: 'debug' })
      const stream = await kept.listen(2)
      await stream.until('its beginning', () => stream.events[0])
      await fleet.emptyEngine()
      await sleep(1_000)
      for (const at of [0, 1, 2]) {
        expect((await deleted.post(at, { jsonrpc: '2.0', id: 99, method: 'ping' })).status).toBe(404)
        const logged = await kept.call(at, 'log', { text: 'a detail' })
        await logged.stream.response(logged.id)
        expect(logged.stream.messages.map(({ method }) => method)).toContain('notifications/message')
      }
      const before = stream.messages.length
      await kept.text(1, 'update', { uri: 'test://one' })
      await stream.until('the update', () =>
        stream.messages.slice(before).find(({ method }) => method === 'notifications/resources/updated'),
      )
      // The newest GET still wins.
      const newer = await kept.listen(0)
      await stream.end()
      expect(stream.items.at(-1)).toEqual({ kind: 'retry', ms: 60_000 })
      newer.cut()
    })

    fleetTest('calls and streams go on from what their replicas hold', async (fleet) => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'count', { to: 150, every: 20 }, token)
      await begun(stream)
      const seen = progressOf(stream)
      const last = stream.ids.at(-1)
      stream.cut()
      const rest = await session.listen(1, last)
      await rest.until('some progress', () => (progressOf(rest).length > 3 ? true : undefined))
      await fleet.emptyEngine()
      expect(textOf(await rest.response(id))).toBe('counted to 150')
      expect([...seen, ...progressOf(rest)]).toEqual(Array.from({ length: 150 }, (_, at) => at + 1))
      for (const at of [0, 1, 2]) expect((await fleet.counters(at))['replicasLost']).toBe(0)
      await sleep(LEASE + 1_000)
      for (const at of [0, 1, 2]) expect((await fleet.counters(at))['replicasLost']).toBe(0)
    })

    fleetTest('questions of a request stream are answered all the same', async (fleet) => {
      const session = await RoamingSession.open(fleet, 2)
      const { id, stream } = await session.call(0, 'ask', { question: 'well?' })
      const ask = await stream.message(({ method }) => method === 'elicitation/create')
      await fleet.emptyEngine()
      await sleep(500)
      expect((await session.accept(1, ask.id, 'still')).status).toBe(202)
      expect(textOf(await stream.response(id))).toBe('r0 heard still')
    })

    fleetTest(
      'a question that was in the mailbox ends with a clear error',
      async (fleet) => {
        const session = await RoamingSession.open(fleet, 2)
        const stream = await session.listen(1)
        await stream.until('its beginning', () => stream.events[0])
        const answer = session.callJson(0, 'ask', { question: 'well?' })
        await stream.message(({ method }) => method === 'elicitation/create')
        const begin = Date.now()
        await fleet.emptyEngine()
        const { error } = await answer
        expect(error?.message).toContain('lost with the data of the engine')
        expect(Date.now() - begin).toBeLessThan(5_000)
        stream.cut()
      },
      { jsonResponse: true },
    )
  })
}
