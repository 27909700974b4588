/** Where the keys of an issuer come from, and what happens when they change or can't be had. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { handlerOn } from '../../src/adapters/fetch.ts'
import { webPlatform } from '../../src/adapters/web-platform.ts'
import { type JwtOptions, jwt } from '../../src/auth/index.ts'
import type { LogEntry } from '../../src/http/logger.ts'
import { type SteppingClock, steppingClock } from '../../src/testing/stepping-clock.ts'
import { verifies } from '../requirements/requirements.ts'
import { initializeMessage, JSON_BOTH } from '../requirements/session.ts'
import { Issuer, makeKey } from './issuer.ts'
import { closing, serving, whoServer } from './serving.ts'

const RESOURCE = 'https://mcp.example.com/mcp'
const MINUTE = 60_000

let issuer: Issuer
beforeEach(async () => {
  issuer = await Issuer.start()
})
afterEach(() => issuer.close())

/** A server whose clock the test moves. */
function clocked(options: Partial<JwtOptions> = {}) {
  const clock: SteppingClock = steppingClock()
  const log: LogEntry[] = []
  const auth = jwt({ issuer: issuer.issuer, resource: RESOURCE, ...options })
  const platform = { ...webPlatform, now: clock.now, setTimer: clock.setTimer }
  const handle = closing(handlerOn(whoServer(), { auth, logger: (entry) => log.push(entry) }, platform))
  const ask = (token: string): Promise<Response> =>
    handle(
      new Request('http://localhost/mcp', {
        method: 'POST',
        headers: { ...JSON_BOTH, authorization: `Bearer ${token}` },
        body: JSON.stringify(initializeMessage()),
      }),
    )
  return { clock, log, ask, status: async (token: string) => (await ask(token)).status }
}

/** A token that lasts as long as the test's clock may go. */
const lasting = (changes = {}, settings = {}): Promise<string> =>
  issuer.token(RESOURCE, { exp: Math.floor(Date.now() / 1000) + 86_400, ...changes }, settings)

describe('metadata of the issuer', () => {
  test.each([
    ['', '/.well-known/oauth-authorization-server'],
    ['', '/.well-known/openid-configuration'],
    ['/', '/.well-known/openid-configuration'],
    ['/realms/one', '/.well-known/oauth-authorization-server/realms/one'],
    ['/realms/one', '/.well-known/openid-configuration/realms/one'],
    ['/realms/one', '/realms/one/.well-known/openid-configuration'],
    ['/oauth2/default/', '/oauth2/default/.well-known/openid-configuration'],
  ])('of an issuer with the path "%s" are found at %s', async (path, at) => {
    const tenant = closing(await Issuer.start(path))
    tenant.answers.set(`${path.replace(/\/$/, '')}/.well-known/openid-configuration`, { status: 404 })
    tenant.answers.set(at, { body: tenant.metadata() })
    const { status } = clocked({ issuer: tenant.issuer })
    expect(await status(await tenant.token(RESOURCE))).toBe(200)
    expect(tenant.requested(at)).toBe(1)
  })

  test.each<[string, RegExp, (metadata: Record<string, unknown>) => object]>([
    [
      'of another issuer',
      /is of the issuer "https:\/\/evil.example"/,
      (all) => ({ ...all, issuer: 'https://evil.example' }),
    ],
    ['of this issuer with a slash', /is of the issuer/, (all) => ({ ...all, issuer: `${all['issuer']}/` })],
    ['without keys', /has no jwks_uri/, (all) => ({ ...all, jwks_uri: undefined })],
    ['with keys over http', /https/, (all) => ({ ...all, jwks_uri: 'http://keys.example/keys' })],
    ['with keys in a file', /https/, (all) => ({ ...all, jwks_uri: 'file:///etc/keys' })],
    ['that are a list', /answered 200/, () => []],
  ])('%s keep the server from starting, with a sentence', async (_, sentence, change) => {
    verifies('AUTH-11')
    issuer.answers.set('/.well-known/openid-configuration', { body: change(issuer.metadata()) })
    await expect(serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }))).rejects.toThrow(sentence)
  })

  test('none at all keep it from starting, and the sentence says where they were looked for', async () => {
    issuer.answers.set('/.well-known/openid-configuration', { status: 404, body: 'nothing' })
    const start = serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }))
    await expect(start).rejects.toThrow(/oauth-authorization-server answered 404.*openid-configuration answered 404/)
  })

  test('are not needed where the keys are named', async () => {
    const { status } = clocked({ jwksUri: `${issuer.origin}/keys` })
    expect(await status(await issuer.token(RESOURCE))).toBe(200)
    expect(issuer.requests).toEqual(['/keys'])
  })

  test('redirects are not followed', async () => {
    const elsewhere = closing(await Issuer.start())
    issuer.answers.set('/.well-known/openid-configuration', {
      status: 302,
      headers: { location: `${elsewhere.origin}/.well-known/openid-configuration` },
    })
    await expect(serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }))).rejects.toThrow(/answered 302/)
    expect(elsewhere.requests).toEqual([])
  })
})

describe('keys that change', () => {
  test('a new key is fetched when the first token names it', async () => {
    const { status } = clocked()
    expect(await status(await issuer.token(RESOURCE))).toBe(200)
    const second = await makeKey('second')
    issuer.keys.push(second)
    const { clock, ...later } = clocked()
    expect(await later.status(await issuer.token(RESOURCE))).toBe(200)
    issuer.keys.splice(0, 2, await makeKey('third'))
    await clock.advance(10_000)
    expect(await later.status(await issuer.token(RESOURCE))).toBe(200)
  })

  test('also when no token names its key', async () => {
    const unnamed = { header: { kid: undefined } }
    const { clock, status } = clocked()
    expect(await status(await issuer.token(RESOURCE, {}, unnamed))).toBe(200)
    issuer.keys.splice(0, 1, await makeKey('next'), await makeKey('after'))
    expect(await status(await issuer.token(RESOURCE, {}, unnamed))).toBe(401)
    await clock.advance(10_000)
    expect(await status(await issuer.token(RESOURCE, {}, { key: issuer.keys[1]!, ...unnamed }))).toBe(200)
    expect(issuer.requested('/keys')).toBe(2)
  })

  test('tokens with keys that do not exist cause one request in ten seconds, whoever makes how many', async () => {
    const { clock, status } = clocked()
    expect(await status(await issuer.token(RESOURCE))).toBe(200)
    const stranger = await makeKey('none')
    await clock.advance(10_000)
    const forged = await Promise.all(
      Array.from({ length: 50 }, (_, at) =>
        issuer.token(RESOURCE, {}, { key: stranger, header: { kid: `none-${at}` } }),
      ),
    )
    expect(new Set(await Promise.all(forged.map(status)))).toEqual(new Set([401]))
    expect(issuer.requested('/keys')).toBe(2)
    for (const token of forged) await status(token)
    expect(issuer.requested('/keys')).toBe(2)
    await clock.advance(10_000)
    await status(forged[0]!)
    expect(issuer.requested('/keys')).toBe(3)
  })

  test('a key that its issuer withdraws stops working within a quarter of an hour', async () => {
    const { clock, status } = clocked()
    const token = await lasting()
    expect(await status(token)).toBe(200)
    issuer.keys.splice(0, 1, await makeKey('next'))
    let minutes = 0
    while ((await status(token)) === 200 && minutes < 60) {
      await clock.advance(MINUTE)
      // The renewal runs beside the request that found the keys old.
      await status(await lasting())
      minutes++
    }
    expect(minutes).toBeGreaterThan(1)
    expect(minutes).toBeLessThanOrEqual(15)
  })

  test('many clients at once cause one request', async () => {
    const { status } = clocked()
    const tokens = await Promise.all(
      Array.from({ length: 40 }, (_, at) => issuer.token(RESOURCE, { sub: `user-${at}` })),
    )
    expect(new Set(await Promise.all(tokens.map(status)))).toEqual(new Set([200]))
    expect(issuer.requested('/keys')).toBe(1)
  })
})

describe('an issuer that can not be reached', () => {
  const down = { status: 503, body: 'down' }

  test('at the start: the server starts and says so, refuses with 503 until it comes, and then serves', async () => {
    issuer.answers.set('/.well-known/openid-configuration', down)
    const { clock, log, ask, status } = clocked()
    const token = await issuer.token(RESOURCE)
    const refused = await ask(token)
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '5'])
    expect(await refused.text()).not.toContain(issuer.origin)
    expect(log).toContainEqual(expect.objectContaining({ error: expect.stringContaining(issuer.issuer) }))
    const before = issuer.requests.length
    for (let at = 0; at < 30; at++) expect(await status(token)).toBe(503)
    expect(issuer.requests.length).toBe(before)
    expect(log).toHaveLength(1)
    issuer.answers.clear()
    await clock.advance(2_000)
    expect(await status(token)).toBe(200)
  })

  test('one that never answers costs 5 seconds, not for ever', async () => {
    issuer.answers.set('/.well-known/oauth-authorization-server', 'silence')
    const { clock, status, log } = clocked()
    const answer = status(await issuer.token(RESOURCE))
    await clock.advance(4_900)
    expect(await Promise.race([answer, 'waiting'])).toBe('waiting')
    await clock.advance(200)
    expect(await answer).toBe(503)
    expect(log[0]).toMatchObject({ cause: expect.stringContaining('No answer within 5000 ms') })
  })

  test('one that is not there at all is named in the log', async () => {
    const gone = await Issuer.start()
    await gone.close()
    const { log, status } = clocked({ issuer: gone.issuer })
    expect(await status(await gone.token(RESOURCE))).toBe(503)
    expect(log[0]).toMatchObject({ cause: expect.stringMatching(/can not be reached.*ECONNREFUSED/) })
  })

  test('later: known keys work for an hour after they were last fetched', async () => {
    const { clock, status } = clocked()
    const token = await lasting()
    expect(await status(token)).toBe(200)
    issuer.answers.set('/keys', down)
    for (let minutes = 0; minutes < 59; minutes++) {
      await clock.advance(MINUTE)
      expect(await status(token), `after ${minutes} minutes`).toBe(200)
    }
    await clock.advance(6 * MINUTE)
    expect(await status(token)).toBe(503)
    issuer.answers.clear()
    await clock.advance(2_000)
    expect(await status(token)).toBe(200)
  })

  test('a token with an unknown key may be good: 503, not 401', async () => {
    const { clock, status } = clocked()
    expect(await status(await issuer.token(RESOURCE))).toBe(200)
    issuer.answers.set('/keys', down)
    await clock.advance(10_000)
    expect(await status(await issuer.token(RESOURCE, {}, { key: await makeKey('new') }))).toBe(503)
  })

  test.each<[string, object]>([
    ['too large', { body: { keys: [], padding: 'x'.repeat(600_000) } }],
    ['too many', { body: { keys: Array.from({ length: 101 }, () => ({ kty: 'RSA' })) } }],
    ['no keys', { body: { keys: 'all' } }],
    ['no JSON', { body: '<html>' }],
    ['an error', { status: 418, body: { keys: [] } }],
  ])('keys that are %s are none', async (_, answer) => {
    const { clock, status } = clocked()
    expect(await status(await issuer.token(RESOURCE))).toBe(200)
    issuer.answers.set('/keys', answer)
    await clock.advance(10_000)
    expect(await status(await issuer.token(RESOURCE, {}, { key: await makeKey('new') }))).toBe(503)
    expect(await status(await issuer.token(RESOURCE, { sub: 'bob' }))).toBe(200)
  })
})
