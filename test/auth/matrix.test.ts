/**
 * Who may do what in a session: every person and every kind of token, times everything that can be sent. The session is
 * ada's; only her tokens work in it, to nobody else does it exist, and without a good token nobody learns even that.
 */
import type { OutgoingHttpHeaders } from 'node:http'
import { beforeAll, describe, expect, test } from 'vitest'
import { jwt } from '../../src/auth/index.ts'
import { createServer } from '../../src/index.ts'
import { type EventStream, type Exchange, exchange } from '../requirements/http.ts'
import { verifies } from '../requirements/requirements.ts'
import { answerOf, open, type RawSession } from '../requirements/session.ts'
import { SseSession, sseUrl } from '../requirements/sse-session.ts'
import { Issuer } from './issuer.ts'
import { bearer, challengeIn, closing, type Served, serving } from './serving.ts'

const RESOURCE = 'https://mcp.example.com/mcp'

let effects: string[] = []
const server = createServer({ name: 'matrix', version: '1.0.0' })
server.tool('effect', {}, (_, ctx) => {
  effects.push(String(ctx.auth?.subject))
  return 'done'
})
server.tool('ask', {}, async (_, ctx) => JSON.stringify(await ctx.listRoots()))
server.resource('one', 'test://one', {}, () => 'one')
server.prompt('prompt', { arguments: [{ name: 'x' }], complete: { x: () => ['1'] } }, () => 'prompt')

let issuer: Issuer
let other: Issuer
let served: Served
let session: RawSession
/** A call of ada's that waits for her answer, on a stream that can be resumed. */
let asking: { id: number; stream: EventStream }
let askId: unknown
let listening: EventStream
const tokens: Record<string, OutgoingHttpHeaders> = {}

beforeAll(async () => {
  issuer = closing(await Issuer.start())
  other = closing(await Issuer.start())
  served = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }), server)
  const past = Math.floor(Date.now() / 1000) - 3600
  Object.assign(tokens, {
    ada: bearer(await issuer.token(RESOURCE, { jti: '1' })),
    'ada with a refreshed token': bearer(
      await issuer.token(RESOURCE, { jti: '2', scope: 'more', client_id: 'another' }),
    ),
    bob: bearer(await issuer.token(RESOURCE, { sub: 'bob' })),
    'a client with the name of ada': bearer(await issuer.token(RESOURCE, { sub: undefined, client_id: 'ada' })),
    'ada, expired': bearer(await issuer.token(RESOURCE, { exp: past })),
    'ada, for another server': bearer(await issuer.token('https://other.example/mcp')),
    'ada, of another issuer': bearer(await other.token(RESOURCE)),
    'ada, forged': bearer(await issuer.token(RESOURCE, {}, { key: other.keys[0]! })),
    anonymous: { authorization: undefined },
  })
  session = await open(served.url, { headers: tokens['ada']! })
  listening = await session.listen()
  asking = await session.startCall('ask')
  askId = (await asking.stream.method('roots/list')).id
})

const METHODS: [string, object | undefined][] = [
  ['ping', undefined],
  ['logging/setLevel', { level: 'info' }],
  ['tools/list', undefined],
  ['tools/call', { name: 'effect' }],
  ['resources/list', undefined],
  ['resources/templates/list', undefined],
  ['resources/read', { uri: 'test://one' }],
  ['resources/subscribe', { uri: 'test://one' }],
  ['resources/unsubscribe', { uri: 'test://one' }],
  ['prompts/list', undefined],
  ['prompts/get', { name: 'prompt' }],
  ['completion/complete', { ref: { type: 'ref/prompt', name: 'prompt' }, argument: { name: 'x', value: '' } }],
  ['no/such/method', undefined],
]

let sent = 0

/** Said before anybody looks for the session, so it says nothing about one. */
const BEFORE_SESSIONS = ['a message that is none', 'initialize again']

/** Everything that can be sent in a session, and the status that its owner gets. */
const CELLS: [string, number, (as: RawSession) => Promise<Exchange>][] = [
  ...METHODS.map(([method, params]): [string, number, (as: RawSession) => Promise<Exchange>] => [
    method,
    200,
    (as) => as.post({ jsonrpc: '2.0', id: `cell ${++sent}`, method, params }),
  ]),
  ['initialize again', 400, (as) => as.post({ jsonrpc: '2.0', id: 99, method: 'initialize', params: {} })],
  ['notification', 202, (as) => as.notify('notifications/roots/list_changed')],
  ['cancellation of a call that is none', 202, (as) => as.notify('notifications/cancelled', { requestId: 'none' })],
  ['a message that is none', 400, (as) => as.post('{"jsonrpc":"2.0"}')],
  ['GET', 200, (as) => as.get()],
  ['resume of a request', 200, (as) => as.get(asking.stream.ids[0])],
]

const STRANGERS = {
  bob: 404,
  'a client with the name of ada': 404,
  'ada, expired': 401,
  'ada, for another server': 401,
  'ada, of another issuer': 401,
  'ada, forged': 401,
  anonymous: 401,
}

/** Of others, all that goes on in the session besides: answers, cancellations, the end. */
const HARM: [string, number, (as: RawSession) => Promise<Exchange>][] = [
  ['answer', 202, (as) => as.answer(askId, { result: { roots: [{ uri: 'file:///forged' }] } })],
  ['error as an answer', 202, (as) => as.answer(askId, { error: { code: 1, message: 'forged' } })],
  ['cancellation', 202, (as) => as.notify('notifications/cancelled', { requestId: asking.id })],
  ['DELETE', 204, (as) => as.delete()],
]

describe.each(Object.entries(STRANGERS))('case 8: %s', (who, status) => {
  test.each([...CELLS, ...HARM])(`%s: ${status}`, async (what, _, send) => {
    verifies('SESS-08', 'SESS-10', 'AUTH-05', 'AUTH-14')
    effects = []
    const reply = await send(session.with(tokens[who]!))
    expect(reply.status).toBe(BEFORE_SESSIONS.includes(what) && status === 404 ? 400 : status)
    if (status === 401) {
      expect(challengeIn(reply)['error']).toBe(who === 'anonymous' ? undefined : 'invalid_token')
    }
    expect(reply.headers['content-type']).toBe('application/json')
    expect(effects).toEqual([])
  })
})

test('case 8: to another person the session looks as if it had never been', async () => {
  const bob = session.with(tokens['bob']!)
  const real = await bob.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const made = await bob
    .with({ 'mcp-session-id': `x${session.id.slice(1)}` })
    .post({ jsonrpc: '2.0', id: 1, method: 'ping' })
  expect(real.status).toBe(made.status)
  expect(await real.text()).toBe(await made.text())
  const { date: _, ...realHeaders } = real.headers
  const { date: __, ...madeHeaders } = made.headers
  expect(realHeaders).toEqual(madeHeaders)
})

describe.each(['ada', 'ada with a refreshed token'])('case 8: %s', (who) => {
  test.each(CELLS)('%s: %i', async (_, status, send) => {
    const reply = await send(session.with(tokens[who]!))
    expect(reply.status).toBe(status)
    reply.cut()
  })
})

test('after all that the call of ada still waits for her answer, which her other token may give', async () => {
  expect(listening.ended).toBe(true)
  const refreshed = session.with(tokens['ada with a refreshed token']!)
  const resumed = await refreshed.get(asking.stream.ids[0])
  expect((await refreshed.answer(askId, { result: { roots: [{ uri: 'file:///real' }] } })).status).toBe(202)
  expect(await resumed.stream().response(asking.id)).toMatchObject({
    result: { content: [{ text: '[{"uri":"file:///real"}]' }] },
  })
})

test('scopes are those of the request, not of the session', async () => {
  const scoped = createServer({ name: 'scoped', version: '1.0.0' })
  scoped.tool('scopes', {}, (_, ctx) => JSON.stringify(ctx.auth?.scopes))
  const { url } = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }), scoped)
  const ada = await open(url, { headers: bearer(await issuer.token(RESOURCE, { scope: 'a b' })) })
  expect(await ada.text('scopes')).toBe('["a","b"]')
  expect(await ada.with(bearer(await issuer.token(RESOURCE, { scope: 'a' }))).text('scopes')).toBe('["a"]')
})

test('in a batch too', async () => {
  const ada = await open(served.url, { revision: '2025-03-26', headers: tokens['ada']! })
  const batch = [{ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'effect' } }]
  effects = []
  for (const [who, status] of Object.entries(STRANGERS)) {
    expect((await ada.with(tokens[who]!).post(batch)).status, who).toBe(status)
  }
  expect(effects).toEqual([])
  expect((await ada.post(batch)).status).toBe(200)
})

test('over HTTP+SSE too', async () => {
  const older = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }), server, { legacySse: true })
  const ada = await SseSession.open(sseUrl(older.url), { headers: tokens['ada']! })
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'effect' } }
  effects = []
  for (const [who, status] of Object.entries(STRANGERS)) {
    expect((await ada.post(call, tokens[who]!)).status, who).toBe(status)
    const connected = await exchange(sseUrl(older.url), { method: 'GET', headers: tokens[who]! })
    expect(connected.status, who).toBe(status === 404 ? 200 : 401)
    connected.cut()
  }
  expect(effects).toEqual([])
  expect((await ada.post(call, tokens['ada with a refreshed token']!)).status).toBe(202)
  await ada.stream.response(1)
  expect(effects).toEqual(['ada'])
})

test('case 9: who deletes the session is its owner, with any token', async () => {
  expect((await session.with(tokens['ada with a refreshed token']!).delete()).status).toBe(204)
  const reply = await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
  expect(reply.status).toBe(404)
  expect((await answerOf(reply)).error?.code).toBe(-32001)
})

test('case 13: no token is in the log, and none in an answer', async () => {
  const secrets = Object.values(tokens).flatMap(({ authorization }) =>
    authorization ? [String(authorization).slice(7)] : [],
  )
  const log = JSON.stringify(served.log)
  for (const token of secrets) expect(log.includes(token)).toBe(false)
  const reply = await session.with(tokens['ada, expired']!).post({ jsonrpc: '2.0', id: 1, method: 'ping' })
  const seen = JSON.stringify(reply.headers) + (await reply.text())
  expect(seen.includes(String(tokens['ada, expired']!['authorization']).slice(7))).toBe(false)
})
