/** How fast one client may be, and what the others notice of it. */
import { describe, expect, test } from 'vitest'
import { NOBODY } from '../../src/http/admission.ts'
import { RateLimit, type RateOptions } from '../../src/http/rate-limit.ts'
import { exchange } from '../requirements/http.ts'
import { initializeMessage, JSON_BOTH, open, post } from '../requirements/session.ts'
import { createServer, served } from '../security/support/serving.ts'
import { manualPlatform } from '../unit/manual-platform.ts'

const server = createServer({ name: 'rates', version: '1.0.0' })
server.tool('hello', {}, () => 'hello')

const auth = (request: { header(name: string): string | undefined }) => ({
  issuer: 'https://issuer.example',
  subject: request.header('x-user') ?? 'nobody',
})

const ping = { jsonrpc: '2.0', id: 'x', method: 'ping' }

describe('over HTTP', () => {
  test('cases 12 and 64: an identity that is too fast gets 429 and a time, in all its sessions; others go on', async () => {
    const running = await served(server, { auth, rate: { requests: 0.5, burst: 10 } })
    const ada = { headers: { 'x-user': 'ada' } }
    const sessions = [await open(running.url, ada), await open(running.url, ada)]
    // Four requests have been made.
    for (let call = 0; call < 6; call++) expect((await sessions[call % 2]!.post(ping)).status).toBe(200)
    for (const session of sessions) {
      for (const reply of [await session.post(ping), await session.get(), await session.delete()]) {
        const wait = Number(reply.headers['retry-after'])
        expect([reply.status, wait >= 1 && wait <= 2]).toEqual([429, true])
        expect((await reply.json()).error?.message).toContain('rate')
      }
    }
    const bob = await open(running.url, { headers: { 'x-user': 'bob' } })
    expect((await bob.post(ping)).status).toBe(200)
    expect(running.counters()).toMatchObject({ rateLimited: 6, ratedClients: 2 })
  })

  test('strangers are told apart by their address, or by what an author says', async () => {
    const alone = await served(server, { rate: { requests: 0.1, burst: 3 } })
    const replies = []
    for (let n = 0; n < 5; n++) replies.push((await post(alone.url, initializeMessage(), JSON_BOTH)).status)
    expect(replies).toEqual([200, 200, 200, 429, 429])
    const by = (request: { header(name: string): string | undefined }) => request.header('X-Forwarded-For')
    const proxied = await served(server, { rate: { requests: 0.1, burst: 1, by } })
    const from = async (address: string | undefined) =>
      (await post(proxied.url, initializeMessage(), { ...JSON_BOTH, 'x-forwarded-for': address })).status
    expect([await from('192.0.2.1'), await from('192.0.2.1'), await from('192.0.2.2')]).toEqual([200, 429, 200])
    for (let n = 0; n < 5; n++) expect(await from(undefined)).toBe(200)
  })

  test('nobody is counted who was not let in, and health checks are free', async () => {
    const running = await served(server, { auth: () => undefined, rate: { requests: 0.1, burst: 1 } })
    for (let n = 0; n < 5; n++) expect((await post(running.url, ping, JSON_BOTH)).status).toBe(401)
    for (let n = 0; n < 5; n++) {
      expect((await exchange(new URL('/healthz', running.url).href, { method: 'GET' })).status).toBe(200)
    }
  })

  test('bodies count by their bytes', async () => {
    const running = await served(server, { rate: { requests: 1_000, bytes: 1_000 } })
    const session = await open(running.url)
    const large = { ...ping, params: { _meta: { text: 'x'.repeat(10_000) } } }
    expect((await session.post(large)).status).toBe(200)
    const refused = await session.post(ping)
    expect([refused.status, Number(refused.headers['retry-after']) > 3]).toEqual([429, true])
  })

  test('a rate that makes no sense is refused at the start', async () => {
    const wrong: [RateOptions, string][] = [
      [{ requests: 0 }, 'rate.requests'],
      [{ requests: 1, burst: -1 }, 'rate.burst'],
      [{ requests: 1, bytes: Number.NaN }, 'rate.bytes'],
      [{ requests: 1, per: 'minute' } as RateOptions, 'rate.per'],
      [{} as RateOptions, 'rate.requests'],
    ]
    for (const [rate, sentence] of wrong) await expect(served(server, { rate })).rejects.toThrow(sentence)
  })
})

describe('the bucket', () => {
  const request = (address: string) => ({
    method: 'POST',
    path: '/mcp',
    header: () => undefined,
    address: () => address,
  })
  function limited(options: RateOptions, replicas = () => 1) {
    const platform = manualPlatform()
    const limit = new RateLimit(options, () => platform.now(), replicas)
    return { platform, limit, take: (address = '192.0.2.1') => limit.take(request(address), NOBODY) }
  }

  test('over any time no more come through than the rate and one burst', async () => {
    const { platform, take } = limited({ requests: 10, burst: 20 })
    let passed = 0
    for (let ms = 0; ms < 60_000; ms += 7) {
      if (take() === undefined) passed++
      await platform.pass(7)
    }
    expect(passed).toBeGreaterThanOrEqual(600)
    expect(passed).toBeLessThanOrEqual(621)
  })

  test('the time that it names is enough, and not much more than needed', async () => {
    const { platform, take } = limited({ requests: 0.25, burst: 1 })
    expect(take()).toBeUndefined()
    expect(take()).toBe(4)
    await platform.pass(4_000)
    expect(take()).toBeUndefined()
  })

  test('replicas share the rate, and take over the share of one that is gone', async () => {
    let replicas = 3
    const { platform, take } = limited({ requests: 30, burst: 30 }, () => replicas)
    const perSecond = async () => {
      let passed = 0
      for (let n = 0; n < 100; n++) {
        await platform.pass(10)
        while (take() === undefined) passed++
      }
      return passed
    }
    await perSecond()
    expect(await perSecond()).toBe(10)
    replicas = 2
    expect(await perSecond()).toBe(15)
  })

  test('200,000 addresses leave a bounded memory, and none of them its neighbours without a budget', () => {
    const { limit, take } = limited({ requests: 1, burst: 1 })
    for (let n = 0; n < 200_000; n++) expect(take(`client ${n}`)).toBeUndefined()
    expect(limit.size).toBeLessThanOrEqual(20_002)
    expect(take('client 199999')).toBe(1)
  })
})
