/** Headers that contradict each other or the body. TRAPS B6 62. */
import { beforeAll, describe, expect, test } from 'vitest'
import { answerOf, JSON_BOTH, open, post, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'
import { ask, requestText } from './support/wire.ts'

const server = createServer({ name: 'headers', version: '1.0.0' })
server.tool('seen', { inputSchema: { type: 'object', properties: { name: { type: 'string' } } } }, (args, ctx) =>
  String(ctx.request.headers.get(String((args as { name: string }).name))),
)
server.tool('revision', {}, (_, ctx) => ctx.session.revision)

let running: Served
let session: RawSession
beforeAll(async () => {
  running = await served(server)
  session = await open(running.url)
})

const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' })
const send = (headers: object) =>
  ask(
    running.port,
    requestText('POST', '/mcp', { host: 'localhost', ...JSON_BOTH, 'mcp-session-id': session.id, ...headers }, ping),
  )

describe('case 62: MCP-Protocol-Version', () => {
  test.each([
    '',
    ' ',
    '2024-13-01',
    '2025-11-26',
    '2025-11-25 ',
    '1',
    'latest',
    '2025-11-25, 2025-06-18',
    '2026-07-28',
    'x'.repeat(9_000),
  ])('%j: 400, or the one that is trimmed to a known one', async (version) => {
    const { status, body } = await send({ 'mcp-protocol-version': version })
    if (version.trim() === '2025-11-25') {
      expect(status).toBe(200)
      return
    }
    expect(status).toBe(400)
    const { error } = JSON.parse(body)
    // A request that claims the modern era is judged by its rules: it lacks the envelope.
    if (version === '2026-07-28') expect(error.code).toBe(-32602)
    else expect(error.data.supported).toEqual(['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'])
    expect(JSON.stringify(error).length).toBeLessThan(500)
  })

  test('twice: 400, whatever the two are', async () => {
    for (const versions of [
      ['2025-11-25', '2025-11-25'],
      ['2025-11-25', '2025-06-18'],
    ]) {
      expect((await send({ 'mcp-protocol-version': versions })).status).toBe(400)
    }
  })

  test('does not lower the revision that a session has', async () => {
    const reply = await session.post(
      { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'revision' } },
      { 'mcp-protocol-version': '2025-03-26' },
    )
    expect(JSON.stringify(await answerOf(reply))).toContain('2025-11-25')
    const batch = [{ jsonrpc: '2.0', id: 1, method: 'ping' }]
    expect((await session.post(batch, { 'mcp-protocol-version': '2025-03-26' })).status).toBe(400)
  })
})

describe('case 62: eras', () => {
  test('server/discover of a client that probes: no session, and a clean 4xx unless it is well-formed', async () => {
    const before = running.counters().sessionsOpened
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    }
    const discover = { jsonrpc: '2.0', id: 'probe', method: 'server/discover', params: { _meta: meta } }
    for (const [version, status, code] of [
      [undefined, 400, -32020],
      ['2026-07-28', 200, undefined],
      ['2025-11-25', 400, -32020],
    ] as const) {
      const headers = { ...JSON_BOTH, 'mcp-protocol-version': version, 'mcp-method': 'server/discover' }
      const reply = await post(running.url, discover, headers)
      expect(reply.status).toBe(status)
      expect((await reply.json()).error?.code).toBe(code)
      expect(reply.headers['mcp-session-id']).toBeUndefined()
    }
    expect(running.counters().sessionsOpened).toBe(before)
  })

  test('modern metadata with the headers of a session is of no era', async () => {
    const _meta = { 'io.modelcontextprotocol/protocolVersion': '2026-07-28' }
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'revision', _meta } }
    const reply = await session.post(call)
    expect([reply.status, (await reply.json()).error?.code]).toEqual([400, -32020])
    expect(await session.text('revision')).toBe('2025-11-25')
  })

  test('other metadata of the modern era inside a legacy session changes nothing', async () => {
    const _meta = { 'io.modelcontextprotocol/clientInfo': {}, 'io.modelcontextprotocol/logLevel': 'debug' }
    expect((await session.request('tools/call', { name: 'revision', _meta })).result).toEqual({
      content: [{ type: 'text', text: '2025-11-25' }],
    })
  })
})

describe('headers that handlers read', () => {
  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'x-none'])('%s is only a name', async (name) => {
    expect(await session.text('seen', { name })).toBe('undefined')
  })

  test('of one name several are joined, never dropped', async () => {
    const call = JSON.stringify({
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'seen', arguments: { name: 'Authorization' } },
    })
    const headers = {
      host: 'localhost',
      ...JSON_BOTH,
      'mcp-session-id': session.id,
      authorization: ['Bearer one', 'Bearer two'],
    }
    expect((await ask(running.port, requestText('POST', '/mcp', headers, call))).body).toContain(
      'Bearer one, Bearer two',
    )
  })
})

describe('Accept', () => {
  test.each([
    ['application/json', 406],
    ['text/event-stream', 406],
    ['', 406],
    ['text/html', 406],
    ['application/json;q=0, text/event-stream', 406],
    ['application/json, text/event-stream;q=0.0', 406],
    ['application/jsonx, text/event-streamx', 406],
    ['*/*', 200],
    ['application/*, text/*', 200],
    ['APPLICATION/JSON , TEXT/EVENT-STREAM;q=0.1', 200],
    [`${'a/b, '.repeat(2_000)}application/json, text/event-stream`, 200],
  ])('%.60s: %d', async (accept, status) => {
    expect((await send({ accept })).status).toBe(status)
  })
})

describe('a request of HTTP/1.1 without Host', () => {
  test.each([100, 6_000_000])('is answered with 400, also while %i bytes are still on their way', async (length) => {
    for (let round = 0; round < 3; round++) {
      const headers = { ...JSON_BOTH, 'mcp-session-id': session.id }
      const { status, body } = await ask(running.port, requestText('POST', '/mcp', headers, 'x'.repeat(length)))
      expect([status, JSON.parse(body).error.message]).toEqual([400, 'Host is missing.'])
    }
  })
})
