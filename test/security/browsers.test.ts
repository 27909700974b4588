/** What a browser is told, so that pages of other origins can use the server where it wants it, and only there. TRAPS B6 56. */
import { describe, expect, test } from 'vitest'
import { exchange } from '../requirements/http.ts'
import { initializeMessage, JSON_BOTH, open, post } from '../requirements/session.ts'
import { createServer, served } from './support/serving.ts'

const server = createServer({ name: 'cors', version: '1.0.0' })
server.tool('effect', {}, () => 'done')

const APP = 'https://app.example.com'
const preflight = (url: string, origin: string, more: object = {}) =>
  exchange(url, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'content-type',
      ...more,
    },
  })

describe('case 56: CORS', () => {
  test('a preflight comes before authentication, and names every header of the protocol', async () => {
    const { url } = await served(server, { cors: { origins: [APP] }, auth: () => undefined })
    const reply = await preflight(url, APP)
    expect(reply.status).toBe(204)
    const allowed = String(reply.headers['access-control-allow-headers']).split(', ')
    for (const name of [
      'content-type',
      'accept',
      'authorization',
      'mcp-session-id',
      'mcp-protocol-version',
      'last-event-id',
    ]) {
      expect(allowed).toContain(name)
    }
    expect(String(reply.headers['access-control-allow-methods'])).toMatch(/GET, POST, DELETE/)
    // A page must be able to read why it was refused, or it can not ask its user to sign in.
    const refused = await post(url, initializeMessage(), { ...JSON_BOTH, origin: APP })
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, APP])
    expect(refused.headers['access-control-expose-headers']).toContain('www-authenticate')
  })

  test.each([
    [[APP] as string[], APP],
    ['*' as const, '*'],
  ])('origins %j: every answer can be read, none allows credentials', async (origins, allowed) => {
    const { url } = await served(server, { cors: { origins } })
    const session = await open(url, { headers: { origin: APP } })
    const stream = await session.get()
    const replies = [
      await preflight(url, APP),
      await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }),
      await session.post('{'),
      await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { 'mcp-session-id': 'gone' }),
      await session.post({ jsonrpc: '2.0', method: 'notifications/initialized' }),
      await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }, { accept: 'text/html' }),
      await session.post('x'.repeat(5_000_000)),
      stream,
      await session.get('made-up'),
      await session.delete(),
    ]
    expect(replies.map((reply) => reply.status)).toEqual([204, 200, 400, 404, 202, 406, 413, 200, 400, 204])
    for (const { headers } of replies) {
      expect(headers['access-control-allow-origin']).toBe(allowed)
      expect(headers['access-control-allow-credentials']).toBeUndefined()
      if (allowed !== '*') expect(headers['vary']).toMatch(/origin/i)
    }
    expect(replies[1]!.headers['access-control-expose-headers']).toMatch(/mcp-session-id/)
    stream.cut()
  })

  test.each([
    'https://app.example.com.evil.com',
    'http://app.example.com',
    'https://app.example.com:8443',
    'https://evil.com',
    'null',
  ])('the origin %s is not the one that is allowed', async (origin) => {
    const { url } = await served(server, { cors: { origins: [APP] } })
    for (const reply of [
      await preflight(url, origin),
      await post(url, initializeMessage(), { ...JSON_BOTH, origin }),
    ]) {
      expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([403, undefined])
    }
  })

  test('a foreign Host stays foreign where every origin is allowed', async () => {
    const { url } = await served(server, { cors: { origins: '*' } })
    const reply = await post(url, initializeMessage(), { ...JSON_BOTH, host: 'evil.example.com', origin: APP })
    expect(reply.status).toBe(403)
  })

  test('by default no page can read anything', async () => {
    const { url } = await served(server)
    for (const origin of ['http://localhost:5173', undefined]) {
      const reply = await post(url, initializeMessage(), origin === undefined ? JSON_BOTH : { ...JSON_BOTH, origin })
      expect([reply.status, reply.headers['access-control-allow-origin']]).toEqual([200, undefined])
    }
    expect((await preflight(url, 'http://localhost:5173')).headers['access-control-allow-methods']).toBeUndefined()
  })
})

test('what a browser could cache or sniff is not left to it', async () => {
  const { url } = await served(server)
  const session = await open(url)
  const { headers } = await session.get()
  expect(headers['cache-control']).toContain('no-cache')
  const error = await session.post('{')
  expect(error.headers['content-type']).toBe('application/json')
  expect(await error.text()).not.toContain('<')
})
