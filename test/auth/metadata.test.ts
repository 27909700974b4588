/** What is published about a protected server, where, and how challenges lead there. */
import { createServer as createHttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express from 'express'
import Fastify from 'fastify'
import { Hono } from 'hono'
import { beforeAll, describe, expect, test } from 'vitest'
import { expressHandler } from '../../src/adapters/express.ts'
import { fastifyPlugin } from '../../src/adapters/fastify.ts'
import { fetchHandler } from '../../src/adapters/fetch.ts'
import { honoHandler } from '../../src/adapters/hono.ts'
import { bearer as bearerScheme, type JwtOptions, jwt } from '../../src/auth/index.ts'
import { onOneProcess } from '../deployment.ts'
import { exchange } from '../requirements/http.ts'
import { verifies } from '../requirements/requirements.ts'
import { initializeMessage, JSON_BOTH } from '../requirements/session.ts'
import { Issuer } from './issuer.ts'
import { bearer, challengeIn, closing, knock, read, serving, whoServer } from './serving.ts'

const WELL_KNOWN = '/.well-known/oauth-protected-resource'
const RESOURCE = 'https://mcp.example.com/tools/mcp'

let issuer: Issuer
beforeAll(async () => {
  issuer = closing(await Issuer.start())
})
const protect = (options: Partial<JwtOptions> = {}) => jwt({ issuer: issuer.issuer, resource: RESOURCE, ...options })

test('is at the path of the resource and at the root, and says what RFC 9728 and MCP ask for', async () => {
  verifies('AUTH-01', 'AUTH-02')
  const { origin } = await serving(
    protect({
      scopes: ['files:read'],
      scopesSupported: ['files:read', 'files:write'],
      metadata: { resource_name: 'Files' },
    }),
  )
  for (const path of [WELL_KNOWN, `${WELL_KNOWN}/`, `${WELL_KNOWN}/tools/mcp`, `${WELL_KNOWN}/tools/mcp/`]) {
    expect(await read(origin + path), path).toEqual({
      resource: RESOURCE,
      authorization_servers: [issuer.issuer],
      scopes_supported: ['files:read', 'files:write'],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: expect.arrayContaining(['ES256', 'EdDSA']),
      resource_name: 'Files',
    })
  }
  for (const path of [`${WELL_KNOWN}/other`, `${WELL_KNOWN}x`, `${WELL_KNOWN}/tools`, `${WELL_KNOWN}/tools/mcp/x`]) {
    expect((await exchange(origin + path, { method: 'GET' })).status, path).toBe(404)
  }
  expect((await exchange(origin + WELL_KNOWN, { method: 'POST', body: '{}' })).status).toBe(405)
})

test('the challenge leads to it, and names the scopes', async () => {
  verifies('AUTH-03', 'AUTH-04')
  const { url } = await serving(protect({ scopes: ['files:read', 'mcp'] }))
  const reply = await knock(url)
  expect(reply.status).toBe(401)
  expect(challengeIn(reply)).toEqual({
    scheme: 'Bearer',
    scope: 'files:read mcp',
    resource_metadata: `https://mcp.example.com${WELL_KNOWN}/tools/mcp`,
  })
  const lacking = await knock(url, bearer(await issuer.token(RESOURCE, { scope: 'mcp' })))
  expect(lacking.status).toBe(403)
  expect(challengeIn(lacking)).toMatchObject({ error: 'insufficient_scope', scope: 'files:read mcp' })
  const granted = await knock(url, bearer(await issuer.token(RESOURCE, { scp: ['mcp', 'files:read'] })))
  expect(granted.status).toBe(200)
})

test('a resource without a path has its metadata at the root', async () => {
  const { url, origin } = await serving(protect({ resource: 'https://mcp.example.com' }))
  expect(challengeIn(await knock(url))['resource_metadata']).toBe(`https://mcp.example.com${WELL_KNOWN}`)
  expect(await read(origin + WELL_KNOWN)).toMatchObject({ resource: 'https://mcp.example.com' })
  for (const aud of ['https://mcp.example.com', 'https://mcp.example.com/']) {
    expect((await knock(url, bearer(await issuer.token(aud)))).status).toBe(200)
  }
})

test('a proxy that owns the well-known path of its host can be led around', async () => {
  const metadataUrl = `https://mcp.example.com/tools${WELL_KNOWN}`
  const { url, origin } = await serving(protect({ metadataUrl }))
  expect(challengeIn(await knock(url))['resource_metadata']).toBe(metadataUrl)
  // The proxy takes its prefix away.
  expect(await read(origin + WELL_KNOWN)).toMatchObject({ resource: RESOURCE })
})

onOneProcess('behind a balancer a server has to be told its name', () => {
  describe('on loopback the server knows its own name', () => {
    test('under each name of loopback', async () => {
      const { url, port } = await serving(jwt({ issuer: issuer.issuer }))
      for (const host of [`localhost:${port}`, `127.0.0.1:${port}`]) {
        const metadata = challengeIn(await knock(`http://${host}/mcp`.replace('localhost', '127.0.0.1'), { host }))
        expect(metadata['resource_metadata']).toBe(`http://${host}${WELL_KNOWN}/mcp`)
        const document = await read(`http://127.0.0.1:${port}${WELL_KNOWN}/mcp`, { host })
        expect(document).toMatchObject({ resource: `http://${host}/mcp`, authorization_servers: [issuer.issuer] })
        expect((await knock(url, bearer(await issuer.token(`http://${host}/mcp`)))).status).toBe(200)
      }
    })

    test('not under another port or path: those are other servers', async () => {
      const { url, port } = await serving(jwt({ issuer: issuer.issuer }))
      const others = [`http://localhost:${port + 1}/mcp`, `http://localhost:${port}/other`, `http://localhost:${port}`]
      for (const aud of others) {
        const headers = { ...bearer(await issuer.token(aud)), host: new URL(aud).host }
        expect((await knock(url, headers)).status, aud).toBe(401)
      }
      const forged = challengeIn(await knock(url, { host: `localhost:${port + 1}` }))
      expect(forged['resource_metadata']).toBe(`http://localhost:${port}${WELL_KNOWN}/mcp`)
    })

    test('a foreign page learns nothing', async () => {
      const { origin } = await serving(jwt({ issuer: issuer.issuer }))
      const reply = await exchange(origin + WELL_KNOWN, { method: 'GET', headers: { host: 'evil.example' } })
      expect(reply.status).toBe(403)
    })
  })
})

test('elsewhere it never comes from a request: the resource has to be said', async () => {
  const auth = jwt({ issuer: issuer.issuer })
  await expect(serving(auth, whoServer(), { host: '0.0.0.0' })).rejects.toThrow(/needs resource/)
  const handle = fetchHandler(whoServer(), { auth })
  await expect(handle(new Request('http://localhost/mcp', { method: 'POST' }))).rejects.toThrow(/needs resource/)
  const wide = await serving(protect(), whoServer(), { host: '0.0.0.0' })
  for (const host of ['evil.example', 'mcp.example.com:99', 'x"y']) {
    const headers = { host, 'x-forwarded-host': host, 'x-forwarded-proto': 'http', forwarded: `host=${host}` }
    const reply = await knock(wide.url, headers)
    expect(challengeIn(reply)['resource_metadata']).toBe(`https://mcp.example.com${WELL_KNOWN}/tools/mcp`)
    expect(await read(wide.origin + WELL_KNOWN, headers)).toMatchObject({ resource: RESOURCE })
  }
})

test('browsers may read it from any page, before anybody has rights', async () => {
  const { origin } = await serving(protect())
  const page = { origin: 'http://localhost:9999', 'access-control-request-method': 'GET' }
  const preflight = await exchange(origin + WELL_KNOWN, {
    method: 'OPTIONS',
    headers: { ...page, 'access-control-request-headers': 'mcp-protocol-version' },
  })
  expect(preflight.status).toBe(204)
  expect(preflight.headers['access-control-allow-headers']).toContain('mcp-protocol-version')
  const reply = await exchange(origin + WELL_KNOWN, { method: 'GET', headers: page })
  expect(reply.headers['access-control-allow-origin']).toBe('*')
})

test('there is none without OAuth', async () => {
  const { origin } = await serving((request) =>
    request.header('x-api-key') === 'k' ? { issuer: 'keys', subject: 'a' } : undefined,
  )
  expect((await exchange(origin + WELL_KNOWN, { method: 'GET' })).status).toBe(404)
})

test('a function that verifies tokens has all of this too', async () => {
  const auth = bearerScheme({
    issuer: 'https://login.example.com',
    resource: RESOURCE,
    scopes: ['mcp'],
    verify: (token, [resource]) =>
      token === 'good'
        ? { issuer: 'https://login.example.com', subject: 'ada', audience: resource!, scopes: ['mcp'] }
        : undefined,
  })
  const { url, origin } = await serving(auth)
  expect((await knock(url, bearer('good'))).status).toBe(200)
  expect(challengeIn(await knock(url, bearer('bad')))).toMatchObject({ error: 'invalid_token', scope: 'mcp' })
  expect(await read(origin + WELL_KNOWN)).toMatchObject({ authorization_servers: ['https://login.example.com'] })
})

describe('in frameworks the handler answers where it is mounted', () => {
  const init = (token?: string) => ({
    method: 'POST',
    headers: { ...JSON_BOTH, ...(token && { authorization: `Bearer ${token}` }) },
    body: JSON.stringify(initializeMessage()),
  })

  async function check(request: (path: string, init?: RequestInit) => Promise<Response>): Promise<void> {
    const refused = await request('/tools/mcp', init())
    expect(refused.status).toBe(401)
    const [, at = ''] = /resource_metadata="([^"]+)"/.exec(refused.headers.get('www-authenticate') ?? '') ?? []
    const document = await request(new URL(at).pathname, { headers: { accept: 'application/json' } })
    expect(await document.json()).toMatchObject({ resource: RESOURCE })
    expect((await request('/tools/mcp', init(await issuer.token(RESOURCE)))).status).toBe(200)
    expect((await request(`${WELL_KNOWN}/other`)).status).toBeGreaterThanOrEqual(400)
  }

  test('fetch and Hono', async () => {
    const handle = closing(fetchHandler(whoServer(), { auth: protect() }))
    await check((path, request) => handle(new Request(`http://localhost${path}`, request)))
    const hono = closing(honoHandler(whoServer(), { auth: protect() }))
    const app = new Hono().all('/tools/mcp', hono).get(`${WELL_KNOWN}/*`, hono)
    await check(async (path, request) => await app.request(path, request))
  })

  test('Fastify', async () => {
    const app = Fastify()
    closing({ close: () => app.close() })
    const plugin = fastifyPlugin(whoServer(), { auth: protect(), logger: () => {} })
    await app.register(plugin, { prefix: '/tools/mcp' })
    await app.register(plugin, { prefix: `${WELL_KNOWN}/tools/mcp` })
    const at = await app.listen({ port: 0, host: '127.0.0.1' })
    await check((path, request) => fetch(at + path, request))
  })

  test('Express', async () => {
    const app = express()
    const handle = closing(expressHandler(whoServer(), { auth: protect() }))
    app.use('/tools/mcp', handle)
    app.use(WELL_KNOWN, handle)
    const http = createHttpServer(app)
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
    closing({ close: async () => void http.close() })
    const { port } = http.address() as AddressInfo
    await check((path, request) => fetch(`http://127.0.0.1:${port}${path}`, request))
  })
})
