/** What one identity may hold over all its sessions, in both eras; others and strangers are not held up by it. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Limits } from '../../src/index.ts'
import { call as callModern, roundOf, send } from '../modern/wire.ts'
import type { EventStream, Exchange } from '../requirements/http.ts'
import { open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from '../security/support/serving.ts'

let release: () => void
let held: Promise<void>
beforeEach(() => {
  held = new Promise((resolve) => {
    release = resolve
  })
})

const server = createServer({ name: 'principals', version: '1.0.0' })
server.tool('hold', {}, async (_, ctx) => {
  ctx.progress(1)
  await held
  return 'held'
})
server.tool('keep', { inputSchema: { type: 'object' } }, async (args, ctx) => {
  const { bytes } = args as { bytes: number }
  return ctx.session.set('key', 'x'.repeat(bytes)).then(
    () => 'kept',
    ({ code }) => code,
  )
})
server.resourceTemplate('any', 'any://{id}', {}, () => 'text')
server.tool('ask', {}, async (_, ctx) => {
  const form = { type: 'object', properties: {} } as const
  return ctx.elicit({ message: 'well?', requestedSchema: form }).then(
    ({ action }) => action,
    ({ code }) => code,
  )
})

const auth = (request: { header(name: string): string | undefined }) => {
  const subject = request.header('x-user')
  return subject === undefined ? ('anonymous' as const) : { issuer: 'https://issuer.example', subject }
}

const as = (user: string) => ({ headers: { 'x-user': user }, capabilities: { elicitation: {} } })

function serving(limits: Partial<Limits>): Promise<Served> {
  return served(server, { limits, auth })
}

async function hold(session: RawSession): Promise<EventStream> {
  const { stream } = await session.startCall('hold', {}, { progressToken: 1 })
  await stream.method('notifications/progress')
  return stream
}

async function refused(reply: Exchange, limit: string): Promise<void> {
  const { error } = await reply.json()
  expect([reply.status, Number(reply.headers['retry-after']) >= 1, error?.message]).toEqual([
    429,
    true,
    expect.stringContaining(limit),
  ])
}

const ping = { jsonrpc: '2.0', id: 'x', method: 'ping' }

describe('case 64: of one identity', () => {
  test('calls in flight, over all its sessions and in both eras', async () => {
    const running = await serving({ callsPerPrincipal: 3 })
    const ada = [await open(running.url, as('ada')), await open(running.url, as('ada'))]
    const streams = [await hold(ada[0]!), await hold(ada[1]!)]
    const modern = await send(
      running.url,
      'tools/call',
      { name: 'hold' },
      { headers: { 'x-user': 'ada' }, meta: { progressToken: 1 } },
    )
    await modern.stream().method('notifications/progress')
    for (const session of ada) await refused(await session.post(ping), 'callsPerPrincipal')
    await refused(await send(running.url, 'tools/list', {}, { headers: { 'x-user': 'ada' } }), 'callsPerPrincipal')
    const bob = await open(running.url, as('bob'))
    const nobody = await Promise.all(Array.from({ length: 5 }, () => open(running.url)))
    for (const session of [bob, ...nobody]) expect((await session.request('ping')).result).toEqual({})
    // Strangers share nothing but the bounds of the process.
    streams.push(...(await Promise.all(nobody.map(hold))))
    release()
    await Promise.all(streams.map((stream) => stream.end()))
    expect((await ada[0]!.post(ping)).status).toBe(200)
    await expect.poll(() => running.counters()).toMatchObject({ openCalls: 0, busyPrincipals: 0, limitsHit: 3 })
  })

  test('open streams, of sessions and of calls', async () => {
    const running = await serving({ streamsPerPrincipal: 3 })
    const ada = [await open(running.url, as('ada')), await open(running.url, as('ada'))]
    const streams = [await ada[0]!.listen(), await ada[1]!.listen(), await hold(ada[0]!)]
    const third = await open(running.url, as('ada'))
    await refused(await third.get(), 'streamsPerPrincipal')
    const listen = { notifications: { toolsListChanged: true } }
    const refusedListen = await send(running.url, 'subscriptions/listen', listen, { headers: { 'x-user': 'ada' } })
    await refused(refusedListen, 'streamsPerPrincipal')
    const bob = await open(running.url, as('bob'))
    streams.push(await bob.listen())
    streams[0]!.cut()
    await expect.poll(() => running.counters().openStreams).toBe(3)
    streams.push(await third.listen())
    release()
    for (const stream of streams) stream.cut()
    await expect.poll(() => running.counters()).toMatchObject({ openStreams: 0, busyPrincipals: 0 })
  })

  test('questions that wait', async () => {
    const running = await serving({ asksPerPrincipal: 2 })
    const sessions = await Promise.all(Array.from({ length: 3 }, () => open(running.url, as('ada'))))
    const streams = []
    for (const session of sessions.slice(0, 2)) {
      const { stream } = await session.startCall('ask')
      await stream.method('elicitation/create')
      streams.push(stream)
    }
    expect(await sessions[2]!.text('ask')).toBe('too_many_requests')
    const bob = await open(running.url, as('bob'))
    const asked = await bob.startCall('ask')
    await asked.stream.method('elicitation/create')
    for (const stream of [...streams, asked.stream]) stream.cut()
  })

  test('what its sessions have set', async () => {
    const running = await serving({ storedBytesPerPrincipal: 3_000 })
    const sessions = [await open(running.url, as('ada')), await open(running.url, as('ada'))]
    const keep = (session: RawSession, bytes: number) => session.text('keep', { bytes })
    expect([await keep(sessions[0]!, 1_500), await keep(sessions[1]!, 1_000)]).toEqual(['kept', 'kept'])
    expect(await keep(sessions[1]!, 2_000)).toBe('too_many_requests')
    const subscribed = await sessions[1]!.request('resources/subscribe', { uri: `any://${'x'.repeat(1_000)}` })
    expect(subscribed.error?.message).toContain('limits.storedBytesPerPrincipal')
    expect(await keep(await open(running.url, as('bob')), 2_500)).toBe('kept')
    expect(running.counters().limitsHit).toBe(2)
    await sessions[0]!.delete()
    expect(await keep(sessions[1]!, 2_000)).toBe('kept')
  })

  test('calls that wait for a retry', async () => {
    const running = await serving({ parkedPerPrincipal: 2 })
    const headers = { 'x-user': 'ada' }
    for (let call = 0; call < 2; call++) roundOf(await callModern(running.url, 'ask', {}, { headers }))
    const { result } = await callModern(running.url, 'ask', {}, { headers })
    expect(result?.['content']).toEqual([{ type: 'text', text: 'too_many_requests' }])
    roundOf(await callModern(running.url, 'ask', {}, { headers: { 'x-user': 'bob' } }))
    for (let call = 0; call < 5; call++) roundOf(await callModern(running.url, 'ask'))
  })
})
