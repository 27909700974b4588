/**
 * What an operator does to replicas on one Redis, with real processes: starting them with the wrong secret, exchanging
 * the secret in three deploys, shutting one down under load.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { inRepository, type Running, startFairlead } from '../cli/support.ts'
import { eventually, RoamingSession, textOf } from '../replicas/roaming.ts'
import type { EventStream } from '../requirements/http.ts'
import { RedisServer } from './redis-server.ts'

let server: RedisServer
beforeAll(async () => {
  server = await RedisServer.start()
})
afterAll(() => server?.remove())

const OLD = 'the old secret of the replicas of this test'
const NEW = 'the new secret of the replicas of this test'

/** Calls of the harbour of the demo: a long one with progress, one that asks, one that announces. */
const HARBOUR = inRepository('examples/demo/harbour.mjs')

interface Replica extends Running {
  readonly url: string
}

const started: Replica[] = []
afterEach(async () => {
  for (const { child, finished } of started.splice(0)) {
    child.kill('SIGKILL')
    await finished
  }
  await server.cli('FLUSHALL')
})

function launch(secrets: readonly string[] | undefined, ...args: string[]): Running {
  const env = { PORT: '0', FAIRLEAD_ENGINE: server.url, ...(secrets && { FAIRLEAD_SECRET: secrets.join(',') }) }
  return startFairlead(['run', HARBOUR, ...args], { env })
}

async function replica(secrets: readonly string[], ...args: string[]): Promise<Replica> {
  const running = launch(secrets, ...args)
  const [, url] = await running.saw(/^Serving \S+ on (\S+)$/m)
  const serving = { ...running, url: url! }
  started.push(serving)
  return serving
}

describe('case 6: a replica refuses to start', () => {
  test('without a secret', async () => {
    const { code, err } = await launch(undefined).finished
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^fairlead: Replicas that share an engine need the same `secrets`/),
    ])
  })

  test('with another secret than those that run, which go on; with theirs it starts', async () => {
    const first = await replica([OLD])
    const session = await RoamingSession.open({ urls: [first.url] }, 0)
    const { code, err } = await launch([NEW]).finished
    expect([code, err]).toEqual([
      1,
      expect.stringMatching(/^fairlead: The secrets of this replica are not those of the other/),
    ])
    // What a secret is stands in no message.
    expect(err).not.toContain(NEW)
    expect((await session.request(0, 'ping')).result).toEqual({})
    const second = await replica([OLD])
    expect((await RoamingSession.open({ urls: [second.url] }, 0)).id).not.toBe(session.id)
  })

  test('of three that start at once with different ones, two', async () => {
    const all = [OLD, NEW, `${OLD}er`].map((secret) => launch([secret]))
    const outcomes = await Promise.all(
      all.map(({ finished, saw }) =>
        saw(/Serving/).then(
          () => 'serves',
          async () => (await finished).code,
        ),
      ),
    )
    for (const { child, finished } of all) {
      child.kill('SIGKILL')
      await finished
    }
    expect(outcomes.map(String).sort()).toEqual(['1', '1', 'serves'])
  })
})

/** Every session, asked of every replica, and how often it was refused. */
async function refusals(urls: readonly string[], sessions: readonly string[]): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const url of urls) {
    for (const session of sessions) {
      const { status } = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-session-id': session,
          'mcp-protocol-version': '2025-11-25',
        },
        body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      })
      counts[status] = (counts[status] ?? 0) + 1
    }
  }
  return counts
}

test('case 5: a secret is exchanged in three deploys, replica by replica, and no session is ever refused', async () => {
  const fleet = [await replica([OLD], '--deadline', '3000'), await replica([OLD], '--deadline', '3000')]
  const urls = (): string[] => fleet.map(({ url }) => url)
  const sessions: string[] = []
  let asked = 0
  /** New sessions on each replica, then all of them everywhere. */
  const check = async (): Promise<void> => {
    for (const at of fleet.keys()) sessions.push((await RoamingSession.open({ urls: urls() }, at)).id)
    expect(await refusals(urls(), sessions)).toEqual({ 200: urls().length * sessions.length })
    asked += urls().length * sessions.length
  }
  const deploy = async (...secrets: string[]): Promise<void> => {
    for (const at of fleet.keys()) {
      // As a rolling deploy does: first the new one, then the end of the old one.
      const fresh = await replica(secrets, '--deadline', '3000')
      const leaving = fleet[at]!
      fleet.push(fresh)
      await check()
      leaving.child.kill('SIGTERM')
      expect((await leaving.finished).code).toBe(0)
      fleet.pop()
      fleet[at] = fresh
      await check()
    }
  }
  await check()
  await deploy(OLD, NEW)
  await deploy(NEW, OLD)
  const keyOf = (id: string): string => id.split('.')[1]!
  const [oldKey, newKey] = [keyOf(sessions[0]!), keyOf(sessions.at(-1)!)]
  expect(newKey).not.toBe(oldKey)
  // By now nobody seals with the old one. When session.ttl has passed, nobody has an id of it any more.
  sessions.splice(0, sessions.length, ...sessions.filter((id) => keyOf(id) === newKey))
  expect(sessions.length).toBeGreaterThan(2)
  await deploy(NEW)
  expect(asked).toBeGreaterThan(200)
})

test('case 4: an id under a secret that was given up too early is held, and then refused with 503: never a 404', async () => {
  const before = await replica([OLD])
  const { id } = await RoamingSession.open({ urls: [before.url] }, 0)
  before.child.kill('SIGKILL')
  await before.finished
  await server.cli('FLUSHALL')
  const after = await replica([NEW])
  const at = Date.now()
  const session = await RoamingSession.open({ urls: [after.url] }, 0)
  expect(await refusals([after.url], [session.id])).toEqual({ 200: 1 })
  expect(await refusals([after.url], [id])).toEqual({ 503: 1 })
  expect(Date.now() - at).toBeGreaterThan(4_000)
})

describe('SIGTERM', () => {
  const ready = async ({ url }: Replica): Promise<number> => (await fetch(new URL('/readyz', url))).status

  test('readiness turns before anything is cut, and the replica serves until then', async () => {
    // The fifth part of it passes before anything is cut.
    const leaving = await replica([OLD], '--deadline', '15000')
    const staying = await replica([OLD])
    const session = await RoamingSession.open({ urls: [leaving.url, staying.url] }, 0)
    await session.request(1, 'resources/subscribe', { uri: 'harbour://tide' })
    const stream = await session.listen(0)
    await stream.until('the first event', () => stream.ids[0])
    const { id, stream: calling } = await session.call(0, 'unload', { crates: 40, ms: 150 }, { progressToken: 'p' })
    await calling.until('progress', () => calling.messages[0])

    const at = Date.now()
    leaving.child.kill('SIGTERM')
    await eventually('readiness turns', async () => (await ready(leaving)) === 503, 2_000)
    const turned = Date.now() - at
    expect([stream.ended, calling.ended]).toEqual([false, false])
    // Whoever has not noticed yet is served, an update made elsewhere included.
    expect((await session.request(0, 'ping')).result).toEqual({})
    expect(await session.text(1, 'turn_tide')).toBe('The tide has turned.')
    await stream.method('notifications/resources/updated')
    await stream.end()
    const cut = Date.now() - at
    expect(stream.complete).toBe(true)
    expect(cut - turned).toBeGreaterThan(2_500)

    // The stream goes on where it was, on the other replica.
    const next = await session.listen(1, stream.ids.at(-1))
    await session.text(1, 'turn_tide')
    await next.method('notifications/resources/updated')
    next.cut()
    // The call was not touched.
    expect(textOf(await calling.response(id))).toBe('40 crates are on the quay.')
    expect(progressOf(calling)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1))
    expect((await leaving.finished).code).toBe(0)
  })

  test('streams that broke are read on from other replicas, before and after the process has ended', async () => {
    const leaving = await replica([OLD], '--deadline', '10000')
    const staying = await replica([OLD])
    const session = await RoamingSession.open({ urls: [leaving.url, staying.url] }, 0)
    const begin = async (crates: number): Promise<{ id: number; stream: EventStream }> => {
      const begun = await session.call(0, 'unload', { crates, ms: 100 }, { progressToken: 'p' })
      await begun.stream.until('progress', () => begun.stream.messages[2])
      return begun
    }
    const during = await begin(50)
    const after = await begin(30)
    const asking = await session.call(0, 'book_berth')
    const question = await asking.stream.method('elicitation/create')
    for (const { stream } of [during, after, asking]) stream.cut()
    leaving.child.kill('SIGTERM')
    await eventually('readiness turns', async () => (await ready(leaving)) === 503, 2_000)

    // While it drains: one stream is resumed, and the question is answered, both on the other replica.
    const resumed = await session.listen(1, during.stream.ids.at(-1))
    const content = { boat: 'Dione' }
    const answered = await session.answer(1, question.id, { result: { action: 'accept', content } })
    expect(answered.status).toBe(202)
    const booked = await session.listen(1, asking.stream.ids.at(-1))
    expect(textOf(await booked.response(asking.id))).toBe('Berth A2 is booked for Dione.')
    expect(textOf(await resumed.response(during.id))).toBe('50 crates are on the quay.')
    expect([...progressOf(during.stream), ...progressOf(resumed)]).toEqual(upTo(50))

    // When it is gone: what it wrote down is read by whoever comes.
    expect((await leaving.finished).code).toBe(0)
    const late = await session.listen(1, after.stream.ids.at(-1))
    expect(textOf(await late.response(after.id))).toBe('30 crates are on the quay.')
    expect([...progressOf(after.stream), ...progressOf(late)]).toEqual(upTo(30))
    // And again from the beginning, as a client does that has lost what it had read.
    const again = await session.listen(1, after.stream.ids[0])
    await again.response(after.id)
    expect(progressOf(again)).toEqual(upTo(30))
  })

  test('case 69: three rolling deploys under load: every call is answered, none is refused', async () => {
    const fleet = [await replica([OLD]), await replica([OLD])]
    const urls = fleet.map(({ url }) => url)
    const session = await RoamingSession.open({ urls }, 0)
    let rolling = true
    let calls = 0
    // As a balancer does: in turn over those that say that they are ready.
    const load = async (): Promise<void> => {
      for (let turn = 0; rolling; turn++) {
        const at = turn % urls.length
        if ((await ready({ url: urls[at] } as Replica).catch(() => 0)) !== 200) continue
        expect(await session.text(at, 'unload', { crates: 3, ms: 20 })).toBe('3 crates are on the quay.')
        calls++
        await sleep(5)
      }
    }
    const loads = [load(), load(), load()]
    for (let round = 0; round < 3; round++) {
      for (const at of fleet.keys()) {
        const fresh = await replica([OLD])
        const leaving = fleet[at]!
        leaving.child.kill('SIGTERM')
        await eventually('readiness turns', async () => (await ready(leaving).catch(() => 503)) === 503, 5_000)
        fleet[at] = fresh
        urls[at] = fresh.url
        expect((await leaving.finished).code).toBe(0)
      }
    }
    rolling = false
    await Promise.all(loads)
    expect(calls).toBeGreaterThan(50)
  })
})

function progressOf(stream: EventStream): unknown[] {
  return stream.messages.flatMap(({ method, params }) =>
    method === 'notifications/progress' ? [params?.['progress']] : [],
  )
}

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1)
}
