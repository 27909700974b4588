import { randomBytes } from 'node:crypto'
import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { onOneProcess, REPLICAS } from '../deployment.ts'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { initializeMessage, JSON_BOTH, open, post, type RawSession } from './session.ts'
import { ADAPTERS, start } from './start.ts'

const events: string[] = []
const server = createServer({ name: 'sessions', version: '1.0.0' })
server.tool('whoami', {}, async (_args, ctx) => ctx.session.client.name)
server.tool('roots', {}, async (_args, ctx) => JSON.stringify(await ctx.listRoots()))
server.resource('a', 'test://a', {}, async () => 'a')
server.onSession(({ client }, event) => {
  events.push(`${event} ${client.name}`)
})

const named = (name: string) => ({ clientInfo: { name, version: '1' } })

/** Every way to use a session id, and the status that each gets. */
async function statuses(session: RawSession): Promise<number[]> {
  const replies = [
    await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    await session.post({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'whoami' } }),
    await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' }),
    await session.post({ jsonrpc: '2.0', id: 'x', result: {} }),
    await session.get(),
    await session.get('some-event'),
    await session.delete(),
  ]
  for (const reply of replies) reply.cut()
  return replies.map(({ status }) => status)
}

describe.each(ADAPTERS)('the %s adapter', (adapter) => {
  let url: string
  beforeAll(async () => {
    url = await start(server, {}, adapter)
  })

  describe.each(LEGACY)('%s', (revision) => {
    test('the id comes with the answer to initialize, and with no other', async () => {
      verifies('SESS-01')
      const session = await open(url, { revision })
      expect(session.id).not.toBe('undefined')
      const replies = [
        await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }),
        await session.post({ jsonrpc: '2.0', method: 'notifications/x' }),
        await session.get(),
        await session.delete(),
      ]
      for (const reply of replies) {
        expect(reply.headers['mcp-session-id']).toBeUndefined()
        reply.cut()
      }
    })

    test('ids are visible ASCII of at most 512 bytes, whatever the client calls itself', async () => {
      verifies('SESS-03')
      const long = {
        name: '日本語'.repeat(2_000),
        version: 'v'.repeat(9_000),
        icons: [{ src: `data:,${'x'.repeat(9_000)}` }],
      }
      for (const clientInfo of [{ name: '', version: '' }, { name: 'a', version: '1' }, long]) {
        const session = await open(url, { revision, clientInfo })
        expect(session.id).toMatch(/^[\x21-\x7e]{1,512}$/)
        expect((await session.request('ping')).result).toEqual({})
      }
    })

    test('without the id a request is answered 400', async () => {
      verifies('SESS-04')
      const { 'mcp-session-id': _, ...headers } = (await open(url, { revision })).headers
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' })
      const listening = { ...headers, accept: 'text/event-stream' }
      for (const reply of [
        await exchange(url, { headers, body }),
        await exchange(url, { method: 'GET', headers: listening }),
        await exchange(url, { method: 'DELETE', headers }),
      ]) {
        expect(reply.status).toBe(400)
        expect((await reply.json()).error!.message).toMatch(/Mcp-Session-Id/i)
      }
    })

    test('DELETE ends the session: every use of its id is answered 404', async () => {
      verifies('SESS-05', 'SESS-07')
      const session = await open(url, { revision, ...named(`gone ${adapter} ${revision}`) })
      expect(await session.text('whoami')).toBe(`gone ${adapter} ${revision}`)
      expect((await session.delete()).status).toBeLessThan(300)
      expect(await statuses(session)).toEqual([404, 404, 404, 404, 404, 404, 404])
      expect(
        events.filter((event) => event.endsWith(`gone ${adapter} ${revision}`)).map((event) => event.split(' ')[0]),
      ).toEqual(['open', 'close'])
    })

    test('DELETE ends the streams and the calls of the session', async () => {
      verifies('SESS-05')
      const session = await open(url, { revision })
      const listening = await session.listen()
      const { stream } = await session.startCall('roots')
      await stream.method('roots/list')
      expect((await session.delete()).status).toBeLessThan(300)
      await Promise.all([listening.end(), stream.end()])
    })

    test('an id that is not ours is answered 404', async () => {
      verifies('SESS-05', 'SESS-09')
      const real = await open(url, { revision })
      const made = (id: string) => real.with({ 'mcp-session-id': id })
      for (const id of [
        'x',
        '1',
        'null',
        '00000000-0000-0000-0000-000000000000',
        randomBytes(100).toString('base64url'),
        'x'.repeat(600),
      ]) {
        expect([id, new Set(await statuses(made(id)))]).toEqual([id, new Set([404])])
      }
      expect((await real.request('ping')).result).toEqual({})
    })

    test('DELETE of one session leaves the others alone', async () => {
      verifies('SESS-07')
      const [one, two] = [await open(url, { revision }), await open(url, { revision })]
      await one.delete()
      expect((await two.request('ping')).result).toEqual({})
    })
  })

  test('ids are unique and unpredictable', async () => {
    verifies('SESS-02', 'SESS-09')
    const ids = await Promise.all(Array.from({ length: 300 }, async () => (await open(url, { initialized: false })).id))
    expect(new Set(ids).size).toBe(300)
    // Equal clients that come at the same time: whatever is not the same in two ids is what nobody can guess.
    const differing = ids.slice(1).map((id) => [...id].filter((letter, at) => letter !== ids[0]![at]).length)
    expect(Math.min(...differing)).toBeGreaterThan(30)
  })

  // CVE-2025-6515: whoever can guess or make an id takes over a session.
  test('an id with any letter changed is refused', async () => {
    verifies('SESS-02', 'SESS-09')
    const session = await open(url)
    const altered = Array.from(session.id, (own, at) => {
      const letter = own === 'A' ? 'B' : 'A'
      return session.id.slice(0, at) + letter + session.id.slice(at + 1)
    })
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const replies = await Promise.all(altered.map((id) => session.post(ping, { 'mcp-session-id': id })))
    // What may be of a key that this replica does not know yet is no 404.
    const refused = REPLICAS === 1 ? [404] : [404, 503]
    expect(replies.map(({ status }) => status).filter((status) => !refused.includes(status))).toEqual([])
  })

  test('a header with two ids is no id', async () => {
    verifies('SESS-09')
    const session = await open(url)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
    const reply = await exchange(url, {
      headers: { ...session.headers, 'mcp-session-id': [session.id, session.id] },
      body,
    })
    expect(reply.status).toBeGreaterThanOrEqual(400)
    expect(reply.status).toBeLessThan(500)
  })
})

onOneProcess('replicas have a secret', () => {
  test('a session survives a restart when the secret is configured, and not otherwise', async () => {
    verifies('SESS-09')
    const secrets = [randomBytes(32).toString('hex')]
    const session = await open(await start(server, { secrets }), named('survivor'))
    const again = await start(server, { secrets })
    const other = await start(server)
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'whoami' } })
    const survived = await exchange(again, { headers: session.headers, body: ping })
    expect(survived.status).toBe(200)
    expect(await survived.text()).toContain('survivor')
    const refused = await exchange(other, { headers: session.headers, body: ping })
    expect(refused.status).toBe(404)
  })
})

test('a session expires', async () => {
  verifies('SESS-09')
  const url = await start(server, { session: { ttl: 1_000 } })
  const session = await open(url)
  expect((await session.request('ping')).result).toEqual({})
  await new Promise((resolve) => setTimeout(resolve, 2_200))
  expect(await statuses(session)).toEqual([404, 404, 404, 404, 404, 404, 404])
})

describe('with verified identities', () => {
  let url: string
  let asked: string[]
  beforeAll(async () => {
    url = await start(server, {
      auth: async (request) => {
        asked.push(request.method)
        const [, user] = /^Bearer (\w+)-\d+$/.exec(request.header('authorization') ?? '') ?? []
        return user === undefined ? undefined : { issuer: 'https://issuer.example', subject: user }
      },
    })
    asked = []
  })
  const as = (token: string) => ({ headers: { authorization: `Bearer ${token}` } })

  test('a session id is no credential: without one it opens nothing', async () => {
    verifies('SESS-08', 'AUTH-05', 'AUTH-14')
    const session = await open(url, as('ada-1'))
    const anonymous = session.with({ authorization: undefined })
    expect(new Set(await statuses(anonymous))).toEqual(new Set([401]))
    const reply = await exchange(url, {
      headers: anonymous.headers,
      body: '{"jsonrpc":"2.0","id":1,"method":"tools/list"}',
    })
    expect(reply.headers['www-authenticate']).toBeDefined()
    expect(await reply.text()).not.toContain('whoami')
    expect((await session.request('ping')).result).toEqual({})
  })

  test('a session belongs to its user, with any token of that user', async () => {
    verifies('SESS-08', 'SESS-10', 'ELIC-05', 'SBP-03')
    const session = await open(url, as('ada-1'))
    const refreshed = session.with(as('ada-2').headers)
    const foreign = session.with(as('eve-1').headers)
    expect(await refreshed.text('whoami')).toBe('raw')
    expect(new Set(await statuses(foreign))).toEqual(new Set([404]))
    expect((await session.request('ping')).result).toEqual({})
  })

  test('an answer counts only from the user and in the session that was asked', async () => {
    verifies('ELIC-05', 'SESS-10', 'SBP-03')
    const session = await open(url, as('ada-1'))
    const eve = await open(url, as('eve-1'))
    const twin = await open(url, as('ada-1'))
    const { id, stream } = await session.startCall('roots')
    const question = await stream.method('roots/list')
    const forged = { result: { roots: [{ uri: 'file:///forged' }] } }
    expect((await eve.answer(question.id, forged)).status).toBe(202)
    expect((await twin.answer(question.id, forged)).status).toBe(202)
    await session.answer(question.id, { result: { roots: [{ uri: 'file:///real' }] } })
    expect((await stream.response(id)).result).toMatchObject({ content: [{ text: '[{"uri":"file:///real"}]' }] })
  })

  test('an event id of another user resumes nothing', async () => {
    verifies('HTTP-24', 'SBP-03', 'AUTH-14')
    const session = await open(url, as('ada-1'))
    const eve = await open(url, as('eve-1'))
    const { stream } = await session.startCall('whoami')
    await stream.end()
    expect((await eve.get(stream.ids[0])).status).toBeGreaterThanOrEqual(400)
  })

  test('every request is verified, before anything is done', async () => {
    verifies('HTTP-05', 'AUTH-05', 'SBP-02')
    const session = await open(url, as('ada-1'))
    asked.length = 0
    for (const reply of [
      await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      await session.get(),
      await session.delete(),
    ])
      reply.cut()
    expect(asked).toEqual(['POST', 'GET', 'DELETE'])
    const reply = await post(url, initializeMessage(named('nobody')), { ...JSON_BOTH, authorization: 'Bearer expired' })
    expect(reply.status).toBe(401)
    expect(events).not.toContain('open nobody')
  })

  test('a token in the query is no token', async () => {
    verifies('AUTH-10')
    const reply = await post(`${url}?access_token=ada-1`, initializeMessage())
    expect(reply.status).toBe(401)
  })

  test('an identity that may not do this is answered 403', async () => {
    verifies('AUTH-08')
    const own = await start(server, { auth: () => ({ refused: 403, message: 'The scope "mcp" is missing.' }) })
    const reply = await post(own, initializeMessage())
    expect(reply.status).toBe(403)
    expect(reply.headers['mcp-session-id']).toBeUndefined()
    expect(reply.headers['www-authenticate']).toContain('insufficient_scope')
  })
})
