import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { LEGACY, verifies } from './requirements.ts'
import { open } from './session.ts'
import { start } from './start.ts'

const ended = new Map<string, string>()
const server = createServer({ name: 'utilities', version: '1.0.0' })
server.tool('wait', { inputSchema: z.object({ key: z.string(), ms: z.number() }) }, async ({ key, ms }, ctx) => {
  ended.set(key, 'running')
  try {
    ctx.progress(1)
    await sleep(ms, undefined, { signal: ctx.signal })
    ended.set(key, 'completed')
  } catch (reason) {
    ended.set(key, 'cancelled')
    throw reason
  }
  return 'waited'
})
server.tool('ask', { inputSchema: z.object({ timeout: z.number() }) }, async ({ timeout }, ctx) => {
  const outcome = await ctx.listRoots({ timeout }).then(
    () => 'answered',
    (error: { code: string }) => error.code,
  )
  // Time for the late answer to arrive.
  await sleep(150)
  return outcome
})
server.tool('values', { inputSchema: z.object({ values: z.array(z.number()) }) }, async ({ values }, ctx) => {
  for (const value of values) ctx.progress(value, 10, `at ${value}`)
  return 'reported'
})
let late = () => {}
server.tool('late', {}, async (_args, ctx) => {
  late = () => {
    ctx.progress(5)
    ctx.log.error('too late')
  }
  return 'over'
})
const levels = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const
server.tool('log', {}, async (_args, ctx) => {
  for (const level of levels) ctx.log[level]({ at: level }, 'scribe')
  return 'logged'
})
server.prompt(
  'complete',
  {
    argsSchema: z.object({ many: z.string(), few: z.string(), broken: z.string(), bare: z.string() }),
    complete: {
      many: () => Array.from({ length: 250 }, (_, index) => `value ${index}`),
      few: (value, { arguments: given }) =>
        ['b', 'a', 'c'].filter((each) => each >= value).map((each) => each + (given['many'] ?? '')),
      broken: () => {
        throw new Error('secret')
      },
    },
  },
  async () => 'done',
)

let url: string
beforeAll(async () => {
  url = await start(server)
})

const settled = async (key: string) => {
  for (let tries = 0; tries < 100 && ended.get(key) === 'running'; tries++) await sleep(10)
  return ended.get(key)
}

describe.each(LEGACY)('%s', (revision) => {
  test('a cancelled request stops and gets no response', async () => {
    verifies('CANC-02')
    const session = await open(url, { revision })
    const key = `cancel ${revision}`
    const { id, stream } = await session.startCall('wait', { key, ms: 5_000 }, { progressToken: 1 })
    await stream.method('notifications/progress')
    expect((await session.notify('notifications/cancelled', { requestId: id, reason: 'no more' })).status).toBe(202)
    await stream.end()
    expect(stream.messages.filter((message) => message.method === undefined)).toEqual([])
    expect(await settled(key)).toBe('cancelled')
    expect((await session.request('ping')).result).toEqual({})
  })

  test('a cancellation counts only in the session and for the id that it names', async () => {
    verifies('CANC-01', 'CANC-02')
    const [one, other] = [await open(url, { revision }), await open(url, { revision })]
    const key = `foreign ${revision}`
    const { id, stream } = await one.startCall('wait', { key, ms: 200 }, { progressToken: 1 })
    await stream.method('notifications/progress')
    await other.notify('notifications/cancelled', { requestId: id })
    await one.notify('notifications/cancelled', { requestId: String(id) })
    await one.notify('notifications/cancelled', { requestId: id + 1 })
    expect((await stream.response(id)).result).toMatchObject({ content: [{ text: 'waited' }] })
    expect(ended.get(key)).toBe('completed')
  })

  test('a cancellation that is malformed, unknown or late is ignored', async () => {
    verifies('CANC-02', 'CANC-03')
    const session = await open(url, { revision })
    const { id, stream } = await session.startCall('log')
    await stream.end()
    for (const params of [
      undefined,
      {},
      { requestId: null },
      { requestId: {} },
      { requestId: 'unknown' },
      { requestId: id },
    ]) {
      expect((await session.notify('notifications/cancelled', params)).status).toBe(202)
    }
    expect((await session.request('ping')).result).toEqual({})
  })

  test('only what we asked is cancelled by us, and its late answer is ignored', async () => {
    verifies('CANC-01', 'CANC-03', 'CANC-04')
    const session = await open(url, { revision })
    const { id, stream } = await session.startCall('ask', { timeout: 50 })
    const question = await stream.method('roots/list')
    const cancelled = await stream.method('notifications/cancelled')
    expect(cancelled.params!['requestId']).toBe(question.id)
    expect((await session.answer(question.id, { result: { roots: [] } })).status).toBe(202)
    expect((await stream.response(id)).result).toMatchObject({ content: [{ text: 'ask_timeout' }] })
    await stream.end()
    expect(stream.messages.filter(({ method }) => method === 'notifications/cancelled')).toHaveLength(1)
  })

  test('progress has the token of its request, in its type, and increases', async () => {
    verifies('PROG-01', 'PROG-02', 'PROG-03', 'PROG-04')
    const session = await open(url, { revision })
    for (const progressToken of [7, '7', 0, '', 'a b']) {
      const values = [1, 2, 2, 1, 3, Number.MAX_SAFE_INTEGER]
      const { stream } = await session.startCall('values', { values }, { progressToken })
      await stream.end()
      const progress = stream.messages
        .filter(({ method }) => method === 'notifications/progress')
        .map(({ params }) => params!)
      expect(progress.map((params) => params['progress'])).toEqual([1, 2, 3, Number.MAX_SAFE_INTEGER])
      expect(progress.every((params) => params['progressToken'] === progressToken && params['total'] === 10)).toBe(true)
      expect(progress[0]!['message']).toBe(revision === '2024-11-05' ? undefined : 'at 1')
    }
  })

  test('without a token there is no progress, and neither is there after the end', async () => {
    verifies('PROG-01')
    const session = await open(url, { revision })
    const listening = await session.listen()
    const silent = await session.startCall('values', { values: [1, 2] })
    await silent.stream.end()
    expect(silent.stream.messages.filter(({ method }) => method)).toEqual([])
    const over = await session.startCall('late', {}, { progressToken: 'late' })
    await over.stream.end()
    late()
    await sleep(50)
    for (const { messages } of [over.stream, listening]) expect(messages.filter(({ method }) => method)).toEqual([])
    listening.cut()
  })

  test('two requests at once keep their progress apart', async () => {
    verifies('PROG-01', 'PROG-03')
    const session = await open(url, { revision })
    const calls = await Promise.all(
      ['x', 'y'].map((progressToken) => session.startCall('values', { values: [1, 2] }, { progressToken })),
    )
    for (const [index, { stream }] of calls.entries()) {
      await stream.end()
      const tokens = stream.messages.flatMap(({ params }) => params?.['progressToken'] ?? [])
      expect(tokens).toEqual(Array(2).fill(['x', 'y'][index]))
    }
  })

  test('a ping is answered promptly with an empty result', async () => {
    verifies('PING-01')
    const session = await open(url, { revision })
    const begin = performance.now()
    expect((await session.request('ping')).result).toEqual({})
    expect(performance.now() - begin).toBeLessThan(500)
  })

  test('logging is declared, and messages have a level, a logger and data', async () => {
    verifies('LOG-01', 'LOG-04')
    const session = await open(url, { revision })
    expect(session.initialized['capabilities']).toMatchObject({ logging: {} })
    await session.request('logging/setLevel', { level: 'debug' })
    const { stream } = await session.startCall('log')
    await stream.end()
    const messages = stream.messages
      .filter(({ method }) => method === 'notifications/message')
      .map(({ params }) => params)
    expect(messages).toEqual(levels.map((level) => ({ level, logger: 'scribe', data: { at: level } })))
  })

  test.each(levels)('from the level %s on, and nothing below it', async (level) => {
    verifies('LOG-01')
    const session = await open(url, { revision })
    expect((await session.request('logging/setLevel', { level })).result).toEqual({})
    const { stream } = await session.startCall('log')
    await stream.end()
    const got = stream.messages.flatMap(({ params }) => params?.['level'] ?? [])
    expect(got).toEqual(levels.slice(levels.indexOf(level)))
  })

  test('an invalid level is refused', async () => {
    verifies('LOG-02')
    const session = await open(url, { revision })
    for (const params of [undefined, {}, { level: 'loud' }, { level: 3 }, { level: 'DEBUG' }, { level: null }]) {
      expect((await session.request('logging/setLevel', params)).error).toMatchObject({ code: -32602 })
    }
  })

  test('completion returns at most 100 values, in the order of the author, and says that there are more', async () => {
    verifies('COMP-01')
    const session = await open(url, { revision })
    // The method is older than the capability.
    const declared = Object.hasOwn(session.initialized['capabilities'] as object, 'completions')
    expect(declared).toBe(revision !== '2024-11-05')
    const ref = { type: 'ref/prompt', name: 'complete' }
    const ask = async (argument: object, context?: object) =>
      (await session.request('completion/complete', { ref, argument, context })).result!['completion']
    const many = (await ask({ name: 'many', value: '' })) as { values: string[] }
    expect(many.values.slice(0, 3)).toEqual(['value 0', 'value 1', 'value 2'])
    expect(many.values).toHaveLength(100)
    expect(many).toMatchObject({ total: 250, hasMore: true })
    expect(await ask({ name: 'few', value: 'b' })).toMatchObject({ values: ['b', 'c'], hasMore: false })
    expect(await ask({ name: 'few', value: 'c' }, { arguments: { many: '!' } })).toMatchObject({ values: ['c!'] })
    expect(await ask({ name: 'bare', value: '' })).toMatchObject({ values: [] })
  })

  test('completion validates what it is asked, and discloses nothing', async () => {
    verifies('COMP-02', 'COMP-03')
    const session = await open(url, { revision })
    const ref = { type: 'ref/prompt', name: 'complete' }
    const argument = { name: 'few', value: '' }
    for (const params of [
      undefined,
      { ref },
      { argument },
      { ref, argument: { name: 'few' } },
      { ref, argument: { name: 'few', value: 1 } },
      { ref: { type: 'ref/prompt', name: 'unknown' }, argument },
      { ref: { type: 'ref/resource', uri: 'test://{unknown}' }, argument },
      { ref: { type: 'ref/made-up', name: 'complete' }, argument },
      { ref: 'complete', argument },
    ]) {
      expect((await session.request('completion/complete', params)).error).toMatchObject({ code: -32602 })
    }
    const broken = await session.request('completion/complete', { ref, argument: { name: 'broken', value: '' } })
    expect(broken.error).toMatchObject({ code: -32603 })
    expect(JSON.stringify(broken)).not.toContain('secret')
    const inherited = await session.request('completion/complete', { ref, argument: { name: 'toString', value: '' } })
    expect(inherited.result).toMatchObject({ completion: { values: [] } })
  })
})

describe('pagination', () => {
  const COUNT = 450
  const large = createServer({ name: 'large', version: '1.0.0' })
  for (let index = 0; index < COUNT; index++) {
    large.tool(`tool_${index}`, {}, async () => '')
    large.prompt(`prompt_${index}`, {}, async () => '')
    large.resource(`resource ${index}`, `test://${index}`, {}, async () => '')
    large.resourceTemplate(`template ${index}`, `test://${index}/{id}`, {}, async () => '')
  }
  let endpoint: string
  beforeAll(async () => {
    endpoint = await start(large)
  })

  const lists = [
    ['tools/list', 'tools', 'name'],
    ['prompts/list', 'prompts', 'name'],
    ['resources/list', 'resources', 'uri'],
    ['resources/templates/list', 'resourceTemplates', 'uriTemplate'],
  ] as const

  test.each(lists)('%s in pages has everything once, and the same when asked again', async (method, member, key) => {
    verifies('PAGE-01', 'PAGE-02')
    const session = await open(endpoint)
    const walk = async () => {
      const seen: unknown[] = []
      for (let cursor: unknown, pages = 0; pages === 0 || cursor !== undefined; pages++) {
        const { result } = await session.request(method, cursor === undefined ? {} : { cursor })
        seen.push(...(result![member] as { [name: string]: unknown }[]).map((item) => item[key]))
        cursor = result!['nextCursor']
        expect(pages).toBeLessThan(COUNT)
      }
      return seen
    }
    const first = await walk()
    expect(first).toHaveLength(COUNT)
    expect(new Set(first).size).toBe(COUNT)
    expect(await walk()).toEqual(first)
  })

  test('an invalid cursor is refused: made up, changed, or of another list', async () => {
    verifies('PAGE-01')
    const session = await open(endpoint)
    const cursor = (await session.request('tools/list')).result!['nextCursor'] as string
    const changed = cursor.slice(0, -1) + (cursor.endsWith('A') ? 'B' : 'A')
    for (const bad of ['', '1', 'made-up', changed, `${cursor}x`, 5, null, {}]) {
      expect([bad, (await session.request('tools/list', { cursor: bad })).error?.code]).toEqual([bad, -32602])
    }
    expect((await session.request('prompts/list', { cursor })).error).toMatchObject({ code: -32602 })
    expect((await session.request('tools/list', { cursor })).result).toBeDefined()
  })
})
