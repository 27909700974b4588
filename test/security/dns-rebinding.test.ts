/**
 * DNS rebinding and cross-site requests: a page in the user's browser must not reach a server on the user's machine.
 *
 * CVE-2025-66414 (GHSA-w48q-cv73-mx4w), CVE-2025-66416, CVE-2026-34742 (GHSA-xw59-hvm2-8pj6), CVE-2026-35568
 * (GHSA-8jxr-pr72-r468), CVE-2026-42559 (GHSA-89vp-x53w-74fx), CVE-2025-9611: Host and Origin were not checked.
 * CVE-2026-33252: a text/plain POST of any page ran tools. Everything here is about the defaults: nothing is turned on.
 */
import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { initializeMessage, JSON_BOTH, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'
import { ask, requestText } from './support/wire.ts'

let effects = 0
const server = createServer({ name: 'rebinding', version: '1.0.0' })
server.tool('effect', {}, () => {
  effects++
  return 'done'
})
server.resource('one', 'test://one', {}, () => 'one')

let running: Served
let session: RawSession
beforeAll(async () => {
  running = await served(server)
  session = await open(running.url)
})
beforeEach(() => {
  effects = 0
})

const FOREIGN_HOSTS = [
  'evil.example.com',
  'evil.example.com:PORT',
  'localhost.evil.com',
  'localhost.evil.com:PORT',
  '127.0.0.1.evil.com',
  '127.0.0.1.nip.io',
  'evil.com:127.0.0.1',
  'localhost:PORT@evil.com',
  'evil.com#localhost',
  'evil.com/localhost',
  'evil.com\\localhost',
  'evil.com localhost',
  'localhost evil.com',
  'localhost,evil.com',
  'localhost;evil.com',
  'localhost%00.evil.com',
  '%6cocalhost',
  'localhost..',
  '.localhost',
  'sub.localhost.',
  '128.0.0.1',
  '0.0.0.0:PORT',
  '10.0.0.1:PORT',
  '169.254.169.254',
  '2130706433',
  '0x7f000001',
  '127.1',
  '[::]:PORT',
  '[::ffff:10.0.0.1]',
  '[::1',
  '::1',
  '[::1]evil.com',
  'localhost:',
  'localhost:PORTPORT',
  'localhost:-1',
  'l\u00f6calhost',
  '',
]

const FOREIGN_ORIGINS = [
  'http://evil.example.com',
  'https://evil.example.com:8443',
  'http://evil.example.com:PORT',
  'http://localhost.evil.com',
  'http://localhost.evil.com:PORT',
  'http://127.0.0.1.evil.com:PORT',
  'http://localhost@evil.com',
  'http://localhost:PORT@evil.com',
  'http://evil.com/http://localhost',
  'http://evil.com#http://localhost:PORT',
  'http://evil.com?http://localhost:PORT',
  'http://evil.com\\localhost',
  'http://localhost:PORT, http://evil.com',
  'http://evil.com, http://localhost:PORT',
  'http://localhost:PORT http://evil.com',
  'http://10.0.0.1:PORT',
  'http://0.0.0.0:PORT',
  'http://[::]:PORT',
  'http://%6cocalhost.evil.com',
  'null',
  'NULL',
  'file://',
  'file:///localhost',
  'data:text/html,localhost',
  'javascript://localhost/%0aalert(1)',
  'chrome-extension://abcdefgh',
  'ws://localhost:PORT',
  '//localhost',
  'localhost:PORT',
  'localhost',
  '*',
  '',
]

const METHODS = ['POST', 'GET', 'DELETE', 'OPTIONS', 'PUT', 'PATCH', 'HEAD', 'TRACE', 'PROPFIND']
const ROUTES = ['/mcp', '/mcp/', '/mcp?x=1', '/sse', '/message', '/healthz', '/readyz', '/', '/.well-known/anything']

const CALL = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'effect' } }

/** A tool call inside a live session, as a page that knows everything would send it. */
function attempt(method: string, target: string, headers: object) {
  const body = method === 'POST' || method === 'PUT' || method === 'PATCH' ? JSON.stringify(CALL) : ''
  const own = { host: `localhost:${running.port}`, ...JSON_BOTH, 'mcp-session-id': session.id }
  return ask(running.port, requestText(method, target, { ...own, ...headers, connection: 'close' }, body))
}

const withPort = (text: string) => text.replaceAll('PORT', String(running.port))

describe('case 55: CVE-2025-66414: a foreign Host', () => {
  test.each(FOREIGN_HOSTS)('%j runs nothing, on any method', async (spelling) => {
    for (const method of METHODS) {
      const { status, body } = await attempt(method, '/mcp', { host: withPort(spelling) })
      // 400 is the HTTP parser's answer to what is not HTTP at all.
      expect([method, status === 403 || status === 400]).toEqual([method, true])
      if (status === 403 && method !== 'HEAD') expect(body).toContain('security.allowedHosts')
    }
    expect(effects).toBe(0)
  })

  test.each(ROUTES)('%s answers it on no method', async (route) => {
    for (const method of METHODS) {
      const { status, headers } = await attempt(method, route, { host: 'evil.example.com' })
      expect([method, status]).toEqual([method, 403])
      expect(headers['access-control-allow-origin']).toBeUndefined()
    }
  })

  test('none at all is refused', async () => {
    const headers = { ...JSON_BOTH, 'mcp-session-id': session.id }
    const text = requestText('POST', '/mcp', headers, JSON.stringify(CALL))
    expect((await ask(running.port, text)).status).toBe(400)
    // HTTP/1.0 has no Host, and may come from anywhere.
    expect((await ask(running.port, text.replace('HTTP/1.1', 'HTTP/1.0'))).status).toBe(403)
    expect(effects).toBe(0)
  })

  test('a second Host does not hide behind the first', async () => {
    for (const host of [
      ['localhost', 'evil.example.com'],
      ['evil.example.com', 'localhost'],
    ]) {
      expect([400, 403]).toContain((await attempt('POST', '/mcp', { host })).status)
    }
    expect(effects).toBe(0)
  })

  test('the authority of an absolute request target does not replace it', async () => {
    const { status } = await attempt('POST', 'http://localhost/mcp', { host: 'evil.example.com' })
    expect(status).toBe(403)
    expect((await attempt('POST', 'http://evil.example.com/mcp', {})).status).not.toBe(200)
    expect(effects).toBe(0)
  })

  test('the names of loopback are served', async () => {
    for (const host of ['localhost', 'LOCALHOST:PORT', '127.0.0.1:PORT', '127.9.8.7', '[::1]:PORT', 'localhost.']) {
      expect([host, (await attempt('POST', '/mcp', { host: withPort(host) })).status]).toEqual([host, 200])
    }
    expect(effects).toBe(6)
  })
})

describe('case 55: CVE-2025-66414: a foreign Origin', () => {
  test.each(FOREIGN_ORIGINS)('%j runs nothing, on any method', async (spelling) => {
    for (const method of METHODS) {
      const { status } = await attempt(method, '/mcp', { origin: withPort(spelling) })
      expect([method, status]).toEqual([method, 403])
    }
    expect(effects).toBe(0)
  })

  test('a second Origin does not hide behind the first', async () => {
    const origin = [`http://localhost:${running.port}`, 'http://evil.example.com']
    expect((await attempt('POST', '/mcp', { origin })).status).toBe(403)
    expect((await attempt('POST', '/mcp', { origin: origin.toReversed() })).status).toBe(403)
    expect(effects).toBe(0)
  })

  test('a rebound page: Host and Origin agree with each other and are both foreign', async () => {
    for (const method of METHODS) {
      const host = `rebound.evil.com:${running.port}`
      const { status } = await attempt(method, '/mcp', {
        host,
        origin: `http://${host}`,
        'sec-fetch-site': 'same-origin',
      })
      expect([method, status]).toEqual([method, 403])
    }
    expect(effects).toBe(0)
  })
})

describe('case 55: CVE-2026-33252: a cross-site POST that needs no preflight', () => {
  const SIMPLE = [
    'text/plain',
    'text/plain;charset=UTF-8',
    'text/plain; application/json',
    'text/plain, application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=application/json',
    'application/json, text/plain',
    'application/jsonp',
    'application/json-seq',
    'application/json; charset=utf-16',
    'xapplication/json',
    'application/json/x',
    '"application/json"',
    'text/json',
    '*/*',
    '',
  ]

  test.each(SIMPLE)('Content-Type %j is answered 415 and runs nothing', async (type) => {
    expect((await attempt('POST', '/mcp', { 'content-type': type })).status).toBe(415)
    expect(effects).toBe(0)
  })

  test('two Content-Types are answered 415', async () => {
    const types = ['application/json', 'text/plain']
    expect((await attempt('POST', '/mcp', { 'content-type': types })).status).toBe(415)
    expect((await attempt('POST', '/mcp', { 'content-type': types.toReversed() })).status).toBe(415)
    expect(effects).toBe(0)
  })

  test('a body without a Content-Type is answered 415', async () => {
    const headers = { host: 'localhost', accept: JSON_BOTH.accept, 'mcp-session-id': session.id }
    expect((await ask(running.port, requestText('POST', '/mcp', headers, JSON.stringify(CALL)))).status).toBe(415)
    expect(effects).toBe(0)
  })

  test('Sec-Fetch-Site: cross-site is refused even where the Origin is missing', async () => {
    for (const method of ['POST', 'GET', 'DELETE', 'OPTIONS']) {
      expect((await attempt(method, '/mcp', { 'sec-fetch-site': 'cross-site' })).status).toBe(403)
    }
    expect(effects).toBe(0)
  })

  test('a method override does not turn one method into another', async () => {
    const { status } = await attempt('GET', '/mcp', { 'x-http-method-override': 'DELETE', accept: 'application/json' })
    expect(status).toBe(406)
    expect((await session.request('ping')).result).toEqual({})
  })
})

// go-sdk 1.6.0 turned its protection off by default, and nobody noticed until it was reported.
test('the defaults', async () => {
  const plain = await served(server)
  const verdicts: Record<string, number> = {}
  const headers = { host: 'localhost', ...JSON_BOTH }
  const initialize = JSON.stringify(initializeMessage())
  for (const [name, more] of Object.entries({
    'no Origin': {},
    'foreign Host': { host: 'evil.example.com' },
    'foreign Origin': { origin: 'http://evil.example.com' },
    'opaque Origin': { origin: 'null' },
    'loopback Origin': { origin: 'http://localhost:5173' },
    'cross-site fetch': { 'sec-fetch-site': 'cross-site' },
    'text/plain': { 'content-type': 'text/plain' },
  })) {
    verdicts[name] = (await ask(plain.port, requestText('POST', '/mcp', { ...headers, ...more }, initialize))).status
  }
  expect(verdicts).toEqual({
    'no Origin': 200,
    'foreign Host': 403,
    'foreign Origin': 403,
    'opaque Origin': 403,
    'loopback Origin': 200,
    'cross-site fetch': 403,
    'text/plain': 415,
  })
})

// CVE-2026-32211: a server that anybody could reach and use. Ours starts like that only when it is told to.
test('a server that others can reach is asked for, and warns that every Host is served', async () => {
  await expect(served(server, { host: '0.0.0.0' })).rejects.toThrow("auth: 'none'")
  const wide = await served(server, { host: '0.0.0.0', auth: 'none' })
  expect(wide.log).toContainEqual(
    expect.objectContaining({ level: 'warn', message: expect.stringContaining('security.allowedHosts') }),
  )
  const named = await served(server, { host: '0.0.0.0', auth: 'none', security: { allowedHosts: ['mcp.example.com'] } })
  expect(named.log).toEqual([])
  const hosts = ['mcp.example.com', 'mcp.example.com:9', 'MCP.EXAMPLE.COM', 'localhost', '127.0.0.1', 'evil.com']
  const statuses = []
  for (const host of hosts) {
    const text = requestText('POST', '/mcp', { host, ...JSON_BOTH }, JSON.stringify(initializeMessage()))
    statuses.push((await ask(named.port, text)).status)
  }
  expect(statuses).toEqual([200, 200, 200, 403, 403, 403])
})
