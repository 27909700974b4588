import { createServer, McpError } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { LEGACY, verifies } from './requirements.ts'
import { answerOf, open, post } from './session.ts'
import { start } from './start.ts'

const server = createServer({ name: 'base', version: '1.0.0' })
const text = z.object({ text: z.string() })
server.tool('echo', { inputSchema: text, _meta: { 'example.com/kind': 'echo' } }, async ({ text }) => text)
server.tool('fail', {}, async () => {
  throw new McpError('invalid_params', 'Not like this.', { data: { why: 'test' } })
})
server.tool('ask', { inputSchema: z.object({ times: z.number() }) }, async ({ times }, ctx) => {
  for (let asked = 0; asked < times; asked++) await ctx.listRoots()
  await Promise.all([ctx.listRoots(), ctx.listRoots()])
  return 'asked'
})

let url: string
beforeAll(async () => {
  url = await start(server)
})

describe.each(LEGACY)('%s', (revision) => {
  test('every message is JSON-RPC 2.0', async () => {
    verifies('BASE-01')
    const session = await open(url, { revision })
    const { stream } = await session.startCall('ask', { times: 1 }, { progressToken: 1 })
    for (let asked = 0; asked < 3; asked++) {
      const question = await stream.until('a question', () => stream.messages.filter(({ method }) => method)[asked])
      await session.answer(question.id, { result: { roots: [] } })
    }
    await stream.end()
    expect(stream.messages.length).toBeGreaterThanOrEqual(4)
    for (const message of stream.messages) expect(message.jsonrpc).toBe('2.0')
  })

  test('a message that is not JSON-RPC 2.0 is refused', async () => {
    verifies('BASE-01')
    const session = await open(url, { revision })
    for (const jsonrpc of [undefined, '1.0', 2, '2', null]) {
      const reply = await session.post({ jsonrpc, id: 1, method: 'ping' })
      expect(reply.status).toBe(400)
      expect(await reply.json()).toMatchObject({ jsonrpc: '2.0', error: { code: -32600 } })
    }
  })

  test('all of Unicode goes through', async () => {
    verifies('BASE-01')
    const session = await open(url, { revision })
    const all = 'ASCII é ß 日本語 🜁 \u0000 \u2028 \u2029 \uFEFF \u{10FFFF} "\\/'
    expect(await session.text('echo', { text: all })).toBe(all)
    const escaped = JSON.stringify({
      jsonrpc: '2.0',
      id: 7,
      method: 'tools/call',
      params: { name: 'echo', arguments: { text: all } },
    })
    const ascii = escaped.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
    const { result } = await answerOf(await session.post(ascii))
    expect(result).toMatchObject({ content: [{ text: all }] })
  })

  test('bytes that are not UTF-8 are refused', async () => {
    verifies('BASE-01')
    const session = await open(url, { revision })
    const [before, after] = ['{"jsonrpc":"2.0","id":1,"method":"', '"}'].map((part) => Buffer.from(part))
    for (const bad of [[0xff], [0xc3, 0x28], [0xed, 0xa0, 0x80], [0xf8, 0x88, 0x80, 0x80, 0x80], [0xc0, 0xaf]]) {
      const reply = await session.post(Buffer.concat([before!, Buffer.from(bad), after!]))
      expect(reply.status).toBe(400)
      expect(await reply.json()).toMatchObject({ error: { code: -32700 } })
    }
    expect((await session.request('ping')).result).toEqual({})
  })

  test('a request has a string or a whole number as its id, and gets it back as it is', async () => {
    verifies('BASE-02', 'BASE-05')
    const session = await open(url, { revision })
    for (const id of ['1', 1, 0, -5, '', 'a b', 'ü"\\\n', Number.MAX_SAFE_INTEGER, 'x'.repeat(128)]) {
      const answer = await answerOf(await session.post({ jsonrpc: '2.0', id, method: 'ping' }))
      expect(answer).toEqual({ jsonrpc: '2.0', id, result: {} })
    }
  })

  test.each(['null', '1.5', 'true', '{}', '[]', '9007199254740993', '1e400', `"${'x'.repeat(129)}"`])(
    'the id %s is refused',
    async (id) => {
      verifies('BASE-02')
      const session = await open(url, { revision })
      const reply = await session.post(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
      expect(reply.status).toBe(400)
      expect((await reply.json()).error).toMatchObject({ code: -32600, message: expect.stringMatching(/id/) })
    },
  )

  test('the ids of our own requests are strings or whole numbers, and none is used twice', async () => {
    verifies('BASE-02', 'BASE-03')
    const session = await open(url, { revision })
    const ids: unknown[] = []
    for (let round = 0; round < 5; round++) {
      const { stream } = await session.startCall('ask', { times: 3 })
      const answered = new Set<unknown>()
      await stream.until('the result', () => {
        for (const { id, method } of stream.messages) {
          if (method === undefined) return true
          if (id === undefined || answered.has(id)) continue
          answered.add(id)
          void session.answer(id, { result: { roots: [] } })
        }
        return undefined
      })
      ids.push(...answered)
    }
    expect(ids).toHaveLength(25)
    expect(new Set(ids).size).toBe(25)
    for (const id of ids) expect(typeof id === 'string' || Number.isInteger(id)).toBe(true)
  })

  test('a response has a result or an error, which has a whole number as its code, and a message', async () => {
    verifies('BASE-05')
    const session = await open(url, { revision })
    const good = await session.call('echo', { text: 'x' })
    expect(Object.keys(good).sort()).toEqual(['id', 'jsonrpc', 'result'])
    for (const bad of [await session.call('fail'), await session.request('no/such/method')]) {
      expect(Object.keys(bad).sort()).toEqual(['error', 'id', 'jsonrpc'])
      expect(Number.isInteger(bad.error!.code)).toBe(true)
      expect(bad.error!.message).not.toBe('')
    }
    expect((await session.call('fail')).error).toEqual({
      code: -32602,
      message: 'Not like this.',
      data: { why: 'test' },
    })
  })

  test('a response from a client with both, or neither, is refused', async () => {
    verifies('BASE-05', 'HTTP-07')
    const session = await open(url, { revision })
    const error = { code: 1, message: 'no' }
    for (const bad of [{ result: {}, error }, {}, { error: { code: 1.5, message: 'x' } }, { error: { code: 1 } }]) {
      const reply = await session.post({ jsonrpc: '2.0', id: 'x', ...bad })
      expect(reply.status).toBe(400)
      expect((await reply.json()).error).toMatchObject({ code: -32600 })
    }
  })

  test('an error has the id of its request wherever that could be read', async () => {
    verifies('BASE-06', 'BASE-05')
    const session = await open(url, { revision })
    const unreadable = await (await session.post('{"jsonrpc":')).json()
    expect(unreadable.id ?? null).toBeNull()
    expect((await session.request('no/such/method')).id).toBe(1)
    const headers = { ...session.headers, 'mcp-session-id': undefined }
    const outside = await post(url, { jsonrpc: '2.0', id: 'mine', method: 'ping' }, headers)
    expect(outside.status).toBe(400)
    expect((await outside.json()).id).toBe('mine')
  })

  test('a notification is never answered', async () => {
    verifies('BASE-07', 'HTTP-07')
    const session = await open(url, { revision })
    for (const method of ['notifications/initialized', 'notifications/made-up', 'tools/list', 'no/such/method']) {
      const reply = await session.notify(method, { some: 'thing' })
      expect([reply.status, await reply.text()]).toEqual([202, ''])
    }
  })

  test('_meta is left alone: reserved, unknown and misshapen keys change nothing', async () => {
    verifies('BASE-10')
    const session = await open(url, { revision })
    const _meta = {
      'io.modelcontextprotocol/made-up': { a: 1 },
      'mcp.dev/x': null,
      'example.com/ok': [1],
      '': 0,
      '/': 0,
      plain: true,
    }
    const { result } = await session.request('tools/call', { name: 'echo', arguments: { text: 'x' }, _meta })
    expect(result).toEqual({ content: [{ type: 'text', text: 'x' }] })
    expect((await session.request('tools/list', { _meta })).result).toBeDefined()
  })

  test('the keys of _meta that we send follow the grammar', async () => {
    verifies('BASE-10')
    const session = await open(url, { revision })
    const { stream } = await session.startCall('ask', { times: 0 }, { progressToken: 'p' })
    await stream.until('two questions', () => stream.messages[1])
    const keys = stream.messages.flatMap(({ params }) => Object.keys((params?.['_meta'] as object) ?? {}))
    for (const key of keys) expect(key).toMatch(META_KEY)
    stream.cut()
    const tools = (await session.request('tools/list')).result!['tools'] as { name: string; _meta?: object }[]
    const echo = tools.find(({ name }) => name === 'echo')!
    // They came with 2025-06-18.
    expect(echo._meta).toEqual(revision < '2025-06-18' ? undefined : { 'example.com/kind': 'echo' })
  })
})

/** An optional prefix of labels, and a name, as basic/index#_meta writes them down. */
const META_KEY =
  /^(?:[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*\/)?(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/
