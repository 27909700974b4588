/**
 * Session ids: what is in them, who can make them, and what they open.
 *
 * CVE-2025-6515 (predictable ids), session fixation, key confusion; TRAPS B1 1, 3, 7, 9, 12 and 13.
 */
import { connect } from 'node:net'
import { beforeAll, describe, expect, test } from 'vitest'
import { onOneProcess, REPLICAS } from '../deployment.ts'
import { answerOf, initializeMessage, JSON_BOTH, open, post, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'
import { ask, requestText } from './support/wire.ts'

const SECRET = 'a secret of a test, which is long enough'

function make(name = 'ids') {
  const server = createServer({ name, version: '1.0.0' })
  server.tool('who', {}, (_, ctx) => JSON.stringify(ctx.session))
  server.tool('remember', {}, async (_, ctx) => {
    await ctx.session.set('secret', 'of this session')
    return 'remembered'
  })
  server.tool('recall', {}, async (_, ctx) => String(await ctx.session.get('secret')))
  server.tool('fail', {}, () => {
    throw new Error('inside')
  })
  for (let n = 0; n < 201; n++) server.prompt(`p${n}`, {}, () => 'text')
  return server
}

let running: Served
let session: RawSession
beforeAll(async () => {
  running = await served(make())
  session = await open(running.url)
})

/** What names another key may be of a key that replicas have and this one does not know yet: that is no 404. */
const REFUSED = REPLICAS === 1 ? [404] : [404, 503]

async function refuses(ids: readonly string[]): Promise<void> {
  const statuses = await Promise.all(ids.map((id) => opens(id)))
  expect(ids.filter((_, at) => !REFUSED.includes(statuses[at]!))).toEqual([])
  expect(statuses.filter((status) => status === 404).length).toBeGreaterThan(ids.length / 2)
}

/** The status of a ping with this session id. */
async function opens(id: string, url = running.url, headers: object = {}): Promise<number> {
  const ping = { jsonrpc: '2.0', id: 1, method: 'ping' }
  const reply = await post(url, ping, { ...JSON_BOTH, 'mcp-session-id': id, ...headers })
  await reply.text()
  return reply.status
}

describe('case 3: the client does not choose the size', () => {
  const icon = { src: `data:image/png;base64,${'A'.repeat(12_000)}` }
  test.each([
    ['everything small', { name: 'x', version: '1' }],
    ['an icon of 12 KB', { name: 'x', version: '1', icons: [icon], description: 'd'.repeat(9_000) }],
    ['a name of 1 MB', { name: 'n'.repeat(1_000_000), version: 'v'.repeat(1_000_000) }],
    ['names of wide characters', { name: '😀'.repeat(1_000), version: '\u0800'.repeat(1_000) }],
    ['names of control characters', { name: '\r\nset-cookie: a=b\r\n', version: '\0\u001b[31m' }],
    ['lone surrogates', { name: '\ud800'.repeat(100), version: '\udfff' }],
    ['names of nothing', { name: '', version: '' }],
  ])('%s: at most 512 visible characters, and it works', async (_, clientInfo) => {
    const experimental = Object.fromEntries(Array.from({ length: 100 }, (__, n) => [`x/${n}`, { a: 'b'.repeat(100) }]))
    const capabilities = { sampling: { tools: {}, context: {} }, elicitation: { url: {} }, roots: {}, experimental }
    const opened = await open(running.url, { clientInfo, capabilities })
    expect(opened.id).toMatch(/^[!-~]{60,512}$/)
    const { client } = JSON.parse(await opened.text('who'))
    expect(Buffer.byteLength(client.name)).toBeLessThanOrEqual(66)
    expect(Buffer.byteLength(client.version)).toBeLessThanOrEqual(66)
  })

  test('event ids stay within 512 characters with the longest request ids', async () => {
    for (const id of ['x'.repeat(128), '😀'.repeat(32), '"'.repeat(128), Number.MIN_SAFE_INTEGER]) {
      const reply = await session.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'who' } })
      const stream = reply.stream()
      await stream.end()
      expect(stream.ids.length).toBeGreaterThanOrEqual(2)
      for (const eventId of stream.ids) expect(eventId).toMatch(/^[!-~]{1,512}$/)
      const complete = await session.get(stream.ids[0])
      expect((await answerOf(complete)).id).toBe(id)
    }
  })
})

describe('CVE-2025-6515: ids can not be predicted', () => {
  test('of 2,000 ids no two share more than the name of the key', async () => {
    const ids = await initializeMany(2_000)
    expect(new Set(ids).size).toBe(2_000)
    const sealed = ids.map((id) => id.slice(id.lastIndexOf('.') + 1))
    const length = Math.min(...sealed.map((text) => text.length))
    expect(length).toBeGreaterThan(90)
    // Every character of nonce, ciphertext and tag takes nearly all of its 64 values: nothing in it is a counter.
    for (let at = 0; at < length - 2; at++) {
      expect(new Set(sealed.map((text) => text[at])).size).toBeGreaterThan(56)
    }
    for (let at = 1; at < ids.length; at++) expect(hamming(sealed[at - 1]!, sealed[at]!)).toBeGreaterThan(length / 2)
  })

  test('made-up ids open nothing', async () => {
    for (const id of [
      '0',
      '1',
      'null',
      'undefined',
      '00000000-0000-4000-8000-000000000000',
      'f1',
      'f1...',
      'x'.repeat(512),
    ]) {
      expect([id, await opens(id)]).toEqual([id, 404])
    }
  })
})

describe('case 7: only whole and unaltered', () => {
  test('another character at any place: refused', async () => {
    const { id } = session
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~!'
    const altered: string[] = []
    for (let at = 0; at < id.length; at++) {
      // The lowest bit and one other character, so that every byte behind it changes in some bit.
      for (const other of [alphabet[alphabet.indexOf(id[at]!) ^ 1]!, alphabet[(at * 7 + 3) % alphabet.length]!]) {
        if (other !== id[at]) altered.push(id.slice(0, at) + other + id.slice(at + 1))
      }
    }
    await refuses(altered)
    expect(await opens(id)).toBe(200)
  })

  test('cut, longer, twice, padded, in another case: refused', async () => {
    const { id } = session
    await refuses(Array.from({ length: Math.floor((id.length - 2) / 3) + 1 }, (_, n) => id.slice(0, 1 + 3 * n)))
    const variants = [`${id}A`, `${id}=`, `${id}.`, `.${id}`, `${id}.${id}`, `${id}, ${id}`, `"${id}"`, `${id};a=b`]
    await refuses([...variants, id.toLowerCase(), id.toUpperCase(), encodeURIComponent(`${id} `), id.repeat(20)])
  })

  test('a repeated header is not the first of the two', async () => {
    const other = await open(running.url)
    const headers = { host: 'localhost', ...JSON_BOTH, 'mcp-session-id': [session.id, other.id] }
    const text = requestText('POST', '/mcp', headers, '{"jsonrpc":"2.0","id":1,"method":"ping"}')
    expect((await ask(running.port, text)).status).toBe(404)
  })

  test('what is sealed for one purpose opens for no other', async () => {
    const page = await session.request('prompts/list')
    const cursor = String(page.result?.['nextCursor'])
    const { stream } = await session.startCall('who')
    await stream.end()
    const eventId = stream.ids[0]!
    expect(await opens(cursor)).toBe(404)
    expect(await opens(eventId)).toBe(404)
    for (const foreign of [session.id, eventId]) {
      expect((await session.request('prompts/list', { cursor: foreign })).error?.code).toBe(-32602)
    }
    for (const foreign of [session.id, cursor]) expect((await session.get(foreign)).status).toBe(400)
    // The cursor of one list leads into no other, and is sealed against change.
    expect((await session.request('tools/list', { cursor })).error?.code).toBe(-32602)
    const flipped = cursor.slice(0, -2) + (cursor.endsWith('A') ? 'B' : 'A') + cursor.slice(-1)
    expect((await session.request('prompts/list', { cursor: flipped })).error?.code).toBe(-32602)
    expect((await session.request('prompts/list', { cursor })).result?.['prompts']).toHaveLength(1)
  })

  test('another server with the same secret is another audience', async () => {
    const secrets = [SECRET]
    const [one, same, other] = [make('one'), make('one'), make('other')]
    const { url } = await served(one, { secrets })
    const { id } = await open(url)
    expect(await opens(id, (await served(same, { secrets })).url)).toBe(200)
    expect(await opens(id, (await served(other, { secrets })).url)).toBe(404)
    expect(REFUSED).toContain(await opens(id, (await served(one)).url))
  })

  test('a secret that is too short is refused', async () => {
    for (const secret of ['', 'short', 'x'.repeat(31)]) {
      await expect(served(make(), { secrets: [secret] })).rejects.toThrow('secrets[0]')
    }
  })
})

describe('case 4: only what is certain is answered 404', () => {
  onOneProcess('this is how many requests one process holds', () => {
    test('an unknown key under a configured secret: held, then 503; the bounded rest at once', async () => {
      const there = await served(make('ring'), { secrets: [SECRET] })
      const { id } = await open((await served(make('ring'), { secrets: [`another ${SECRET}`] })).url)
      const started = Date.now()
      const times = await Promise.all(
        Array.from({ length: 120 }, async () => {
          const ping = '{"jsonrpc":"2.0","id":1,"method":"ping"}'
          const headers = { host: 'localhost', ...JSON_BOTH, 'mcp-session-id': id }
          const socket = connect(there.port, '127.0.0.1')
          socket.write(requestText('POST', '/mcp', headers, ping))
          const [chunk] = await socket.take(1).toArray()
          expect(String(chunk)).toMatch(/^HTTP\/1\.1 503[\s\S]*retry-after: \d/)
          socket.destroy()
          return Date.now() - started
        }),
      )
      expect(times.filter((ms) => ms > 4_500)).toHaveLength(100)
      expect(times.filter((ms) => ms < 2_500)).toHaveLength(20)
      expect(there.counters().unknownKeys).toBe(120)
    })
  })

  test('an old secret still opens, and a new one seals', async () => {
    const fresh = `new ${SECRET}`
    const old = await open((await served(make('ring'), { secrets: [SECRET] })).url)
    const rotated = await served(make('ring'), { secrets: [fresh, SECRET] })
    expect(await opens(old.id, rotated.url)).toBe(200)
    const { id } = await open(rotated.url)
    expect(await opens(id, (await served(make('ring'), { secrets: [fresh] })).url)).toBe(200)
  })
})

describe('case 9: session fixation', () => {
  test('an id that the client brings to initialize is not taken up', async () => {
    for (const id of [session.id, 'fixed-by-an-attacker']) {
      const reply = await post(running.url, initializeMessage(), { ...JSON_BOTH, 'mcp-session-id': id })
      expect([reply.status, reply.headers['mcp-session-id']]).toEqual([400, undefined])
    }
  })

  test('an id counts in its header only: not in the URL, a cookie or the body', async () => {
    const { id } = session
    const ping = { jsonrpc: '2.0', id: 1, method: 'ping', params: { _meta: { 'mcp-session-id': id } } }
    for (const query of [`?mcp-session-id=${id}`, `?sessionId=${id}`, `?session_id=${id}`]) {
      expect((await post(running.url + query, ping)).status).toBe(400)
    }
    expect((await post(running.url, ping, { ...JSON_BOTH, cookie: `mcp-session-id=${id}` })).status).toBe(400)
  })

  test('no answer sets a cookie', async () => {
    const replies = [
      await post(running.url, initializeMessage()),
      await session.post({ jsonrpc: '2.0', id: 1, method: 'ping' }),
    ]
    for (const { headers } of replies) expect(headers['set-cookie']).toBeUndefined()
  })
})

describe('python-sdk #2605: initialize again', () => {
  test('inside a session: 400, and the session is what it was', async () => {
    const opened = await open(running.url, {
      revision: '2025-06-18',
      clientInfo: { name: 'first', version: '1' },
      capabilities: {},
    })
    const before = await opened.text('who')
    const again = initializeMessage({ revision: '2025-11-25', clientInfo: { name: 'second', version: '2' } })
    const reply = await opened.post(again)
    expect([reply.status, (await reply.json()).error?.code]).toEqual([400, -32600])
    expect(reply.headers['mcp-session-id']).toBeUndefined()
    expect(await opened.text('who')).toBe(before)
  })

  test('inside a batch: refused, and no session is made', async () => {
    const opened = await open(running.url, { revision: '2025-03-26' })
    const before = running.counters().sessionsOpened
    const reply = await opened.post([initializeMessage(), { jsonrpc: '2.0', id: 5, method: 'ping' }])
    const text = await reply.text()
    expect(text).toContain('initialize stands alone')
    expect(text).toContain('"id":5,"result":{}')
    expect((await post(running.url, [initializeMessage()])).status).toBe(400)
    expect(running.counters().sessionsOpened).toBe(before)
  })
})

describe('case 1: deleted is deleted', () => {
  test('for every message, and for requests that race with the DELETE', async () => {
    const opened = await open(running.url)
    await opened.text('remember')
    const { stream } = await opened.startCall('who')
    await stream.end()
    const acknowledged = { at: Number.POSITIVE_INFINITY }
    const late: number[] = []
    const racing = Array.from({ length: 60 }, async (_, n) => {
      await new Promise((resolve) => setTimeout(resolve, n / 4))
      const started = performance.now()
      const status = await opens(opened.id)
      if (started > acknowledged.at) late.push(status)
    })
    const deleted = opened.delete().then((reply) => {
      acknowledged.at = performance.now()
      return reply
    })
    expect((await deleted).status).toBe(204)
    await Promise.all(racing)
    expect(late.every((status) => status === 404)).toBe(true)
    expect(await opens(opened.id)).toBe(404)
    expect((await opened.get()).status).toBe(404)
    expect((await opened.get(stream.ids[0])).status).toBe(404)
    expect((await opened.delete()).status).toBe(404)
    expect((await opened.notify('notifications/initialized')).status).toBe(404)
    expect((await opened.answer('x', { result: {} })).status).toBe(404)
  })

  test('also when the process has forgotten that it ever saw the session', async () => {
    const small = await served(make(), { limits: { sessionCache: 1 } })
    const opened = await open(small.url)
    await opened.delete()
    for (let n = 0; n < 5; n++) await open(small.url)
    expect(await opens(opened.id, small.url)).toBe(404)
  })
})

test('case 12: a flood of initialize leaves nothing behind but a bounded cache', async () => {
  const flooded = await served(make(), { limits: { sessionCache: 50 } })
  await initializeMany(3_000, flooded.port)
  expect(flooded.counters()).toMatchObject({
    sessionsOpened: 3_000,
    cachedSessions: 50,
    changedSessions: 0,
    finishedStreams: 0,
    openStreams: 0,
    openCalls: 0,
  })
})

test('case 13: what opens a session or a stream is in no log', async () => {
  const lines: string[] = []
  const noisy = await served(make(), {
    logger: (entry) => lines.push(JSON.stringify(entry)),
    onError: (error, context) => lines.push(`${String(error)} ${JSON.stringify(context)} ${(error as Error).stack}`),
    auth: () => ({ issuer: 'https://example.com', subject: 'ada' }),
  })
  const opened = await open(noisy.url, { headers: { authorization: 'Bearer do-not-log-this-token' } })
  const { stream } = await opened.startCall('fail')
  await stream.end()
  await opened.get(stream.ids[0])
  await opened.get('made-up')
  await opens(`${opened.id}x`, noisy.url)
  await opened.post('{')
  await opened.request('prompts/list', { cursor: 'x' })
  await opened.delete()
  const text = lines.join('\n')
  expect(text).toContain('inside')
  expect(text).not.toContain(opened.id)
  expect(text).not.toContain('do-not-log')
  for (const eventId of stream.ids) expect(text).not.toContain(eventId)
  for (const part of opened.id.split('.').filter((piece) => piece.length > 20)) expect(text).not.toContain(part)
})

function hamming(left: string, right: string): number {
  let different = 0
  for (let at = 0; at < Math.min(left.length, right.length); at++) if (left[at] !== right[at]) different++
  return different
}

/** Opens sessions over one connection, without waiting in between, and returns their ids. */
async function initializeMany(count: number, port = running.port): Promise<string[]> {
  const text = requestText('POST', '/mcp', { host: 'localhost', ...JSON_BOTH }, JSON.stringify(initializeMessage()))
  const socket = connect(port, '127.0.0.1')
  socket.write(text.repeat(count))
  let received = ''
  for await (const chunk of socket) {
    received += String(chunk)
    if ((received.match(/^mcp-session-id:/gim)?.length ?? 0) >= count) break
  }
  return [...received.matchAll(/^mcp-session-id: (\S+)\r$/gim)].map((match) => match[1]!)
}
