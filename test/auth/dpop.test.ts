/** Tokens that are bound to a key: what a proof has to say, and what a thief can do with a token. */
import { createHash, randomUUID } from 'node:crypto'
import { calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK, type JWTPayload, SignJWT } from 'jose'
import { beforeAll, describe, expect, test } from 'vitest'
import { jwt } from '../../src/auth/index.ts'
import { onOneProcess, REPLICAS } from '../deployment.ts'
import { exchange } from '../requirements/http.ts'
import { initializeMessage, JSON_BOTH, open, post } from '../requirements/session.ts'
import { Issuer } from './issuer.ts'
import { bearer, challengeIn, closing, knock, read, type Served, serving } from './serving.ts'

const RESOURCE = 'https://mcp.example.com/mcp'

interface ClientKey {
  readonly privateKey: CryptoKey
  readonly jwk: JWK
  readonly thumbprint: string
}

async function makeClientKey(alg = 'ES256'): Promise<ClientKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true })
  const jwk = await exportJWK(publicKey)
  return { privateKey, jwk, thumbprint: await calculateJwkThumbprint(jwk) }
}

let issuer: Issuer
let served: Served
let key: ClientKey
let token: string
beforeAll(async () => {
  issuer = closing(await Issuer.start())
  served = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE }))
  key = await makeClientKey()
  token = await issuer.token(RESOURCE, { cnf: { jkt: key.thumbprint } })
})

/** A proof for a POST with the token, with changes; a claim set to `undefined` is left out. */
async function proof(changes: JWTPayload = {}, header: object = {}, by: ClientKey = key): Promise<string> {
  const ath = createHash('sha256').update(token).digest('base64url')
  const usual = { jti: randomUUID(), htm: 'POST', htu: RESOURCE, iat: Math.floor(Date.now() / 1000), ath }
  const payload = JSON.parse(JSON.stringify({ ...usual, ...changes })) as JWTPayload
  const protectedHeader = { typ: 'dpop+jwt', alg: 'ES256', jwk: by.jwk, ...header }
  return await new SignJWT(payload).setProtectedHeader(protectedHeader).sign(by.privateKey)
}
const bound = (dpop: string | undefined, text = token) => ({ authorization: `DPoP ${text}`, dpop })

test('a token and a proof of its key are let in, with every request a new one', async () => {
  for (let at = 0; at < 3; at++) expect((await knock(served.url, bound(await proof()))).status).toBe(200)
  for (const alg of ['RS256', 'PS256', 'EdDSA']) {
    const other = await makeClientKey(alg)
    const text = await issuer.token(RESOURCE, { cnf: { jkt: other.thumbprint } })
    const ath = createHash('sha256').update(text).digest('base64url')
    expect((await knock(served.url, bound(await proof({ ath }, { alg }, other), text))).status, alg).toBe(200)
  }
})

test('the URL may be that of the resource or the one that was asked for, without its query', async () => {
  for (const htu of [`${RESOURCE}/`, 'HTTPS://MCP.example.com/mcp', `${RESOURCE}?x=1`, `${RESOURCE}#x`]) {
    expect((await knock(served.url, bound(await proof({ htu })))).status, htu).toBe(200)
  }
  const wide = await serving(jwt({ issuer: issuer.issuer, resource: 'https://mcp.example.com' }))
  const text = await issuer.token('https://mcp.example.com', { cnf: { jkt: key.thumbprint } })
  const ath = createHash('sha256').update(text).digest('base64url')
  expect((await knock(wide.url, bound(await proof({ ath }), text))).status).toBe(200)
})

describe('a proof is refused', () => {
  const now = () => Math.floor(Date.now() / 1000)
  test.each<[string, () => Promise<string>]>([
    ['for another method', () => proof({ htm: 'GET' })],
    ['for a method in lower case', () => proof({ htm: 'post' })],
    ['for another path', () => proof({ htu: 'https://mcp.example.com/other' })],
    ['for another host', () => proof({ htu: 'https://evil.example/mcp' })],
    ['for another scheme', () => proof({ htu: 'http://mcp.example.com/mcp' })],
    ['for another token', () => proof({ ath: createHash('sha256').update('other').digest('base64url') })],
    ['that is old', () => proof({ iat: now() - 120 })],
    ['of the future', () => proof({ iat: now() + 120 })],
    ['without a time', () => proof({ iat: undefined })],
    ['without an id', () => proof({ jti: undefined })],
    ['with an endless id', () => proof({ jti: 'x'.repeat(1_000) })],
    ['without a token', () => proof({ ath: undefined })],
    ['without a method', () => proof({ htm: undefined })],
    ['without a URL', () => proof({ htu: undefined })],
    ['of another type', () => proof({}, { typ: 'JWT' })],
    ['without a key', () => proof({}, { jwk: undefined })],
    ['with the key of somebody else', async () => proof({}, { jwk: (await makeClientKey()).jwk })],
    ['by the key of somebody else', async () => proof({}, {}, await makeClientKey())],
    ['with a private key', async () => proof({}, { jwk: await exportJWK(key.privateKey) })],
    ['with a shared secret', () => proof({}, { jwk: { kty: 'oct', k: 'c2VjcmV0' } })],
    ['that is no JWT', async () => 'x.y.z'],
    ['twice', async () => `${await proof()}, ${await proof()}`],
  ])('%s', async (_, make) => {
    const reply = await knock(served.url, bound(await make()))
    expect(reply.status).toBe(401)
    expect(challengeIn(reply)).toMatchObject({
      scheme: 'DPoP',
      error: 'invalid_dpop_proof',
      algs: expect.stringContaining('ES256'),
    })
  })

  onOneProcess('each process remembers the proofs that it took (docs/limits.md)', () => {
    test('when it comes again', async () => {
      const once = await proof()
      expect((await knock(served.url, bound(once))).status).toBe(200)
      for (let at = 0; at < 3; at++) {
        const reply = await knock(served.url, bound(once))
        expect([reply.status, challengeIn(reply)['error']]).toEqual([401, 'invalid_dpop_proof'])
      }
    })
  })

  test('when there is none', async () => {
    expect((await knock(served.url, bound(undefined))).status).toBe(401)
  })
})

describe('a thief', () => {
  test('can not use the token as a bearer token', async () => {
    const reply = await knock(served.url, bearer(token))
    expect([reply.status, challengeIn(reply)['error']]).toEqual([401, 'invalid_token'])
  })

  test('can not bind a token that is not bound to a key of his own', async () => {
    const plain = await issuer.token(RESOURCE)
    const ath = createHash('sha256').update(plain).digest('base64url')
    expect((await knock(served.url, bound(await proof({ ath }), plain))).status).toBe(401)
    expect((await knock(served.url, bearer(plain))).status).toBe(200)
  })

  test('can not use the session', async () => {
    const headers = bound(await proof())
    const reply = await post(served.url, initializeMessage(), { ...JSON_BOTH, ...headers })
    const id = String(reply.headers['mcp-session-id'])
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const as = (more: object) => post(served.url, ping, { ...JSON_BOTH, 'mcp-session-id': id, ...more })
    expect((await as(bound(await proof()))).status).toBe(200)
    if (REPLICAS === 1) expect((await as(headers)).status).toBe(401)
    const stolen = bound(await proof({}, {}, await makeClientKey()))
    expect((await as(stolen)).status).toBe(401)
    const get = await exchange(served.url, {
      method: 'GET',
      headers: { accept: 'text/event-stream', 'mcp-session-id': id, ...bound(await proof({ htm: 'GET' })) },
    })
    expect(get.status).toBe(200)
    get.cut()
  })
})

test('a server may take nothing else, and says so', async () => {
  const strict = await serving(jwt({ issuer: issuer.issuer, resource: RESOURCE, scopes: ['mcp'], dpop: 'required' }))
  const metadata = await read(`${strict.origin}/.well-known/oauth-protected-resource`)
  expect(metadata).toMatchObject({ dpop_bound_access_tokens_required: true })
  expect(challengeIn(await knock(strict.url))).toMatchObject({
    scheme: 'DPoP',
    scope: 'mcp',
    resource_metadata: expect.stringContaining('https'),
  })
  expect((await knock(strict.url, bearer(await issuer.token(RESOURCE, { scope: 'mcp' })))).status).toBe(401)
  expect((await knock(strict.url, bound(await proof()))).status).toBe(403)
  const text = await issuer.token(RESOURCE, { scope: 'mcp', cnf: { jkt: key.thumbprint } })
  const ath = createHash('sha256').update(text).digest('base64url')
  expect((await knock(strict.url, bound(await proof({ ath }), text))).status).toBe(200)
})

test('handlers see who it is', async () => {
  const session = await open(served.url, { headers: bound(await proof()), initialized: false })
  const fresh = session.with(bound(await proof()))
  expect(JSON.parse(await fresh.text('who'))).toMatchObject({
    subject: 'ada',
    claims: { cnf: { jkt: key.thumbprint } },
  })
})
