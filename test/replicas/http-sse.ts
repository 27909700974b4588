/** HTTP+SSE: the stream is on one replica, and messages for it land on any. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Exchange, exchange } from '../requirements/http.ts'
import { SseSession, sseUrl } from '../requirements/sse-session.ts'
import type { Fleet, StartReplicas } from './fleet.ts'
import { eventually, textOf } from './roaming.ts'

/** The URI of a session's messages, at another replica. */
function endpointAt(fleet: Fleet, at: number, session: SseSession): string {
  const { pathname, search } = new URL(session.endpoint)
  return new URL(pathname + search, fleet.urls[at]).href
}

function post(fleet: Fleet, at: number, session: SseSession, body: object): Promise<Exchange> {
  const headers = { 'content-type': 'application/json' }
  return exchange(endpointAt(fleet, at, session), { headers, body: JSON.stringify(body) })
}

const toolCall = (id: number, name: string, args: object = {}) => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args },
})

export function httpSseSuite(engine: string, startReplicas: StartReplicas): void {
  describe(`messages of HTTP+SSE to any replica, on ${engine}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      fleet = await startReplicas(3)
    })
    afterAll(() => fleet.close())

    const open = () =>
      SseSession.open(sseUrl(fleet.urls[0]!), { revision: '2025-06-18', capabilities: { elicitation: {} } })

    test('a call and its answer to a question, each by way of another replica', async () => {
      const session = await open()
      expect((await post(fleet, 1, session, toolCall(50, 'ask', { question: 'well?' }))).status).toBe(202)
      const { id } = await session.stream.method('elicitation/create')
      const result = { action: 'accept', content: { text: 'from afar' } }
      expect((await post(fleet, 2, session, { jsonrpc: '2.0', id, result })).status).toBe(202)
      expect(textOf(await session.stream.response(50))).toBe('r0 heard from afar')
      session.stream.cut()
    })

    test('initialize may land elsewhere, too, and the order of what one replica gets is kept', async () => {
      const session = await SseSession.connect(sseUrl(fleet.urls[0]!))
      const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'afar', version: '1' } }
      await post(fleet, 2, session, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
      expect((await session.stream.response(0)).result).toMatchObject({ protocolVersion: '2024-11-05' })
      await post(fleet, 2, session, { jsonrpc: '2.0', method: 'notifications/initialized' })
      for (let id = 1; id <= 20; id++) await post(fleet, 2, session, toolCall(id, 'who'))
      await session.stream.response(20)
      const ids = session.stream.messages.map(({ id }) => id)
      expect(ids).toEqual(Array.from({ length: 21 }, (_, at) => at))
      session.stream.cut()
    })

    test('a cancellation by way of another replica stops the work', async () => {
      const session = await open()
      await post(fleet, 1, session, toolCall(51, 'hold', { key: 'sse' }))
      await eventually('the call runs', async () => {
        const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 51 } }
        await post(fleet, 2, session, cancel)
        return (await session.text('aborted')).includes('sse')
      })
      session.stream.cut()
    })

    test('what is no message is refused where it arrives, and what is refused later is said on the stream', async () => {
      const session = await SseSession.connect(sseUrl(fleet.urls[0]!))
      const broken = await exchange(endpointAt(fleet, 1, session), {
        headers: { 'content-type': 'application/json' },
        body: '{"jsonrpc":',
      })
      expect([broken.status, (await broken.json()).error?.code]).toEqual([400, -32700])
      expect((await post(fleet, 1, session, { id: 4 })).status).toBe(400)
      // Before initialize: the replica of the connection knows that, this one can't.
      expect((await post(fleet, 1, session, toolCall(9, 'who'))).status).toBe(202)
      expect((await session.stream.response(9)).error).toMatchObject({ code: -32600 })
      session.stream.cut()
    })

    test('a connection that is gone is gone everywhere', async () => {
      const session = await open()
      const seen = session.stream.messages.length
      session.stream.cut()
      await eventually('its own replica knows', async () => {
        return (await post(fleet, 0, session, toolCall(60, 'who'))).status === 404
      })
      // Elsewhere nobody can know; nothing is done, and nothing is sent to anybody.
      expect([202, 404]).toContain((await post(fleet, 1, session, toolCall(61, 'who'))).status)
      expect(session.stream.messages.length).toBe(seen)
    })
  })

  test(`the replica of an HTTP+SSE connection is gone, on ${engine}: 404`, async () => {
    const fleet = await startReplicas(2, { lease: 2_000 })
    try {
      const session = await SseSession.open(sseUrl(fleet.urls[0]!))
      await fleet.kill(0)
      await eventually('the other knows', async () => {
        return (await post(fleet, 1, session, toolCall(1, 'who'))).status === 404
      })
    } finally {
      await fleet.close()
    }
  }, 20_000)
}
