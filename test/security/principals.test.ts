/**
 * Sessions belong to who opened them.
 *
 * python-sdk #2100 (fixed by #2718): a session id was enough to use the session of somebody else. TRAPS B1 8 and B6 68.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { AuthRequest, Identity } from '../../src/index.ts'
import { type Exchange, exchange } from '../requirements/http.ts'
import { JSON_BOTH, open, post, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'

const identity = { issuer: 'https://issuer.example', subject: 'ada', audience: 'https://mcp.example' }

/** Who a token speaks for. */
const TOKENS: Record<string, Identity | 'anonymous'> = {
  owner: identity,
  refreshed: { ...identity, scopes: ['read'], claims: { jti: 'another token of the same person' } },
  bob: { ...identity, subject: 'bob' },
  'same name as a client': { issuer: identity.issuer, clientId: 'ada', audience: identity.audience },
  'other issuer': { ...identity, issuer: 'https://other.example' },
  'other audience': { ...identity, audience: 'https://other.example' },
  'no audience': { issuer: identity.issuer, subject: 'ada' },
  'other case': { ...identity, subject: 'Ada' },
  'wrapped name': { ...identity, subject: 'ada","x' },
  nobody: 'anonymous' as const,
}
function verify(request: AuthRequest): Identity | 'anonymous' | undefined {
  const token = request.header('Authorization')?.replace('Bearer ', '')
  return token === undefined ? undefined : TOKENS[token]
}
const OTHERS = Object.keys(TOKENS).filter((token) => token !== 'owner' && token !== 'refreshed')

const server = createServer({ name: 'principals', version: '1.0.0' })
let effects = 0
server.tool('effect', {}, () => {
  effects++
  return 'done'
})
server.tool('ask', {}, async (_, ctx) => {
  const [root] = await ctx.listRoots()
  return `answered ${root?.uri}`
})
server.tool('scopes', {}, (_, ctx) => JSON.stringify(ctx.auth?.scopes ?? null))
server.resource('one', 'test://one', {}, () => 'one')

let running: Served
beforeAll(async () => {
  running = await served(server, { auth: verify })
})

const as = (token: string) => ({ authorization: `Bearer ${token}` })
const json = (body: object, id: string, headers: object) =>
  post(running.url, body, { ...JSON_BOTH, 'mcp-session-id': id, ...headers })

describe('case 8: every other principal finds no session', () => {
  let session: RawSession
  let asking: Awaited<ReturnType<RawSession['startCall']>>
  let askId: string
  let eventIds: { request: string; session: string }
  let listening: Awaited<ReturnType<RawSession['listen']>>
  beforeAll(async () => {
    session = await open(running.url, { headers: as('owner') })
    asking = await session.startCall('ask')
    askId = String((await asking.stream.method('roots/list')).id)
    listening = await session.listen()
    await listening.until('the priming event', () => listening.ids[0])
    eventIds = { request: asking.stream.ids[0]!, session: listening.ids[0]! }
  })
  beforeEach(() => {
    effects = 0
  })

  const OPERATIONS: Record<string, (id: string, headers: object) => Promise<Exchange>> = {
    'a request': (id, headers) =>
      json({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'effect' } }, id, headers),
    'a ping': (id, headers) => json({ jsonrpc: '2.0', id: 1, method: 'ping' }, id, headers),
    'a batch': (id, headers) => json([{ jsonrpc: '2.0', id: 1, method: 'ping' }], id, headers),
    'a notification': (id, headers) => json({ jsonrpc: '2.0', method: 'notifications/initialized' }, id, headers),
    'a cancellation': (id, headers) =>
      json({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: asking.id } }, id, headers),
    'an answer': (id, headers) =>
      json({ jsonrpc: '2.0', id: askId, result: { roots: [{ uri: 'file:///evil' }] } }, id, headers),
    'a refusal': (id, headers) => json({ jsonrpc: '2.0', id: askId, error: { code: 1, message: 'no' } }, id, headers),
    progress: (id, headers) =>
      json(
        { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: askId, progress: 1 } },
        id,
        headers,
      ),
    'a log level': (id, headers) =>
      json({ jsonrpc: '2.0', id: 2, method: 'logging/setLevel', params: { level: 'emergency' } }, id, headers),
    'a subscription': (id, headers) =>
      json({ jsonrpc: '2.0', id: 3, method: 'resources/subscribe', params: { uri: 'test://one' } }, id, headers),
    'the session stream': (id, headers) => session.get(undefined, { 'mcp-session-id': id, ...headers }),
    'a resume of the session stream': (id, headers) =>
      session.get(eventIds.session, { 'mcp-session-id': id, ...headers }),
    'a resume of a request stream': (id, headers) =>
      session.get(eventIds.request, { 'mcp-session-id': id, ...headers }),
    DELETE: (id, headers) => session.delete({ 'mcp-session-id': id, ...headers }),
  }

  describe.each(OTHERS)('%s', (token) => {
    test.each(Object.keys(OPERATIONS))('%s: 404, the same as for a session that never was', async (name) => {
      const reply = await OPERATIONS[name]!(session.id, as(token))
      const unknown = await OPERATIONS[name]!('never-was', as(token))
      const seen = [reply.status, reply.headers['content-type'], await reply.text()]
      expect(seen).toEqual([unknown.status, unknown.headers['content-type'], await unknown.text()])
      expect([reply.status, effects]).toEqual([404, 0])
    })
  })

  test.each(['no token', 'a token that is not known'])('%s: 401 with a challenge', async (token) => {
    const headers = token === 'no token' ? { authorization: undefined } : as(token)
    for (const operation of Object.values(OPERATIONS)) {
      const reply = await operation(session.id, headers as object)
      expect([reply.status, reply.headers['www-authenticate']]).toEqual([401, 'Bearer'])
    }
    expect(effects).toBe(0)
  })

  test('the owner has noticed nothing, and goes on with a refreshed token', async () => {
    expect(running.counters().sessionsForeign).toBeGreaterThanOrEqual(OTHERS.length * 10)
    expect([listening.ended, asking.stream.ended]).toEqual([false, false])
    const reply = await json(
      { jsonrpc: '2.0', id: askId, result: { roots: [{ uri: 'file:///home' }] } },
      session.id,
      as('refreshed'),
    )
    expect(reply.status).toBe(202)
    const answer = await asking.stream.response(asking.id)
    expect(JSON.stringify(answer.result)).toContain('answered file:///home')
    server.resourceUpdated('test://one')
    await sleep(150)
    expect(listening.messages).toEqual([])
    expect((await session.get(eventIds.request, as('refreshed'))).status).toBe(200)
    expect((await session.delete(as('refreshed'))).status).toBe(204)
  })
})

test('case 8: an identity does not open the session of nobody, nor the reverse', async () => {
  const anonymous = await open(running.url, { headers: as('nobody') })
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  for (const token of OTHERS)
    expect((await json(ping, anonymous.id, as(token))).status).toBe(token === 'nobody' ? 200 : 404)
})

test('a cursor is bound to the principal too', async () => {
  const many = createServer({ name: 'many', version: '1.0.0' })
  for (let n = 0; n < 250; n++) many.tool(`t${n}`, {}, () => '')
  const { url } = await served(many, { auth: verify })
  const owner = await open(url, { headers: as('owner') })
  const cursor = (await owner.request('tools/list')).result?.['nextCursor']
  expect((await owner.request('tools/list', { cursor })).result?.['tools']).toHaveLength(50)
  const bob = await open(url, { headers: as('bob') })
  expect((await bob.request('tools/list', { cursor })).error?.code).toBe(-32602)
})

test('scopes are those of the request, not those of the session', async () => {
  const session = await open(running.url, { headers: as('owner') })
  expect(await session.text('scopes')).toBe('null')
  const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'scopes' } }
  expect(await (await json(call, session.id, as('refreshed'))).text()).toContain('read')
})

describe('auth that does not answer as it should lets nobody in', () => {
  test.each<[string, (() => unknown) | undefined, number]>([
    ['undefined', () => undefined, 401],
    ['null', () => null, 401],
    ['false', () => false, 401],
    ['an empty text', () => '', 401],
    ['a promise of null', async () => null, 401],
    ['true', () => true, 500],
    ['a name', () => 'ada', 500],
    ['an empty object', () => ({}), 500],
    ['no issuer', () => ({ subject: 'ada' }), 500],
    ['neither subject nor client', () => ({ issuer: 'x', scopes: [] }), 500],
    ['an empty subject', () => ({ issuer: 'x', subject: '' }), 500],
    ['a subject that is no text', () => ({ issuer: 'x', subject: { toString: () => 'ada' } }), 500],
    ['a rejection', () => Promise.reject(new Error('inside')), 500],
    [
      'an error',
      () => {
        throw new Error('inside')
      },
      500,
    ],
  ])('%s', async (_, auth, status) => {
    const strict = await served(server, { auth: auth as () => undefined })
    for (const method of ['POST', 'GET', 'DELETE']) {
      const headers = { ...JSON_BOTH, 'mcp-session-id': 'x' }
      const reply = await exchange(strict.url, { method, headers, ...(method === 'POST' && { body: '{}' }) })
      expect([method, reply.status]).toEqual([method, status])
      expect(await reply.text()).not.toContain('inside')
    }
    expect(strict.counters().sessionsOpened).toBe(0)
  })

  test('a challenge made of what a stranger sent neither splits the answer nor ends the server', async () => {
    const auth = ({ header }: AuthRequest) => ({
      refused: 401 as const,
      challenge: `Bearer error_description="${decodeURIComponent(header('x-odd') ?? '')}"`,
    })
    const odd = await served(server, { auth })
    for (const text of ['\r\nset-cookie: a=b', '\n\n<html>', '\0', 'é', '€😀', '\u007f']) {
      const reply = await post(odd.url, '{}', { ...JSON_BOTH, 'x-odd': encodeURIComponent(text) })
      expect([text, reply.status, reply.headers['set-cookie']]).toEqual([text, 401, undefined])
      expect(reply.headers['www-authenticate']).toMatch(/^Bearer error_description="[ -~]*"$/)
    }
  })
})

// CVE-2026-27124 (GHSA-rww4-4w9c-7733): an OAuth proxy that did not verify consent. There is none here to get wrong.
test('case 68: no route hands out, forwards or stores tokens', async () => {
  const origin = new URL(running.url).origin
  for (const path of ['/authorize', '/token', '/register', '/callback', '/consent', '/revoke', '/oauth/authorize']) {
    for (const method of ['GET', 'POST']) {
      expect((await exchange(origin + path, { method, headers: as('owner') })).status).toBe(404)
    }
  }
})
