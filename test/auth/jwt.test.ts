/** `jwt`: which tokens are accepted, and what the others are told. */
import { createHmac } from 'node:crypto'
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { type JwtOptions, jwt } from '../../src/auth/index.ts'
import { createServer } from '../../src/index.ts'
import { verifies } from '../requirements/requirements.ts'
import { open } from '../requirements/session.ts'
import { Issuer, makeKey } from './issuer.ts'
import { bearer, challengeIn, closing, knock, type Served, serving } from './serving.ts'

const RESOURCE = 'https://mcp.example.com/mcp'

let issuer: Issuer
let served: Served
beforeAll(async () => {
  issuer = closing(await Issuer.start())
  served = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }))
})

/** How a request with this token is answered. */
async function statusOf(token: string, at = served): Promise<[number, string | undefined]> {
  const reply = await knock(at.url, bearer(token))
  return [reply.status, reply.status === 200 ? undefined : challengeIn(reply)['error']]
}
const ACCEPTED = [200, undefined]
const REFUSED = [401, 'invalid_token']

const seconds = (offset: number): number => Math.floor(Date.now() / 1000) + offset

describe('a token of the issuer, for this server', () => {
  test('is let in, and handlers see who it speaks for', async () => {
    verifies('AUTH-05', 'AUTH-06')
    const exp = seconds(300)
    const token = await issuer.token(RESOURCE, { scope: 'files:read files:write', exp, org: 'lovelace' })
    const session = await open(served.url, { headers: bearer(token) })
    expect(JSON.parse(await session.text('who'))).toMatchObject({
      issuer: issuer.issuer,
      subject: 'ada',
      clientId: 'client-1',
      audience: RESOURCE,
      scopes: ['files:read', 'files:write'],
      expiresAt: exp * 1000,
      claims: { org: 'lovelace' },
    })
  })

  test('is looked at once, and then known', async () => {
    const token = await issuer.token(RESOURCE)
    const before = issuer.requests.length
    for (let at = 0; at < 20; at++) expect(await statusOf(token)).toEqual(ACCEPTED)
    expect(issuer.requests.length).toBe(before)
    expect(served.counters().cachedTokens).toBeGreaterThan(0)
  })

  test('may have several audiences, and the scheme any case', async () => {
    const token = await issuer.token(RESOURCE, { aud: ['https://other.example', 'HTTPS://MCP.example.com/mcp/'] })
    expect((await knock(served.url, { authorization: `bearer ${token}` })).status).toBe(200)
  })

  test.each(['RS256', 'PS512', 'ES384', 'EdDSA'])('may be signed with %s', async (alg) => {
    const other = closing(await Issuer.start())
    other.keys.splice(0, 1, await makeKey('one', alg))
    const at = await serving(jwt({ issuer: other.issuer, resource: RESOURCE }))
    expect(await statusOf(await other.token(RESOURCE), at)).toEqual(ACCEPTED)
  })

  test('may name no key, where several could be meant', async () => {
    const other = closing(await Issuer.start())
    other.keys.push(await makeKey('second'), await makeKey('third'))
    const at = await serving(jwt({ issuer: other.issuer, resource: RESOURCE }))
    const unnamed = { header: { kid: undefined } }
    expect(await statusOf(await other.token(RESOURCE, {}, { key: other.keys[2]!, ...unnamed }), at)).toEqual(ACCEPTED)
    const stranger = await makeKey('stranger')
    expect(await statusOf(await other.token(RESOURCE, {}, { key: stranger, ...unnamed }), at)).toEqual(REFUSED)
  })
})

test('no token is passed on: neither handlers nor the issuer get it', async () => {
  verifies('AUTH-07', 'SBP-01')
  const seen: unknown[] = []
  const server = createServer({ name: 'curious', version: '1.0.0' })
  server.tool('look', {}, (_, ctx) => {
    const names = ['authorization', 'Authorization', 'AUTHORIZATION']
    seen.push(ctx.auth, ...names.map((name) => [ctx.request.headers.get(name), ctx.request.headers.has(name)]))
    return String(ctx.request.headers.get('accept'))
  })
  const { url } = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }), server)
  const token = await issuer.token(RESOURCE)
  const session = await open(url, { headers: bearer(token) })
  expect(await session.text('look')).toContain('text/event-stream')
  expect(seen.slice(1)).toEqual([
    [undefined, false],
    [undefined, false],
    [undefined, false],
  ])
  expect(JSON.stringify(seen)).not.toContain(token)
  expect(JSON.stringify(issuer.requests)).not.toContain(token)
})

describe('every other token is refused with 401', () => {
  test.each<[string, Parameters<Issuer['token']>[1]]>([
    ['expired', { exp: seconds(-60) }],
    ['without an expiry', { exp: undefined }],
    ['with an expiry that is no number', { exp: 'tomorrow' as never }],
    ['not valid yet', { nbf: seconds(120) }],
    ['for another server', { aud: 'https://mcp.example.com/other' }],
    ['for the host only', { aud: 'https://mcp.example.com' }],
    ['for another scheme', { aud: 'http://mcp.example.com/mcp' }],
    ['for a longer path', { aud: `${RESOURCE}/more` }],
    ['for nobody', { aud: undefined }],
    ['for an empty list', { aud: [] }],
    ['for an object', { aud: { [RESOURCE]: true } as never }],
    ['of another issuer', { iss: 'https://issuer.example' }],
    ['of nearly this issuer', { iss: 'ISSUER/' }],
    ['of no issuer', { iss: undefined }],
    ['bound to a key (DPoP)', { cnf: { jkt: '0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I' } }],
    ['bound to a certificate', { cnf: { 'x5t#S256': 'A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0' } }],
    ['that speaks for nobody', { sub: undefined, client_id: undefined }],
    ['that speaks for an object', { sub: { name: 'ada' } as never, client_id: undefined }],
  ])('%s', async (_, claims) => {
    verifies('AUTH-05', 'AUTH-06', 'AUTH-07', 'AUTH-08')
    const changes = claims?.iss === 'ISSUER/' ? { iss: `${issuer.issuer}/` } : claims
    const token = await issuer.token(RESOURCE, changes)
    const reply = await knock(served.url, bearer(token))
    expect(reply.status).toBe(401)
    expect(challengeIn(reply)).toMatchObject({ scheme: 'Bearer', error: 'invalid_token' })
    expect(await reply.text()).not.toContain(token)
  })

  test('the tolerance of clocks is 30 s and can be changed', async () => {
    const late = await issuer.token(RESOURCE, { exp: seconds(-20) })
    expect(await statusOf(late)).toEqual(ACCEPTED)
    const strict = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE, clockTolerance: 0 }))
    expect(await statusOf(late, strict)).toEqual(REFUSED)
  })

  test.each(['logout+jwt', 'secevent+jwt', 'dpop+jwt'])('of the type %s', async (typ) => {
    expect(await statusOf(await issuer.token(RESOURCE, {}, { header: { typ } }))).toEqual(REFUSED)
  })

  test.each(['application/at+jwt', 'AT+JWT', 'JWT', undefined])('but not of the type %s', async (typ) => {
    expect(await statusOf(await issuer.token(RESOURCE, {}, { header: { typ } }))).toEqual(ACCEPTED)
  })
})

describe('forged tokens', () => {
  const claims = () => ({
    iss: issuer.issuer,
    sub: 'admin',
    aud: RESOURCE,
    exp: seconds(600),
  })

  test('unsigned', async () => {
    const unsigned = new UnsecuredJWT(claims()).encode()
    expect(await statusOf(unsigned)).toEqual(REFUSED)
    for (const alg of ['none', 'None', 'NONE', 'nOnE']) {
      const header = Buffer.from(JSON.stringify({ alg, kid: 'first' })).toString('base64url')
      const [, payload] = unsigned.split('.')
      expect(await statusOf(`${header}.${payload}.`), alg).toEqual(REFUSED)
      expect(await statusOf(`${header}.${payload}.AAAA`), alg).toEqual(REFUSED)
    }
  })

  test('signed with the public key as if it were a shared secret', async () => {
    const rsa = closing(await Issuer.start())
    rsa.keys.splice(0, 1, await makeKey('rsa', 'RS256'))
    const at = await serving(jwt({ issuer: rsa.issuer, resource: RESOURCE }))
    const { jwk } = rsa.keys[0]!
    const pem = await exportSPKI((await importJWK(jwk, 'RS256', { extractable: true })) as CryptoKey)
    for (const secret of [pem, pem.trim(), JSON.stringify(jwk), jwk.n!]) {
      for (const [alg, hash] of [
        ['HS256', 'sha256'],
        ['HS512', 'sha512'],
      ] as const) {
        const signed = [
          { alg, kid: 'rsa' },
          { ...claims(), iss: rsa.issuer },
        ]
          .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
          .join('.')
        const signature = createHmac(hash, secret).update(signed).digest('base64url')
        expect(await statusOf(`${signed}.${signature}`, at)).toEqual(REFUSED)
      }
    }
  })

  test('signed with a key of their own, which they bring along or point to', async () => {
    const own = await makeKey('first')
    const evil = closing(await Issuer.start())
    evil.keys.splice(0, 1, own)
    const headers: Record<string, unknown>[] = [
      {},
      { jwk: own.jwk },
      { jku: `${evil.origin}/keys` },
      { x5u: `${evil.origin}/keys` },
      { x5c: ['MIIB'] },
      { jku: `${evil.origin}/keys`, kid: 'other' },
      { kid: '../../../dev/null' },
      { kid: "' OR 1=1 --" },
      { kid: '' },
      { kid: 'x'.repeat(4000) },
      { kid: '__proto__' },
      { kid: { toString: 'first' } },
    ]
    for (const header of headers) {
      const token = await new SignJWT(claims())
        .setProtectedHeader({ alg: own.alg, kid: own.kid, ...header } as never)
        .sign(own.privateKey)
      expect(await statusOf(token), JSON.stringify(header)).toEqual(REFUSED)
    }
    expect(evil.requests).toEqual([])
  })

  test('with header parameters that must be understood', async () => {
    const key = issuer.keys[0]!
    for (const header of [
      { crit: ['exp'], exp: 1 },
      { crit: ['b64'], b64: false },
      { crit: [] },
      { crit: ['urn:example:strict'], 'urn:example:strict': true },
    ]) {
      const parts = [{ alg: key.alg, kid: key.kid, ...header }, claims()].map((part) =>
        Buffer.from(JSON.stringify(part)).toString('base64url'),
      )
      const data = new TextEncoder().encode(parts.join('.'))
      const signature = await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key.privateKey, data)
      const token = `${parts.join('.')}.${Buffer.from(signature).toString('base64url')}`
      expect(await statusOf(token), JSON.stringify(header)).toEqual(REFUSED)
    }
  })

  test('altered in any character', async () => {
    const token = await issuer.token(RESOURCE)
    expect(await statusOf(token)).toEqual(ACCEPTED)
    for (let at = 0; at < token.length; at += 7) {
      const altered = token[at] === 'A' ? 'B' : 'A'
      const forged = `${token.slice(0, at)}${altered}${token.slice(at + 1)}`
      // The last character of each part may carry bits that no byte has.
      if (decoded(forged) === decoded(token)) continue
      const [status] = await statusOf(forged)
      expect(status, `character ${at}`).toBe(401)
    }
  })

  test('of other shapes', async () => {
    for (const token of ['a', 'a.b', 'a.b.c', '..', 'e30.e30.e30', 'a.b.c.d.e', `${'x'.repeat(3000)}.e30.e30`]) {
      expect(await statusOf(token), token.slice(0, 20)).toEqual(REFUSED)
    }
  })
})

function decoded(token: string): string {
  return token
    .split('.')
    .map((part) => Buffer.from(part, 'base64url').toString('hex'))
    .join('.')
}

describe('a request without a token that could be one', () => {
  test('no credentials: 401 without an error code', async () => {
    const reply = await knock(served.url)
    expect(reply.status).toBe(401)
    expect(challengeIn(reply)).toEqual({
      scheme: 'Bearer',
      resource_metadata: 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp',
    })
  })

  test('credentials of another scheme are none', async () => {
    for (const authorization of ['Basic YTpi', 'Bearerabc', 'DPoPabc', 'Negotiate']) {
      const reply = await knock(served.url, { authorization })
      expect([reply.status, challengeIn(reply)['error']]).toEqual([401, undefined])
    }
  })

  test('a malformed header, or two: 400', async () => {
    verifies('AUTH-08')
    const token = await issuer.token(RESOURCE)
    for (const authorization of [
      'Bearer',
      'Bearer  ',
      `Bearer ${token} x`,
      `Bearer ${token}, Bearer ${token}`,
      'Bearer "x"',
    ]) {
      const reply = await knock(served.url, { authorization })
      expect([reply.status, challengeIn(reply)['error']], authorization).toEqual([400, 'invalid_request'])
    }
    const twice = await knock(served.url, { authorization: [`Bearer ${token}`, `Bearer ${token}`] as never })
    expect(twice.status).toBe(400)
  })

  test('a token in the query is none', async () => {
    verifies('AUTH-10')
    const token = await issuer.token(RESOURCE)
    const reply = await knock(`${served.url}?access_token=${token}`)
    expect([reply.status, challengeIn(reply)['error']]).toEqual([401, undefined])
  })
})

describe('settings', () => {
  const good = { issuer: 'https://login.example.com', resource: RESOURCE }
  test.each<[RegExp, Partial<Record<keyof JwtOptions, unknown>>]>([
    [/issuer/, { ...good, issuer: undefined }],
    [/issuer/, { ...good, issuer: 'login.example.com' }],
    [/https/, { ...good, issuer: 'http://login.example.com' }],
    [/issuer/, { ...good, issuer: 'https://login.example.com?x=1' }],
    [/algorithms/, { ...good, algorithms: ['none'] }],
    [/algorithms/, { ...good, algorithms: ['HS256'] }],
    [/algorithms/, { ...good, algorithms: [] }],
  ])('are refused where they are written: %s', (sentence, options) => {
    expect(() => jwt(options as unknown as JwtOptions)).toThrow(sentence)
  })

  test.each<[RegExp, Partial<JwtOptions>]>([
    [/https/, { resource: 'http://mcp.example.com/mcp' }],
    [/resource/, { resource: 'mcp.example.com' }],
    [/fragment/, { resource: 'https://mcp.example.com/mcp#x' }],
    [/scope/, { resource: RESOURCE, scopes: ['a b'] }],
    [/scope/, { resource: RESOURCE, scopes: ['a"'] }],
    [/offline_access/, { resource: RESOURCE, scopes: ['offline_access'] }],
  ])('are refused at the start: %s', async (sentence, options) => {
    await expect(serving(jwt({ issuer: issuer.issuer, ...options }))).rejects.toThrow(sentence)
  })

  test('algorithms can be narrowed', async () => {
    const narrow = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE, algorithms: ['RS256'] }))
    expect(await statusOf(await issuer.token(RESOURCE), narrow)).toEqual(REFUSED)
  })
})
