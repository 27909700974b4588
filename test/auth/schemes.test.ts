/** The other ways in: introspection, API keys, certificates, and several at once. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer as createHttpsServer, request as httpsRequest } from 'node:https'
import type { AddressInfo } from 'node:net'
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { expressHandler } from '../../src/adapters/express.ts'
import { handlerOn } from '../../src/adapters/fetch.ts'
import { webPlatform } from '../../src/adapters/web-platform.ts'
import { anyOf, apiKey, type IntrospectionOptions, introspection, jwt, mutualTls } from '../../src/auth/index.ts'
import type { LogEntry } from '../../src/http/logger.ts'
import { steppingClock } from '../../src/testing/stepping-clock.ts'
import { initializeMessage, JSON_BOTH, open } from '../requirements/session.ts'
import { Issuer } from './issuer.ts'
import { bearer, challengeIn, closing, knock, read, type Served, serving, whoServer } from './serving.ts'

const RESOURCE = 'https://mcp.example.com/mcp'

describe('introspection', () => {
  let issuer: Issuer
  let answer: Record<string, unknown>
  beforeEach(async () => {
    issuer = closing(await Issuer.start())
    const metadata = { ...issuer.metadata(), introspection_endpoint: `${issuer.origin}/introspect` }
    issuer.answers.set('/.well-known/oauth-authorization-server', { body: metadata })
    issuer.answers.set('/introspect', () => ({ body: answer }))
    answer = { active: true, sub: 'ada', aud: RESOURCE, client_id: 'c', scope: 'a b', iss: issuer.issuer }
  })
  const options = (changes: Partial<IntrospectionOptions> = {}): IntrospectionOptions => ({
    issuer: issuer.issuer,
    resource: RESOURCE,
    clientId: 'mcp server',
    clientSecret: 's:ecret/+é',
    ...changes,
  })
  function clocked(changes: Partial<IntrospectionOptions> = {}) {
    const clock = steppingClock()
    const log: LogEntry[] = []
    const platform = { ...webPlatform, now: clock.now, setTimer: clock.setTimer }
    const settings = { auth: introspection(options(changes)), logger: (entry: LogEntry) => void log.push(entry) }
    const handle = closing(handlerOn(whoServer(), settings, platform))
    const status = async (token: string): Promise<number> => {
      const headers = { ...JSON_BOTH, authorization: `Bearer ${token}` }
      const body = JSON.stringify(initializeMessage())
      return (await handle(new Request('http://localhost/mcp', { method: 'POST', headers, body }))).status
    }
    return { clock, log, status, asked: () => issuer.requested('/introspect') }
  }

  test('an active token for this server is let in', async () => {
    const { url, origin } = await serving(introspection(options()))
    const session = await open(url, { headers: bearer('opaque-token') })
    const who = JSON.parse(await session.text('who'))
    expect(who).toMatchObject({
      issuer: issuer.issuer,
      subject: 'ada',
      clientId: 'c',
      audience: RESOURCE,
      scopes: ['a', 'b'],
    })
    const metadata = await read(`${origin}/.well-known/oauth-protected-resource`)
    expect(metadata).toMatchObject({ authorization_servers: [issuer.issuer] })
  })

  test.each<[string, Record<string, unknown>]>([
    ['that is not active', { active: false }],
    ['that is active in words only', { active: 'true' }],
    ['for another server', { aud: 'https://other.example' }],
    ['for nobody', { aud: undefined }],
    ['of another issuer', { iss: 'https://other.example' }],
    ['that speaks for nobody', { sub: undefined, client_id: undefined }],
    ['that has expired', { exp: 1 }],
  ])('one %s is not', async (_, changes) => {
    const { url } = await serving(introspection(options()))
    answer = { ...answer, ...changes }
    const status = (await knock(url, bearer('token'))).status
    expect(status).toBe(typeof answer['active'] === 'boolean' ? 401 : 503)
  })

  test('the issuer is asked once a minute for a token, and a revoked one works no longer than that', async () => {
    const { clock, status, asked } = clocked()
    expect(await status('token')).toBe(200)
    const before = asked()
    for (let at = 0; at < 20; at++) expect(await status('token')).toBe(200)
    expect(asked()).toBe(before)
    answer = { active: false }
    await clock.advance(59_000)
    expect(await status('token')).toBe(200)
    await clock.advance(2_000)
    expect(await status('token')).toBe(401)
  })

  test('not longer than it lives either', async () => {
    const { clock, status } = clocked()
    answer = { ...answer, exp: Math.floor(clock.now() / 1000) + 5 }
    expect(await status('token')).toBe(200)
    await clock.advance(5_000)
    expect(await status('token')).toBe(401)
  })

  test('a token that is refused is asked about every ten seconds at most', async () => {
    const { clock, status, asked } = clocked()
    answer = { active: false }
    expect(await status('bad')).toBe(401)
    const before = asked()
    for (let at = 0; at < 20; at++) expect(await status('bad')).toBe(401)
    expect(asked()).toBe(before)
    await clock.advance(10_000)
    answer = { active: true, sub: 'ada', aud: RESOURCE }
    expect(await status('bad')).toBe(200)
  })

  test('a client that sends ten requests at once has its token asked about once', async () => {
    const { status, asked } = clocked()
    await Promise.all(Array.from({ length: 10 }, () => status('token')))
    expect(asked()).toBe(2)
  })

  test('when the issuer is down the answer is 503, also at the start, and it is not asked again at once', async () => {
    issuer.answers.set('/introspect', { status: 502 })
    const { clock, status, asked, log } = clocked()
    expect(await status('token')).toBe(503)
    const before = asked()
    for (let at = 0; at < 20; at++) expect(await status(`token-${at}`)).toBe(503)
    expect(asked()).toBe(before)
    expect(log).toHaveLength(1)
    issuer.answers.set('/introspect', { body: answer })
    await clock.advance(2_000)
    expect(await status('token')).toBe(200)
  })

  test('wrong credentials of this server show at the start', async () => {
    issuer.answers.set('/introspect', { status: 401, body: { error: 'invalid_client' } })
    await expect(serving(introspection(options()))).rejects.toThrow(/does not accept clientId/)
    expect(() => introspection(options({ clientSecret: '' }))).toThrow(/clientSecret/)
  })
})

describe('API keys', () => {
  const keys = [
    { key: 'a key of at least 16', subject: 'ci', scopes: ['deploy'] },
    { sha256: createHash('sha256').update('the key of the robot').digest('hex').toUpperCase(), subject: 'robot' },
  ]
  test('come in a header of their own', async () => {
    const { url } = await serving(apiKey({ keys }))
    for (const [key, subject] of [
      ['a key of at least 16', 'ci'],
      ['the key of the robot', 'robot'],
    ] as const) {
      const session = await open(url, { headers: { 'x-api-key': key } })
      expect(JSON.parse(await session.text('who'))).toMatchObject({ issuer: 'urn:api-key', subject })
    }
    for (const key of [undefined, '', 'a key of at least 1', 'A key of at least 16', 'x'.repeat(5000), '__proto__']) {
      const reply = await knock(url, { 'x-api-key': key })
      expect([reply.status, reply.headers['www-authenticate']], key).toEqual([401, 'ApiKey header="x-api-key"'])
    }
    expect((await knock(url, { authorization: 'Bearer a key of at least 16' })).status).toBe(401)
  })

  test('or as bearer tokens, as many clients can only send them', async () => {
    const verify = async (key: string) => (key === 'good' ? { issuer: 'keys', subject: 'ada' } : undefined)
    const { url } = await serving(apiKey({ verify, header: 'Authorization' }))
    expect((await knock(url, bearer('good'))).status).toBe(200)
    const reply = await knock(url, bearer('bad'))
    expect([reply.status, challengeIn(reply)['error']]).toEqual([401, 'invalid_token'])
  })

  test('a session belongs to the one who has the key, not to the key', async () => {
    const [first] = keys
    const { url } = await serving(apiKey({ keys: [...keys, { ...first!, key: 'another key for it' }] }))
    const session = await open(url, { headers: { 'x-api-key': 'a key of at least 16' } })
    const status = async (key: string) =>
      (await session.with({ 'x-api-key': key }).post({ jsonrpc: '2.0', id: 1, method: 'ping' })).status
    expect([await status('another key for it'), await status('the key of the robot')]).toEqual([200, 404])
  })

  test.each([
    [{}],
    [{ keys, verify: () => undefined }],
    [{ keys: [{ key: 'short', subject: 'a' }] }],
    [{ keys: [{ sha256: 'abc', subject: 'a' }] }],
    [{ keys: [{ key: 'long enough for this', subject: '' }] }],
  ])('settings that make no sense are refused: %j', (settings) => {
    expect(() => apiKey(settings)).toThrow(TypeError)
  })
})

describe('several at once', () => {
  let one: Issuer
  let two: Issuer
  let served: Served
  beforeAll(async () => {
    one = closing(await Issuer.start())
    two = closing(await Issuer.start('/two'))
    served = await serving(
      anyOf(
        jwt({ issuer: one.issuer, resource: RESOURCE, scopes: ['mcp'] }),
        jwt({ issuer: two.issuer, resource: RESOURCE, scopesSupported: ['other'] }),
        apiKey({ keys: [{ key: 'a key of at least 16', subject: 'ci' }] }),
      ),
    )
  })

  test('each of them lets its own in', async () => {
    const ways = [
      bearer(await one.token(RESOURCE, { scope: 'mcp' })),
      bearer(await two.token(RESOURCE)),
      { 'x-api-key': 'a key of at least 16' },
    ]
    for (const way of ways) expect((await knock(served.url, way)).status).toBe(200)
  })

  test('the metadata name every authorization server, and the challenge every scheme once', async () => {
    expect(await read(`${served.origin}/.well-known/oauth-protected-resource`)).toMatchObject({
      authorization_servers: [one.issuer, two.issuer],
      scopes_supported: ['mcp', 'other'],
    })
    expect((await knock(served.url)).headers['www-authenticate']).toBe(
      'Bearer scope="mcp", resource_metadata="https://mcp.example.com/.well-known/oauth-protected-resource/mcp", ' +
        'ApiKey header="x-api-key"',
    )
  })

  test('who knows the token says what is wrong with it', async () => {
    const expired = { exp: 1000 }
    for (const token of [await one.token(RESOURCE, expired), await two.token(RESOURCE, expired)]) {
      expect(challengeIn(await knock(served.url, bearer(token)))['error_description']).toBe('The token has expired.')
    }
    const lacking = await knock(served.url, bearer(await one.token(RESOURCE)))
    expect([lacking.status, challengeIn(lacking)['error']]).toEqual([403, 'insufficient_scope'])
  })

  test('anonymous is for those without credentials, not for those with bad ones', async () => {
    const auth = anyOf(jwt({ issuer: one.issuer, resource: RESOURCE }), () => 'anonymous')
    const { url } = await serving(auth)
    expect(await (await open(url)).text('who')).toBe('null')
    expect((await knock(url, bearer(await one.token('https://other.example')))).status).toBe(401)
    expect((await knock(url, bearer(await one.token(RESOURCE)))).status).toBe(200)
  })

  test('someone anonymous is asked who he is when a tool needs scopes', async () => {
    const server = whoServer()
    server.tool('scoped', { scopes: ['x'] }, () => 'scoped')
    const { url } = await serving(
      anyOf(jwt({ issuer: one.issuer, resource: RESOURCE }), () => 'anonymous'),
      server,
    )
    const session = await open(url)
    const reply = await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'scoped' } })
    expect(reply.status).toBe(401)
    expect(challengeIn(reply)).toMatchObject({ scope: 'x', resource_metadata: expect.stringContaining('well-known') })
  })

  test('of one resource', async () => {
    const other = jwt({ issuer: two.issuer, resource: 'https://other.example' })
    await expect(serving(anyOf(jwt({ issuer: one.issuer, resource: RESOURCE }), other))).rejects.toThrow(
      /same resource/,
    )
    expect(() => anyOf()).toThrow(TypeError)
  })
})

describe('certificates of clients', () => {
  const file = (name: string): Buffer => readFileSync(new URL(`./fixtures/${name}`, import.meta.url))
  let port: number
  beforeAll(async () => {
    const handle = closing(expressHandler(whoServer(), { auth: mutualTls() }))
    const tls = { key: file('server.key'), cert: file('server.pem'), ca: file('ca.pem') }
    const https = createHttpsServer({ ...tls, requestCert: true, rejectUnauthorized: false }, (request, response) =>
      handle(request, response, () => response.destroy()),
    )
    await new Promise<void>((resolve) => https.listen(0, '127.0.0.1', resolve))
    closing({
      close: async () => {
        https.closeAllConnections()
        https.close()
      },
    })
    port = (https.address() as AddressInfo).port
  })

  function call(
    client: object,
    headers: object,
    body: object,
  ): Promise<{ status: number; session: string; text: string }> {
    return new Promise((resolve, reject) => {
      const options = {
        port,
        host: '127.0.0.1',
        path: '/mcp',
        method: 'POST',
        ca: file('ca.pem'),
        agent: false as const,
      }
      const request = httpsRequest(
        { ...options, headers: { ...JSON_BOTH, ...headers }, ...client },
        async (response) => {
          const chunks = await response.toArray()
          const session = String(response.headers['mcp-session-id'])
          resolve({ status: response.statusCode!, session, text: Buffer.concat(chunks).toString() })
        },
      )
      request.once('error', reject)
      request.end(JSON.stringify(body))
    })
  }

  test('one that TLS verified is an identity, with its names', async () => {
    const robot = { key: file('client.key'), cert: file('client.pem') }
    const { status, session } = await call(robot, {}, initializeMessage())
    expect(status).toBe(200)
    const who = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'who' } }
    const { text } = await call(robot, { 'mcp-session-id': session }, who)
    const [, quoted = ''] = /"text":("(?:[^"\\]|\\.)*")/.exec(text) ?? []
    expect(JSON.parse(JSON.parse(quoted))).toMatchObject({
      issuer: 'x509:O=Example,CN=Test CA',
      subject: 'O=Example,CN=robot',
      expiresAt: expect.any(Number),
    })
  })

  test('none, and one of another authority with the same names: 401', async () => {
    expect((await call({}, {}, initializeMessage())).status).toBe(401)
    const stranger = { key: file('stranger.key'), cert: file('stranger.pem') }
    expect((await call(stranger, {}, initializeMessage())).status).toBe(401)
  })
})
