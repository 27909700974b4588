import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { networkInterfaces } from 'node:os'
import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { initializeMessage, JSON_BOTH, open, post } from './session.ts'
import { ADAPTERS, start } from './start.ts'

const server = createServer({ name: 'hosts', version: '1.0.0' })
server.tool('run', {}, async () => 'ran')

const METHODS = ['POST', 'GET', 'DELETE', 'OPTIONS', 'PUT', 'HEAD']

const BAD_HOSTS = [
  'evil.example.com',
  'evil.example.com:8000',
  'localhost.evil.com',
  '127.0.0.1.evil.com',
  'evil.com#localhost',
  'localhost@evil.com',
  '128.0.0.1',
  '10.0.0.1',
  '0.0.0.0',
  '[::]',
  '[::2]',
  '[::ffff:10.0.0.1]',
  'localhost:99999999',
  'localhost:',
  'localhost:x',
  '::1',
  'xn--localhost',
  'LOCALHOST.EVIL',
  '2130706433',
  '127.1',
  '127.0.0.1,evil.com',
]
const GOOD_HOSTS = [
  'localhost',
  'localhost:8000',
  'LocalHost',
  '127.0.0.1',
  '127.0.0.1:1',
  '127.9.9.9',
  '[::1]',
  '[::1]:8000',
  'localhost.',
  '127.0.0.1.',
]
const BAD_ORIGINS = [
  'http://evil.example.com',
  'https://evil.example.com',
  'null',
  'http://localhost.evil.com',
  'http://127.0.0.1.evil.com',
  'http://evil.com/localhost',
  'file://',
  'chrome-extension://abc',
  'http://localhost@evil.com',
  'http://10.0.0.1',
  'javascript:1',
  'localhost',
  '',
]
const GOOD_ORIGINS = [
  'http://localhost',
  'http://localhost:3000',
  'http://127.0.0.1:8000',
  'http://[::1]:1',
  'https://localhost',
]

// CVE-2025-66414, CVE-2025-66416, CVE-2026-34742, CVE-2026-35568, CVE-2026-42559, CVE-2025-9611: DNS rebinding works
// against a server that answers to any name. For the node adapter nothing is turned on: this is about the defaults.
// A fetch handler does not know where it listens, so it takes its names from `allowedHosts`.
const LOOPBACK = { security: { allowedHosts: ['localhost', '127.0.0.1', '[::1]'] } }

describe.each([
  ['node', {}],
  ['fetch', LOOPBACK],
] as const)('DNS rebinding (CVE-2025-66414), the %s adapter', (adapter, options) => {
  let url: string
  beforeAll(async () => {
    url = await start(server, options, adapter)
  })
  const send = (method: string, headers: object) => {
    const body = method === 'POST' ? JSON.stringify(initializeMessage()) : undefined
    return exchange(url, { method, headers: { ...JSON_BOTH, ...headers }, body })
  }

  test.each(LEGACY)('%s: in a session a foreign Origin is refused on every method', async (revision) => {
    verifies('HTTP-02', 'HTTP-03')
    const session = await open(url, { revision })
    const origin = 'http://evil.example.com'
    for (const reply of [
      await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'run' } }, { origin }),
      await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' }, { origin }),
      await session.get(undefined, { origin }),
      await session.delete({ origin }),
    ]) {
      expect(reply.status).toBe(403)
      expect(await reply.json()).toMatchObject({ error: { message: expect.stringContaining('allowedOrigins') } })
    }
    expect((await session.request('ping')).result).toEqual({})
  })

  test.each(METHODS)('%s: every bad Origin is answered 403', async (method) => {
    verifies('HTTP-02', 'HTTP-03')
    for (const origin of BAD_ORIGINS) {
      const reply = await send(method, { origin })
      expect([origin, reply.status]).toEqual([origin, 403])
      reply.cut()
    }
  })

  test.each(METHODS)('%s: every bad Host is refused', async (method) => {
    verifies('HTTP-02')
    for (const host of BAD_HOSTS) {
      const reply = await send(method, { host })
      // Some are not even HTTP, which is answered 400 before anything of ours runs.
      expect([host, reply.status === 403 || reply.status === 400]).toEqual([host, true])
      reply.cut()
    }
  })

  if (adapter === 'node') {
    test('names of this machine are served, from pages of this machine too', async () => {
      verifies('HTTP-02')
      for (const host of GOOD_HOSTS) {
        const reply = await send('POST', { host })
        expect([host, reply.status]).toEqual([host, 200])
        reply.cut()
      }
      for (const origin of GOOD_ORIGINS) {
        const reply = await send('POST', { origin })
        expect([origin, reply.status]).toEqual([origin, 200])
        reply.cut()
      }
    })
  }

  test('a request that a browser marks as cross-site is refused without an Origin too', async () => {
    verifies('HTTP-02')
    for (const method of ['POST', 'GET', 'DELETE'])
      expect((await send(method, { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    expect((await send('POST', { 'sec-fetch-site': 'same-origin' })).status).toBe(200)
  })

  test('the 403 names the option', async () => {
    const reply = await send('POST', { host: 'evil.example.com' })
    expect((await reply.json()).error!.message).toContain('allowedHosts')
  })
})

describe.each(ADAPTERS)('names that are allowed, the %s adapter', (adapter) => {
  test('allowedHosts and allowedOrigins replace the defaults', async () => {
    verifies('HTTP-02', 'HTTP-03')
    const security = {
      allowedHosts: ['mcp.example.com', 'other.example.com:8443'],
      allowedOrigins: ['https://app.example.com'],
    }
    const url = await start(server, { security }, adapter)
    const status = async (headers: object) =>
      (await post(url, initializeMessage(), { ...JSON_BOTH, ...headers })).status
    expect(await status({ host: 'mcp.example.com' })).toBe(200)
    expect(await status({ host: 'MCP.example.com:443' })).toBe(200)
    expect(await status({ host: 'other.example.com:8443' })).toBe(200)
    expect(await status({ host: 'other.example.com' })).toBe(403)
    expect(await status({ host: 'localhost' })).toBe(403)
    expect(await status({ host: 'mcp.example.com', origin: 'https://app.example.com' })).toBe(200)
    expect(await status({ host: 'mcp.example.com', origin: 'https://app.example.com.evil.com' })).toBe(403)
    expect(await status({ host: 'mcp.example.com', origin: 'http://app.example.com' })).toBe(403)
  })

  test('a browser client of an allowed origin may read what it needs', async () => {
    verifies('HTTP-02')
    const origin = 'https://app.example.com'
    const url = await start(server, { cors: { origins: [origin] } }, adapter)
    const ask = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type,mcp-session-id',
    }
    const preflight = await exchange(url, { method: 'OPTIONS', headers: ask })
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-origin']).toBe(origin)
    expect(preflight.headers['access-control-allow-methods']).toMatch(/POST.*DELETE/)
    for (const name of ['mcp-session-id', 'mcp-protocol-version', 'last-event-id', 'content-type', 'authorization']) {
      expect(preflight.headers['access-control-allow-headers']).toContain(name)
    }
    const reply = await post(url, initializeMessage(), { ...JSON_BOTH, origin })
    expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([200, origin])
    expect(reply.headers['access-control-expose-headers']).toMatch(/mcp-session-id/i)
    expect(reply.headers['access-control-expose-headers']).toMatch(/www-authenticate/i)
    expect(reply.headers['access-control-allow-credentials']).toBeUndefined()
    const refused = await post(url, initializeMessage(), { ...JSON_BOTH, origin: 'https://evil.example.com' })
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([403, undefined])
  })

  test('without cors no page may read anything', async () => {
    const reply = await post(await start(server, {}, adapter), initializeMessage(), {
      ...JSON_BOTH,
      origin: 'http://localhost:3000',
    })
    expect(reply.headers['access-control-allow-origin']).toBeUndefined()
  })
})

test('the server binds to 127.0.0.1 only', async () => {
  verifies('HTTP-04', 'SBP-04')
  const url = new URL(await start(server))
  const others = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ address }) => address !== '127.0.0.1')
  for (const address of ['127.0.0.2', ...others.map((other) => other.address)]) {
    const socket: Socket = connect(Number(url.port), address)
    const [error] = await once(socket, 'error')
    expect([address, error.code]).toEqual([
      address,
      expect.stringMatching(/ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|EINVAL|EADDRNOTAVAIL/),
    ])
  }
})
