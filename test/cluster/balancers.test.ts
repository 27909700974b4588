/** Three replicas behind real load balancers that know nothing of sessions: the official clients can't tell. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Connection } from '../clients/releases.ts'
import { eventually, received, willing } from '../clients/support.ts'
import { accept, call as callModern, REVISION, retry, roundOf, send, textOf } from '../modern/wire.ts'
import type { Fleet } from '../replicas/fleet.ts'
import { RoamingSession } from '../replicas/roaming.ts'
import { BALANCERS, type Balancer, startBalancer } from './balancer.ts'
import { processFleets } from './process-fleet.ts'

const { RELEASES } = await import('../clients/releases.ts')
const startFleet = processFleets()

let fleet: Fleet
const balancers = new Map<string, Balancer>()
beforeAll(async () => {
  fleet = await startFleet(3, { lease: 5_000 })
  for (const kind of BALANCERS) balancers.set(kind, await startBalancer(kind, fleet.urls))
})
afterAll(async () => {
  for (const balancer of balancers.values()) await balancer.close()
  await fleet?.close()
})

const user = { action: 'accept', content: { text: 'fine' } }

describe.each(BALANCERS)('behind %s', (kind) => {
  const url = () => balancers.get(kind)!.url

  describe.each(RELEASES)('client $name ($revision, $transport)', (release) => {
    const open: Connection[] = []
    const connect = async () => {
      const { 'elicitation/create': elicit, ...others } = willing(user)
      const answers = release.revision >= '2025-06-18' ? { 'elicitation/create': elicit, ...others } : others
      const connection = await release.connect(url(), answers)
      open.push(connection)
      return connection
    }
    afterAll(async () => {
      for (const { client } of open) await client.close()
    })

    test('its requests are spread over all replicas', async () => {
      const { text } = await connect()
      const names = new Set<string>()
      for (let call = 0; call < 12; call++) names.add(await text('who'))
      // HTTP+SSE has its home where its stream is.
      expect(names.size).toBe(release.transport === 'sse' ? 1 : 3)
    })

    test('questions reach it, and its answers the handler that asked', async () => {
      const { text } = await connect()
      for (let round = 0; round < 4; round++) {
        expect(await text('sample')).toContain('echo of hello')
        expect(await text('roots')).toContain('file:///home/ada')
        if (release.revision >= '2025-06-18') expect(await text('ask', { question: 'well?' })).toMatch(/heard fine$/)
      }
    })

    test('progress and log messages come as they are sent, and in order', async () => {
      const connection = await connect()
      await connection.client.setLoggingLevel('debug')
      const seen: { progress: number; at: number }[] = []
      const onprogress = ({ progress }: { progress: number }) => seen.push({ progress, at: Date.now() })
      await connection.text('count', { to: 5, every: 200 }, { onprogress })
      expect(seen.map(({ progress }) => progress)).toEqual([1, 2, 3, 4, 5])
      // Nothing is held back until the end.
      expect(seen[4]!.at - seen[0]!.at).toBeGreaterThan(600)
      await connection.text('log', { text: 'through the balancer' })
      await eventually('the message', () =>
        received(connection, 'notifications/message').some(({ data }) => data === 'through the balancer'),
      )
    })

    test('what it subscribed to and what changed reaches it from every replica', async () => {
      const connection = await connect()
      await connection.client.subscribeResource({ uri: 'test://one' })
      const count = () => received(connection, 'notifications/resources/updated').length
      // The stream of the session is open a moment after the client says that it is connected.
      await sleep(300)
      for (let update = 1; update <= 3; update++) {
        const before = count()
        await connection.text('update', { uri: 'test://one' })
        await eventually('the update', () => count() > before)
      }
    })

    test('ends its session for all of them', async () => {
      const connection = await connect()
      if (release.transport === 'sse') return
      const id = connection.sessionId()!
      await connection.terminate()
      for (const replica of fleet.urls) {
        const headers = {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-session-id': id,
        }
        const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
        const limit = Date.now() + 1_000
        for (;;) {
          const { status } = await fetch(replica, { method: 'POST', headers, body })
          if (status === 404) break
          expect([status, Date.now() < limit]).toEqual([200, true])
        }
      }
    })
  })

  test(`${REVISION}: rounds, progress and subscriptions`, async () => {
    const first = roundOf(await callModern(url(), 'interview', { key: kind }))
    const answers = (text: string) => ({ 'elicitation-1': accept({ text }) })
    const second = roundOf(await retry(url(), 'interview', first, answers('yes'), { key: kind }))
    const responses = Object.fromEntries(Object.keys(second.inputRequests).map((key) => [key, accept({ text: 'no' })]))
    const done = await retry(url(), 'interview', second, responses, { key: kind })
    expect(textOf(done)).toMatch(/^r\d heard yes and no$/)
    const reply = await send(url(), 'subscriptions/listen', {
      notifications: { resourceSubscriptions: ['test://one'] },
    })
    const stream = reply.stream()
    await stream.method('notifications/subscriptions/acknowledged')
    await callModern(url(), 'update', { uri: 'test://one' })
    await stream.method('notifications/resources/updated')
    stream.cut()
  })
})

// Beside each other: they wait.
describe.concurrent.each(BALANCERS)('behind %s', (kind) => {
  const url = () => balancers.get(kind)!.url

  test('case 33: a stream that is idle for 75 s goes on, and brings what happens then', async ({ expect }) => {
    const through = { urls: [url()] }
    const session = await RoamingSession.open(through, 0)
    await session.request(0, 'resources/subscribe', { uri: 'test://two' })
    const stream = await session.listen(0)
    const params = { notifications: { resourceSubscriptions: ['test://two'] } }
    const listening = (await send(url(), 'subscriptions/listen', params)).stream()
    const { id, stream: waiting } = await session.call(0, 'hold', { key: `idle ${kind}` })
    await sleep(75_000)
    expect([stream.ended, listening.ended, waiting.ended]).toEqual([false, false, false])
    await session.text(0, 'update', { uri: 'test://two' })
    for (const one of [stream, listening]) await one.method('notifications/resources/updated')
    // Every replica has its own keys.
    for (let replica = 0; replica < 3; replica++)
      await callModern(fleet.urls[replica]!, 'release', { key: `idle ${kind}` })
    expect(textOf(await waiting.response(id))).toBe(`held idle ${kind}`)
    for (const one of [stream, listening]) one.cut()
  }, 100_000)
})
