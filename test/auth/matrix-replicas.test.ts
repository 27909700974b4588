/**
 * Who may do what in a session and to a call that waits, on three replicas: every person and every kind of token, times
 * everything that can be sent, times the replica where it lands. The session was opened on the first one, which holds its
 * call and its stream; to nobody but ada does any of it exist, on any of them.
 */
import type { OutgoingHttpHeaders } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import { nodePlatform } from '../../src/adapters/node-platform.ts'
import { jwt } from '../../src/auth/index.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import { createServer } from '../../src/index.ts'
import { accept, call as callModern, type Round, retry, roundOf, send, textOf } from '../modern/wire.ts'
import type { EventStream, Exchange } from '../requirements/http.ts'
import { open, RawSession } from '../requirements/session.ts'
import { Issuer } from './issuer.ts'
import { bearer, challengeIn, closing, type Served, serving } from './serving.ts'

const RESOURCE = 'https://mcp.example.com/mcp'
const SECRETS = ['one secret for all of the three replicas']
const REPLICAS = 3

let effects: string[] = []
const replicas: Served[] = []
const tokens: Record<string, OutgoingHttpHeaders> = {}
let session: RawSession
/** A call of ada's on the first replica that waits for her answer, on a stream that can be resumed. */
let asking: { id: number; stream: EventStream }
let askId: unknown
let listening: EventStream
/** A call of 2026-07-28 of ada's that waits on the first replica. */
let parked: Round

function define(at: number) {
  const server = createServer({ name: 'matrix', version: '1.0.0' })
  server.tool('effect', {}, (_, ctx) => {
    effects.push(`${ctx.auth?.subject} on ${at}`)
    return 'done'
  })
  server.tool('roots', {}, async (_, ctx) => JSON.stringify(await ctx.listRoots()))
  server.tool('ask', {}, async (_, ctx) => {
    const form = { type: 'object', properties: { ok: { type: 'boolean' } } } as const
    const { action } = await ctx.elicit({ message: 'well?', requestedSchema: form })
    effects.push(`${action} of ${ctx.auth?.subject} on ${at}`)
    return action
  })
  server.resource('one', 'test://one', {}, () => 'one')
  return server
}

beforeAll(async () => {
  const [issuer, other] = [closing(await Issuer.start()), closing(await Issuer.start())]
  const store = await memoryEngine(nodePlatform).open(() => {})
  for (let at = 0; at < REPLICAS; at++) {
    const engine = { open: async () => store, close: async () => {} }
    replicas.push(
      await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }), define(at), { engine, secrets: SECRETS }),
    )
  }
  const past = Math.floor(Date.now() / 1000) - 3600
  Object.assign(tokens, {
    ada: bearer(await issuer.token(RESOURCE, { jti: '1' })),
    'ada with a refreshed token': bearer(await issuer.token(RESOURCE, { jti: '2', scope: 'more' })),
    bob: bearer(await issuer.token(RESOURCE, { sub: 'bob' })),
    'ada, expired': bearer(await issuer.token(RESOURCE, { exp: past })),
    'ada, for another server': bearer(await issuer.token('https://other.example/mcp')),
    'ada, of another issuer': bearer(await other.token(RESOURCE)),
    'ada, forged': bearer(await issuer.token(RESOURCE, {}, { key: other.keys[0]! })),
    anonymous: { authorization: undefined },
  })
  const capabilities = { elicitation: { form: {} }, roots: {} }
  session = await open(replicas[0]!.url, { headers: tokens['ada']!, capabilities })
  listening = await session.listen()
  asking = await session.startCall('roots')
  askId = (await asking.stream.method('roots/list')).id
  parked = roundOf(await callModern(replicas[0]!.url, 'ask', {}, { headers: tokens['ada']! }))
})

let sent = 0
const request = (method: string, params?: object) => (as: RawSession) =>
  as.post({ jsonrpc: '2.0', id: `cell ${++sent}`, method, params })

const headersOf = (as: RawSession): OutgoingHttpHeaders => ({ authorization: as.headers['authorization'] })

const retryParked = (as: RawSession): Promise<Exchange> => {
  const inputResponses = { 'elicitation-1': accept({ ok: true }) }
  const params = { name: 'ask', arguments: {}, inputResponses, requestState: parked.requestState }
  return send(as.url, 'tools/call', params, { headers: headersOf(as) })
}

/** What can be sent, and the status that its owner gets, whichever replica it lands on. */
const CELLS: [string, number, (as: RawSession) => Promise<Exchange>][] = [
  ['ping', 200, request('ping')],
  ['logging/setLevel', 200, request('logging/setLevel', { level: 'info' })],
  ['tools/list', 200, request('tools/list')],
  ['tools/call', 200, request('tools/call', { name: 'effect' })],
  ['resources/read', 200, request('resources/read', { uri: 'test://one' })],
  ['resources/subscribe', 200, request('resources/subscribe', { uri: 'test://one' })],
  ['notification', 202, (as) => as.notify('notifications/roots/list_changed')],
  ['cancellation of a call that is none', 202, (as) => as.notify('notifications/cancelled', { requestId: 'none' })],
  ['GET', 200, (as) => as.get()],
  ['resume of the session stream', 200, (as) => as.get(listening.ids[0])],
  ['resume of a request', 200, (as) => as.get(asking.stream.ids[0])],
]

/** What would do harm if it worked for somebody else. */
const HARM: [string, (as: RawSession) => Promise<Exchange>][] = [
  ['answer', (as) => as.answer(askId, { result: { roots: [{ uri: 'file:///forged' }] } })],
  ['error as an answer', (as) => as.answer(askId, { error: { code: 1, message: 'forged' } })],
  ['cancellation', (as) => as.notify('notifications/cancelled', { requestId: asking.id })],
  ['DELETE', (as) => as.delete()],
]

const STRANGERS = {
  bob: 404,
  'ada, expired': 401,
  'ada, for another server': 401,
  'ada, of another issuer': 401,
  'ada, forged': 401,
  anonymous: 401,
}

const PLACES = Array.from({ length: REPLICAS }, (_, at) => at)

function sessionAt(at: number, who: string): RawSession {
  return new RawSession(replicas[at]!.url, session.id, {}, { headers: { ...session.headers, ...tokens[who] } })
}

describe.each(Object.entries(STRANGERS))('case 8: %s', (who, status) => {
  describe.each(PLACES)('on replica %i', (at) => {
    test.each([...CELLS.map(([what, , sending]) => [what, sending] as const), ...HARM])('%s', async (_, sending) => {
      effects = []
      const reply = await sending(sessionAt(at, who))
      expect(reply.status).toBe(status)
      if (status === 401) expect(challengeIn(reply)['error']).toBe(who === 'anonymous' ? undefined : 'invalid_token')
      expect(reply.headers['content-type']).toBe('application/json')
      expect(effects).toEqual([])
    })

    test('the retry of a call that waits', async () => {
      effects = []
      const reply = await retryParked(sessionAt(at, who))
      expect(reply.status).toBe(status === 404 ? 200 : 401)
      const { error } = await reply.json()
      // As for a state that nobody gave to anybody.
      if (status === 404)
        expect(error).toMatchObject({ code: -32602, message: expect.stringContaining('for this request') })
      expect(effects).toEqual([])
    })

    test('a subscription of 2026-07-28 is its own', async () => {
      const params = { notifications: { resourceSubscriptions: ['test://one'] } }
      const reply = await send(replicas[at]!.url, 'subscriptions/listen', params, { headers: tokens[who]! })
      expect(reply.status).toBe(status === 404 ? 200 : 401)
      reply.cut()
    })
  })
})

test.each(PLACES)('case 8: on replica %i another person’s session looks as if it had never been', async (at) => {
  const bob = sessionAt(at, 'bob')
  const real = await bob.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const headers = { 'mcp-session-id': `x${session.id.slice(1)}` }
  const made = await bob.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, headers)
  expect([real.status, await real.text()]).toEqual([made.status, await made.text()])
  const { date: _, ...realHeaders } = real.headers
  const { date: __, ...madeHeaders } = made.headers
  expect(realHeaders).toEqual(madeHeaders)
})

describe.each(['ada', 'ada with a refreshed token'])('case 8: %s', (who) => {
  describe.each(PLACES)('on replica %i', (at) => {
    test.each(CELLS)('%s: %i', async (_, status, sending) => {
      const reply = await sending(sessionAt(at, who))
      expect(reply.status).toBe(status)
      reply.cut()
    })
  })
})

test('after all that the call of ada still waits; she may answer it by way of any replica, with her other token', async () => {
  const resumed = await sessionAt(1, 'ada').get(asking.stream.ids[0])
  const answered = await sessionAt(2, 'ada with a refreshed token').answer(askId, {
    result: { roots: [{ uri: 'file:///real' }] },
  })
  expect(answered.status).toBe(202)
  const { result } = await resumed.stream().response(asking.id)
  expect(result).toMatchObject({ content: [{ text: '[{"uri":"file:///real"}]' }] })
})

test('and so does the parked one: her retry with another token, elsewhere, goes on', async () => {
  effects = []
  const responses = { 'elicitation-1': accept({ ok: true }) }
  const headers = tokens['ada with a refreshed token']!
  const done = await retry(replicas[2]!.url, 'ask', parked, responses, {}, { headers })
  expect([textOf(done), effects]).toEqual(['accept', ['accept of ada on 0']])
})

test('case 1: deleted by its owner on one replica, it is gone for everybody on all of them', async () => {
  expect((await sessionAt(2, 'ada with a refreshed token').delete()).status).toBe(204)
  for (const at of PLACES) {
    await expect.poll(async () => (await request('ping')(sessionAt(at, 'ada'))).status, { timeout: 1_000 }).toBe(404)
    expect((await request('ping')(sessionAt(at, 'bob'))).status).toBe(404)
  }
})
