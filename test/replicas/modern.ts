/** Revision 2026-07-28: a call waits on the replica where it began, and its retry lands on any other. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { accept, call, REVISION, type Round, retry, roundOf, send, textOf } from '../modern/wire.ts'
import type { EventStream } from '../requirements/http.ts'
import type { Fleet, StartReplicas } from './fleet.ts'
import { eventually, sleep } from './roaming.ts'

const LEASE = 2_000

let keys = 0
const newKey = (): string => `modern-${++keys}`

/** The answers to all questions of a round. */
function answers(round: Round, text: string): { [key: string]: unknown } {
  return Object.fromEntries(Object.keys(round.inputRequests).map((key) => [key, accept({ text })]))
}

/** Retries with a progress token, and reads the stream as it comes. */
async function streaming(url: string, name: string, key: string, round: Round): Promise<EventStream> {
  const { requestState } = round
  const params = { name, arguments: { key }, inputResponses: answers(round, 'yes'), requestState }
  const reply = await send(url, 'tools/call', params, { meta: { progressToken: 'p' } })
  return reply.stream()
}

const list = async (url: string, name: string): Promise<string[]> => JSON.parse(textOf(await call(url, name)))

export function modernSuite(engine: string, startReplicas: StartReplicas): void {
  describe(`calls of ${REVISION} that wait, on ${engine}`, () => {
    let fleet: Fleet
    beforeAll(async () => {
      fleet = await startReplicas(3, { lease: LEASE })
    })
    afterAll(() => fleet.close())

    test('case 41: a retry goes on where the call waits, wherever it lands, and nothing runs twice', async () => {
      const [one, two, three] = fleet.urls as [string, string, string]
      const key = newKey()
      const first = roundOf(await call(one, 'interview', { key }))
      const second = roundOf(await retry(two, 'interview', first, answers(first, 'yes'), { key }))
      const done = await retry(three, 'interview', second, answers(second, 'no'), { key })
      expect([done.status, textOf(done)]).toEqual([200, 'r0 heard yes and no'])
      for (const url of fleet.urls) {
        const runs = (await list(url, 'effects')).filter((effect) => effect === key)
        expect(runs.length).toBe(url === one ? 1 : 0)
      }
    })

    test('what the handler sends meanwhile comes back, under the token and the level of the retry', async () => {
      const [one, two] = fleet.urls as [string, string]
      const key = newKey()
      const first = roundOf(await call(one, 'interview', { key }))
      const params = {
        name: 'interview',
        arguments: { key },
        inputResponses: answers(first, 'yes'),
        requestState: first.requestState,
      }
      const reply = await send(two, 'tools/call', params, {
        id: 'here',
        meta: { progressToken: 'mine', 'io.modelcontextprotocol/logLevel': 'info' },
        headers: { 'x-request-id': 'of the retry', authorization: 'Bearer secret' },
      })
      const stream = reply.stream()
      await stream.end()
      const progress = stream.messages.filter(({ method }) => method === 'notifications/progress')
      expect(progress.map(({ params }) => [params?.['progressToken'], params?.['progress']])).toEqual([
        ['mine', 1],
        ['mine', 2],
      ])
      const log = stream.messages.find(({ method }) => method === 'notifications/message')
      expect(log?.params?.['data']).toBe('of the retry')
      expect(stream.messages.at(-1)).toMatchObject({ id: 'here', result: { resultType: 'input_required' } })
    })

    test('a retry that lacks an answer is asked for it again, and the call goes on waiting', async () => {
      const [one, two, three] = fleet.urls as [string, string, string]
      const key = newKey()
      const first = roundOf(await call(one, 'interview', { key }))
      const again = roundOf(await retry(two, 'interview', first, {}, { key }))
      expect(Object.keys(again.inputRequests)).toEqual(Object.keys(first.inputRequests))
      roundOf(await retry(three, 'interview', again, answers(again, 'yes'), { key }))
    })

    test('cases 19 and 41: of two retries at two replicas one goes on, and the other is told', async () => {
      const [one, two, three] = fleet.urls as [string, string, string]
      const key = newKey()
      const first = roundOf(await call(one, 'interview', { key }))
      const both = await Promise.all(
        [two, three].map((url) => retry(url, 'interview', first, answers(first, 'yes'), { key })),
      )
      const codes = both.map(({ error }) => error?.code)
      expect(codes.filter((code) => code === undefined).length).toBe(1)
      expect(codes.filter((code) => code === -32602).length).toBe(1)
      // Later ones as well, on the replica of the call and elsewhere.
      for (const url of fleet.urls) {
        const late = await retry(url, 'interview', first, answers(first, 'yes'), { key })
        expect(late.error).toMatchObject({ code: -32602, message: expect.stringContaining('used already') })
      }
    })

    test('case 41: a state on another request is refused everywhere', async () => {
      const key = newKey()
      const first = roundOf(await call(fleet.urls[0]!, 'interview', { key }))
      for (const url of fleet.urls) {
        const other = await retry(url, 'interview', first, answers(first, 'yes'), { key: 'another' })
        expect(other.error).toMatchObject({ code: -32602, message: expect.stringContaining('for this request') })
      }
      roundOf(await retry(fleet.urls[1]!, 'interview', first, answers(first, 'yes'), { key }))
    })

    test('case 46: a client that leaves the replica it retried on cancels the call where it runs', async () => {
      const [one, two] = fleet.urls as [string, string]
      const key = newKey()
      const first = roundOf(await call(one, 'ask-hold', { key }))
      const stream = await streaming(two, 'ask-hold', key, first)
      await stream.method('notifications/progress')
      stream.cut()
      await eventually('the handler hears of it', async () => (await list(one, 'aborted')).includes(key), 1_000)
    })

    test('subscriptions hear of what happens on every replica', async () => {
      const params = { notifications: { resourceSubscriptions: ['test://one'], toolsListChanged: true } }
      const streams = await Promise.all(
        fleet.urls.map(async (url) => (await send(url, 'subscriptions/listen', params)).stream()),
      )
      await Promise.all(streams.map((stream) => stream.method('notifications/subscriptions/acknowledged')))
      await call(fleet.urls[1]!, 'update', { uri: 'test://one' })
      await call(fleet.urls[2]!, 'add-tool')
      for (const stream of streams) {
        const updated = await stream.method('notifications/resources/updated')
        expect(updated.params?.['uri']).toBe('test://one')
        await stream.method('notifications/tools/list_changed')
        stream.cut()
      }
    })
  })

  describe(`calls of ${REVISION} on bad days, on ${engine}`, () => {
    const fleetTest = (name: string, run: (fleet: Fleet, urls: [string, string, string]) => Promise<void>): void => {
      test(name, async () => {
        const fleet = await startReplicas(3, { lease: LEASE })
        try {
          await run(fleet, fleet.urls as unknown as [string, string, string])
        } finally {
          await fleet.close()
        }
      }, 40_000)
    }

    fleetTest('the replica on which a call waits dies: its retry is told so', async (fleet, [one, two]) => {
      const key = newKey()
      const first = roundOf(await call(one, 'interview', { key }))
      await fleet.kill(0)
      const killed = Date.now()
      const { error } = await retry(two, 'interview', first, answers(first, 'yes'), { key })
      expect(error?.data).toEqual({ reason: 'replica_lost' })
      expect(Date.now() - killed).toBeLessThan(LEASE + 1_500)
    })

    fleetTest('it dies while the call goes on for a client elsewhere', async (fleet, [one, two]) => {
      const key = newKey()
      const first = roundOf(await call(one, 'ask-hold', { key }))
      const stream = await streaming(two, 'ask-hold', key, first)
      await stream.method('notifications/progress')
      await fleet.kill(0)
      const killed = Date.now()
      await stream.end()
      expect(stream.messages.at(-1)?.error?.data).toEqual({ reason: 'replica_lost' })
      expect(Date.now() - killed).toBeLessThan(LEASE + 1_500)
    })

    fleetTest(
      'case 46: the replica of the client dies: the call is cancelled within a lease',
      async (fleet, [one, two]) => {
        const key = newKey()
        const first = roundOf(await call(one, 'ask-hold', { key }))
        const stream = await streaming(two, 'ask-hold', key, first)
        await stream.method('notifications/progress')
        await fleet.kill(1)
        await eventually('the handler hears', async () => (await list(one, 'aborted')).includes(key), LEASE + 1_500)
      },
    )

    fleetTest('the replica of the client is shut down: it waits for the answer', async (fleet, [one, two]) => {
      const key = newKey()
      const first = roundOf(await call(one, 'ask-hold', { key }))
      const stream = await streaming(two, 'ask-hold', key, first)
      await stream.method('notifications/progress')
      const drained = fleet.drain(1, 5_000)
      await new Promise((resolve) => setTimeout(resolve, 1_500))
      await call(one, 'release', { key })
      await stream.end()
      expect(textOf(stream.messages.at(-1)!)).toBe(`held ${key}`)
      await drained
    })

    fleetTest('the engine loses its data in between: the answer comes all the same', async (fleet, [one, two]) => {
      const key = newKey()
      const first = roundOf(await call(one, 'ask-hold', { key }))
      const stream = await streaming(two, 'ask-hold', key, first)
      await stream.method('notifications/progress')
      await fleet.emptyEngine()
      await call(one, 'release', { key })
      await stream.end()
      expect(textOf(stream.messages.at(-1)!)).toBe(`held ${key}`)
    })

    fleetTest('the engine loses the answer before it was read: it is written again', async (fleet, [one, two]) => {
      const key = newKey()
      const first = roundOf(await call(one, 'ask-hold', { key }))
      const stream = await streaming(two, 'ask-hold', key, first)
      await stream.method('notifications/progress')
      fleet.cutEngine(1)
      await call(one, 'release', { key })
      await sleep(300)
      await fleet.emptyEngine()
      fleet.healEngine(1)
      await stream.end()
      expect(textOf(stream.messages.at(-1)!)).toBe(`held ${key}`)
    })

    fleetTest('the engine is away: 503, and the call waits for a better day', async (fleet, [one, two]) => {
      const key = newKey()
      const first = roundOf(await call(one, 'interview', { key }))
      fleet.cutEngine()
      const refused = await retry(two, 'interview', first, answers(first, 'yes'), { key })
      expect([refused.status, refused.error?.message]).toEqual([503, expect.stringContaining('try again')])
      fleet.healEngine()
      await eventually('the engine is back', async () => {
        const again = await retry(two, 'interview', first, answers(first, 'yes'), { key })
        return again.status === 200 && roundOf(again) !== undefined
      })
    })
  })
}
