/**
 * JSON of a stranger: what `JSON.parse` takes, and a server must not.
 *
 * CVE-2026-27896 (GHSA-wvj2-96wp-fq3f): member names that other parsers fold; TRAPS B6 57 to 60 and B3 35.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { REPLICAS } from '../deployment.ts'
import { answerOf, open, type RawSession } from '../requirements/session.ts'
import { createServer, served } from './support/serving.ts'

const seen: unknown[] = []
const server = createServer({ name: 'json', version: '1.0.0' })
server.tool('take', { inputSchema: z.record(z.string(), z.unknown()) }, (args) => {
  seen.push(args)
  return 'taken'
})
server.tool('echo', { inputSchema: { type: 'object' } }, (args) => ({ content: [], structuredContent: args }))
server.tool('numbers', { inputSchema: z.object({ list: z.array(z.number()) }) }, () => 'taken')
const numbers = { type: 'array', items: { type: 'number' } } as const
server.tool('schema', { inputSchema: { type: 'object', properties: { list: numbers } } }, () => 'taken')
server.tool('merge', { inputSchema: { type: 'object' } }, (args) => {
  // What many handlers do with their options.
  const merged = Object.assign({}, args) as { admin?: boolean }
  return String(merged.admin ?? false)
})

let session: RawSession
let batches: RawSession
beforeAll(async () => {
  const { url } = await served(server)
  session = await open(url)
  batches = await open(url, { revision: '2025-03-26' })
})

const CALL = '"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"take","arguments":{}}'

async function refused(body: string | Uint8Array, code = -32600): Promise<string> {
  seen.length = 0
  const reply = await session.post(body)
  const { error } = await reply.json()
  expect([reply.status, error?.code]).toEqual([400, code])
  expect(seen).toEqual([])
  return error!.message
}

describe('CVE-2026-27896: a member that another parser takes for one of the envelope', () => {
  test.each([
    ['Method', `{${CALL},"Method":"ping"}`],
    ['METHOD', `{${CALL},"METHOD":"ping"}`],
    ['ID', `{${CALL},"ID":2}`],
    ['Params', `{${CALL},"Params":{"name":"other"}}`],
    ['paramſ', `{${CALL},"paramſ":{"name":"other"}}`],
    ['paramſ in escapes', `{${CALL},"param\\u017f":{"name":"other"}}`],
    ['JſonRPC', `{${CALL},"JſonRPC":"1.0"}`],
    ['Result', `{${CALL},"Result":{}}`],
    ['eRRor', `{${CALL},"eRRor":{}}`],
    ['only the folded one', '{"jsonrpc":"2.0","id":1,"Method":"ping"}'],
  ])('%s: refused', async (_, body) => {
    await refused(body)
  })

  test('the same inside a batch: refused', async () => {
    for (const member of [`{${CALL},"Method":"ping"}`, `{${CALL},"paramſ":{}}`]) {
      seen.length = 0
      const reply = await batches.post(`[{"jsonrpc":"2.0","id":9,"method":"ping"},${member}]`)
      expect(await reply.text()).toContain('-32600')
      expect(seen).toEqual([])
    }
  })

  test('folded member names below the envelope are just unknown', async () => {
    expect((await session.request('tools/call', { name: 'take', Name: 'echo', arguments: { Method: 1 } })).error).toBe(
      undefined,
    )
  })
})

describe('case 60: a member that is there twice', () => {
  test.each([
    ['jsonrpc', `{"jsonrpc":"1.0",${CALL}}`],
    ['id', `{${CALL},"id":2}`],
    ['method', `{${CALL},"method":"ping"}`],
    ['method, once in escapes', `{${CALL},"m\\u0065thod":"ping"}`],
    ['params', `{${CALL},"params":{"name":"echo"}}`],
    ['params.name', '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"take","name":"echo"}}'],
    [
      'params.name with spaces',
      '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name" \t:"take"}}',
    ],
    ['params.uri', '{"jsonrpc":"2.0","id":1,"method":"resources/read","params":{"uri":"a:b","uri":"c:d"}}'],
    ['result', '{"jsonrpc":"2.0","id":"x","result":{},"result":{"a":1}}'],
    ['error', '{"jsonrpc":"2.0","id":"x","error":{"code":1,"message":""},"error":{"code":2,"message":""}}'],
    ['method in a long body', `{${CALL},"pad":"${'x'.repeat(5_000)}","method":"ping"}`],
  ])('%s: refused', async (_, body) => {
    expect(await refused(body)).toContain('twice')
  })

  test('inside a batch too', async () => {
    const reply = await batches.post(`[{${CALL},"method":"ping"}]`)
    expect(reply.status).toBe(400)
    expect(seen).toEqual([])
  })

  test('the same name at other places is not a repetition', async () => {
    const body = `{${CALL.replace('{}', '{"id":1,"method":"x","params":{"name":"y","id":2}}')}}`
    expect((await session.post(body)).status).toBe(200)
  })
})

describe('case 58: prototype pollution', () => {
  test.each([
    ['in the envelope', `{${CALL},"__proto__":{"admin":true}}`],
    ['in params', '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{"admin":true}}}'],
    ['in arguments', `{${CALL.replace('{}', '{"__proto__":{"admin":true}}')}}`],
    ['in escapes', `{${CALL.replace('{}', '{"__pr\\u006fto__":{"admin":true}}')}}`],
    ['deep', `{${CALL.replace('{}', '{"a":[{"b":{"__proto__":{"admin":true}}}]}')}}`],
    ['in a long body', `{${CALL.replace('{}', `{"pad":"${'x'.repeat(5_000)}","__proto__":{"admin":true}}`)}}`],
  ])('%s: refused', async (_, body) => {
    expect(await refused(body)).toContain('__proto__')
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
  })

  test('members named like those of every object are only members', async () => {
    const args = { constructor: { prototype: { admin: true } }, toString: 1, hasOwnProperty: 2, valueOf: null }
    seen.length = 0
    await session.call('take', args)
    expect(seen).toEqual([args])
    expect(await session.text('merge', args)).toBe('false')
    expect(({} as { admin?: boolean }).admin).toBeUndefined()
    expect(typeof {}.toString).toBe('function')
  })

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    'a tool, prompt, method or level named %s does not exist',
    async (name) => {
      expect((await session.request('tools/call', { name })).error?.code).toBe(-32602)
      expect((await session.request('prompts/get', { name })).error?.code).toBe(-32601)
      expect((await session.request(name)).error?.code).toBe(-32601)
      expect((await session.request('logging/setLevel', { level: name })).error?.code).toBe(-32602)
      const ref = { type: 'ref/prompt', name }
      const completion = await session.request('completion/complete', { ref, argument: { name, value: '' } })
      expect(completion.error?.code).toBe(-32601)
    },
  )
})

describe('case 57: deep and wide', () => {
  const nested = (depth: number, pad = '') =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"pad":"${pad}","a":${'['.repeat(depth)}${']'.repeat(depth)}}}}`

  test('the nesting of a long body ends at 64 levels', async () => {
    const pad = 'x'.repeat(5_000)
    expect((await session.post(nested(61, pad))).status).toBe(200)
    expect(await refused(nested(62, pad))).toContain('64')
  })

  test('the deepest short body is echoed', async () => {
    const body = nested(1_900)
    expect(body.length).toBeLessThan(4_096)
    const { result, error } = await answerOf(await session.post(body))
    expect([error, JSON.stringify(result).includes('['.repeat(1_900))]).toEqual([undefined, true])
  })

  test.each([
    ['open brackets', '['.repeat(4_000_000)],
    ['open braces', '{"a":'.repeat(800_000)],
    ['brackets in a member', nested(2_000_000)],
    ['brackets behind a string of brackets', `["${'['.repeat(1_000_000)}",${'['.repeat(1_000_000)}`],
  ])('4 MB of %s: refused at once', async (_, body) => {
    const delay = await stall(async () => {
      expect((await session.post(body)).status).toBe(400)
    })
    expect(delay).toBeLessThan(200)
  })

  const many = (count: number, member: (n: string) => string) =>
    Array.from({ length: count }, (_, n) => member(n.toString(36))).join()

  test.each([
    ['members of the envelope', `{${many(400_000, (n) => `"${n}":1`)}}`],
    ['members of the arguments', `{${CALL.replace('{}', `{${many(400_000, (n) => `"${n}":1`)}}`)}}`],
    [
      'members that are numbers',
      `{${CALL.replace('{}', `{${many(380_000, (n) => `"${Number.parseInt(n, 36)}":1`)}}`)}}`,
    ],
    ['objects of different shapes', `{${CALL.replace('{}', `{"a":[${many(300_000, (n) => `{"${n}":0}`)}]}`)}}`],
    ['empty objects', `{${CALL.replace('{}', `{"a":[${many(1_300_000, () => '{}')}]}`)}}`],
    ['empty arrays', `{${CALL.replace('{}', `{"a":[${many(1_300_000, () => '[]')}]}`)}}`],
    ['members in escapes', `{${many(260_000, (n) => `"\\u0061${n}":1`)}}`],
  ])('4 MB of %s: refused without holding up others', async (_, body) => {
    expect(body.length).toBeLessThan(4 * 1024 * 1024)
    const delay = await stall(async () => {
      await refused(body)
    })
    expect(delay).toBeLessThan(200)
  })

  test.each([
    ['members', () => `{"a":{${many(49_000, (n) => `"${n}":0`)}}}`],
    ['objects of different shapes', () => `{"a":[${many(24_000, (n) => `{"${n}":0}`)}]}`],
    ['lists', () => `{"a":[${many(24_000, () => '[]')}]}`],
    ['texts', () => `{"a":[${many(49_000, (n) => `"${n.padEnd(40, 'é')}"`)}]}`],
  ])('the widest body of %s that is taken, and echoed, holds up nobody either', async (_, args) => {
    const body = `{${CALL.replace('take', 'echo').replace('{}', args())}}`
    const delay = await stall(async () => {
      const reply = await session.post(body)
      expect([reply.status, (await reply.text()).length > body.length]).toEqual([200, true])
    })
    expect(delay).toBeLessThan(200)
  })

  test.each(['numbers', 'schema'])('elements that a schema of %s refuses do not either', async (tool) => {
    const body = `{${CALL.replace('take', tool).replace('{}', `{"list":[${many(49_000, () => '""')}]}`)}}`
    const delay = await stall(async () => {
      const { result } = await answerOf(await session.post(body))
      expect(result?.['isError']).toBe(true)
      expect(JSON.stringify(result).length).toBeLessThan(3_000)
    })
    expect(delay).toBeLessThan(200)
  })

  test('a long list of records is no attack', async () => {
    const records = Array.from({ length: 4_000 }, (_, id) => ({
      id,
      name: `n${id}`,
      tags: ['a', 'b'],
      at: { x: 1, y: 2 },
    }))
    const { result } = await session.call('take', { records })
    expect(result).toEqual({ content: [{ type: 'text', text: 'taken' }] })
  })

  /**
   * The longest that the event loop, which is also the server's, was held up meanwhile, in milliseconds, and at most the
   * time that this process has computed: the least of up to three times, because a busy machine holds up loops too, and
   * what the body itself does repeats.
   */
  async function stall(work: () => Promise<void>): Promise<number> {
    let least = Number.POSITIVE_INFINITY
    for (let times = 0; times < 3 && least >= 200; times++) {
      const delay = monitorEventLoopDelay({ resolution: 5 })
      const before = process.cpuUsage()
      delay.enable()
      await work()
      delay.disable()
      const { user, system } = process.cpuUsage(before)
      least = Math.min(least, delay.max / 1e6, (user + system) / 1e3)
    }
    return least
  }
})

describe('case 59: strict UTF-8', () => {
  const INVALID: [string, number[]][] = [
    ['a lone continuation byte', [0x80]],
    ['a cut sequence of two', [0xc3]],
    ['a cut sequence of three', [0xe2, 0x82]],
    ['a cut sequence of four', [0xf0, 0x9f, 0x98]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an overlong zero', [0xe0, 0x80, 0x80]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['0xfe', [0xfe]],
    ['0xff', [0xff]],
    ['Latin-1', [0xe9, 0x20]],
  ]
  test.each(INVALID)('%s in a string: -32700', async (_, bytes) => {
    const [before, after] = `{${CALL.replace('{}', '{"a":"|"}')}}`.split('|')
    await refused(Buffer.concat([Buffer.from(before!), Buffer.from(bytes), Buffer.from(after!)]), -32700)
  })

  test.each([
    ['UTF-16', Buffer.from(`{${CALL}}`, 'utf16le')],
    ['a byte order mark', Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(`{${CALL}}`)])],
    ['nothing', Buffer.alloc(0)],
    ['zero bytes', Buffer.alloc(64)],
  ])('%s: -32700', async (_, body) => {
    await refused(body, -32700)
  })

  test('every character survives, cut into packets anywhere', async () => {
    const text = 'é€😀\u0000\u2028\u2029\ud7ff\ue000\uffff\r\n"\\'
    const { result } = await session.call('echo', { text })
    expect(result?.['structuredContent']).toEqual({ text })
    // A lone surrogate can be written in JSON; it comes back as it came.
    const reply = await answerOf(
      await session.post(
        '{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"a":"\\ud800"}}}',
      ),
    )
    expect(reply.result?.['structuredContent']).toEqual({ a: '\ud800' })
  })
})

describe('case 35: ids keep their type and their value, or are refused', () => {
  test.each([
    '0',
    '-1',
    '9007199254740991',
    '-9007199254740991',
    '1e3',
    '1.0',
    '"1"',
    '""',
    '"é😀"',
    `"${'x'.repeat(128)}"`,
  ])('id %s comes back as it is', async (id) => {
    const reply = await session.post(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
    expect(await answerOf(reply)).toEqual({ jsonrpc: '2.0', id: JSON.parse(id), result: {} })
  })

  test.each([
    'null',
    'true',
    '1.5',
    '-0.1',
    '9007199254740992',
    '9007199254740993',
    '-9007199254740992',
    '1e400',
    '[]',
    '[1]',
    '{}',
    `"${'x'.repeat(129)}"`,
    `"${'é'.repeat(65)}"`,
    `"${'😀'.repeat(33)}"`,
  ])('id %s is refused', async (id) => {
    await refused(`{"jsonrpc":"2.0","id":${id},"method":"ping"}`)
  })

  test('1 and "1" are two requests in flight', async () => {
    const slow = createServer({ name: 'slow', version: '1.0.0' })
    let release = (): void => {}
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    slow.tool('hold', {}, async () => {
      await held
      return 'held'
    })
    const other = await open((await served(slow)).url)
    const call = (id: unknown) => other.post({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'hold' } })
    const both = [await call(1), await call('1')]
    // A replica knows the requests in flight on itself.
    if (REPLICAS === 1) for (const id of [1, '1']) expect((await call(id)).status).toBe(400)
    release()
    const ids = await Promise.all(both.map(async (reply) => (await answerOf(reply)).id))
    expect(ids).toEqual([1, '1'])
  })
})
