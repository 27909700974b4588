/**
 * A stranger must not be able to end the process through what handlers commonly do: promises that nobody awaits yet,
 * listeners that throw, calls that end while their handler goes on.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { answerOf, open, type RawSession } from '../requirements/session.ts'
import { createServer, type Served, served } from './support/serving.ts'

/** Each of these would have ended the process; the test runner would only report it at the very end. */
const fatal: unknown[] = []
const note = (reason: unknown) => void fatal.push(reason)
let runners: NodeJS.UnhandledRejectionListener[]
beforeEach(() => {
  fatal.length = 0
  runners = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', note)
})
afterEach(() => {
  process.off('unhandledRejection', note)
  for (const runner of runners) process.on('unhandledRejection', runner)
})

const message = { role: 'user', content: { type: 'text', text: 'x' } } as const
const form = { type: 'object', properties: { a: { type: 'string' } } } as const
let progressed = 0

describe('a question that nobody awaits when its call ends', () => {
  const server = createServer({ name: 'handlers', version: '1.0.0' })
  const busy = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => setTimeout(resolve, 30)))
  server.tool('roots', {}, async (_, ctx) => {
    const roots = ctx.listRoots()
    await busy(ctx.signal)
    return JSON.stringify(await roots)
  })
  server.tool('sample', {}, async (_, ctx) => {
    const sampled = ctx.sample({ messages: [message], maxTokens: 1 })
    await busy(ctx.signal)
    return JSON.stringify(await sampled)
  })
  server.tool('elicit', {}, async (_, ctx) => {
    const answer = ctx.elicit({ message: 'x', requestedSchema: form })
    await busy(ctx.signal)
    return JSON.stringify(await answer)
  })
  server.tool('url', {}, async (_, ctx) => {
    const answer = ctx.elicit({ mode: 'url', message: 'x', url: 'https://example.com' })
    await busy(ctx.signal)
    return JSON.stringify(await answer)
  })
  server.tool('forgotten', { timeout: 50 }, async (_, ctx) => {
    void ctx.listRoots()
    void ctx.sample({ messages: [message], maxTokens: 1 })
    void ctx.elicit({ message: 'x', requestedSchema: form })
    return 'done'
  })
  server.tool('undeclared', {}, (_, ctx) => {
    void ctx.listRoots()
    void ctx.sample({ messages: [message], maxTokens: 1 })
    void ctx.elicit({ message: 'x', requestedSchema: form })
    void ctx.elicit({ mode: 'url', message: 'x', url: 'https://example.com' })
    return 'done'
  })
  server.tool('values', {}, async (_, ctx) => {
    void ctx.session.set('a', 'x'.repeat(1_000_000))
    void ctx.session.get('a')
    return 'done'
  })

  let running: Served
  let session: RawSession
  beforeEach(async () => {
    running = await served(server, { onError: () => {} })
    session = await open(running.url)
  })

  test.each(['roots', 'sample', 'elicit', 'url'])('%s: cancelled by the client', async (name) => {
    const { stream, id } = await session.startCall(name)
    await stream.until('the question', () => stream.messages.find((one) => one.id !== undefined))
    await session.notify('notifications/cancelled', { requestId: id })
    await stream.end()
    await sleep(60)
    expect(fatal).toEqual([])
  })

  test.each(['roots', 'sample', 'elicit', 'url'])('%s: the session deleted by the client', async (name) => {
    const { stream } = await session.startCall(name)
    await stream.until('the question', () => stream.messages.find((one) => one.id !== undefined))
    await session.delete()
    await stream.end()
    await sleep(60)
    expect(fatal).toEqual([])
  })

  test.each(['roots', 'sample', 'elicit', 'url'])(
    '%s: refused or answered with nonsense by the client',
    async (name) => {
      for (const answer of [
        { error: { code: 1, message: 'no' } },
        { result: {} },
        { result: { action: 'accept', content: [] } },
      ]) {
        const { stream, id } = await session.startCall(name)
        const question = await stream.until('the question', () => stream.messages.find((one) => one.id !== undefined))
        await session.answer(question.id, answer)
        await sleep(20)
        await session.notify('notifications/cancelled', { requestId: id })
        await stream.end()
      }
      await sleep(60)
      expect(fatal).toEqual([])
    },
  )

  test('left behind by a handler that returned', async () => {
    expect(await session.text('forgotten')).toBe('done')
    await sleep(60)
    expect(fatal).toEqual([])
    expect(running.counters().openAsks).toBe(0)
  })

  test('of a client that declared nothing', async () => {
    const bare = await open(running.url, { capabilities: {} })
    expect(await bare.text('undeclared')).toBe('done')
    await sleep(20)
    expect(fatal).toEqual([])
  })

  test('for a value of the session that is too large', async () => {
    expect(await session.text('values')).toBe('done')
    await sleep(20)
    expect(fatal).toEqual([])
  })
})

describe('callbacks of handlers', () => {
  const server = createServer({ name: 'callbacks', version: '1.0.0' })
  server.tool('progress', {}, async (_, ctx) => {
    const onProgress = () => {
      progressed++
      if (progressed === 1) throw new Error('of the callback')
      return Promise.reject(new Error('of the callback, later'))
    }
    return JSON.stringify(await ctx.listRoots({ onProgress }))
  })
  server.tool('late', {}, async (_, ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    await sleep(20)
    // Everything that a handler may still do when its call is long over.
    ctx.progress(1)
    ctx.log.error('late')
    ctx.closeStream()
    await Promise.allSettled([ctx.listRoots(), ctx.session.set('a', 1), ctx.session.get('a')])
    throw new Error('late')
  })
  server.onSession(() => {
    throw new Error('of the hook')
  })
  server.onSession(async () => {
    throw new Error('of the hook, later')
  })

  test('an onProgress that throws is reported, and the notification is accepted', async () => {
    const errors: unknown[] = []
    const session = await open((await served(server, { onError: (error) => errors.push(error) })).url)
    const { stream, id } = await session.startCall('progress')
    const question = await stream.method('roots/list')
    progressed = 0
    const notified = await session.notify('notifications/progress', { progressToken: question.id, progress: 1 })
    expect([notified.status, progressed]).toEqual([202, 1])
    await session.notify('notifications/progress', { progressToken: question.id, progress: 2 })
    expect(errors.map(String).filter((text) => text.includes('callback'))).toHaveLength(2)
    await session.answer(question.id, { result: { roots: [] } })
    expect((await stream.response(id)).result).toBeDefined()
    const older = await open((await served(server, { onError: () => {} })).url, { revision: '2025-03-26' })
    const second = await older.startCall('progress')
    const { id: token } = await second.stream.method('roots/list')
    const batch = [
      { jsonrpc: '2.0', method: 'notifications/progress', params: { progressToken: token, progress: 1 } },
      { jsonrpc: '2.0', id: 9, method: 'ping' },
    ]
    const reply = await older.post(batch)
    expect([reply.status, (await reply.text()).includes('"id":9,"result"')]).toEqual([200, true])
    expect(fatal).toEqual([])
  })

  test('a handler that goes on after its call has ended', async () => {
    const running = await served(server, { onError: () => {} })
    const session = await open(running.url)
    const { id, stream } = await session.startCall('late')
    await session.notify('notifications/cancelled', { requestId: id })
    await stream.end()
    const second = await session.startCall('late')
    await session.delete()
    await second.stream.end()
    await sleep(80)
    expect(fatal).toEqual([])
    expect(running.counters()).toMatchObject({ openCalls: 0, openStreams: 0, openAsks: 0 })
    const next = await open(running.url)
    expect(await answerOf(await next.post({ jsonrpc: '2.0', id: 1, method: 'ping' }))).toMatchObject({ result: {} })
  })

  test('hooks that throw are counted', async () => {
    const running = await served(server, { onError: () => {} })
    const session = await open(running.url)
    await session.delete()
    await expect.poll(() => running.counters().hookErrors).toBe(4)
    expect(fatal).toEqual([])
  })
})
