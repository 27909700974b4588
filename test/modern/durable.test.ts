/** Durable tools: the handler runs again on every retry, anywhere, and does nothing twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { type Context, createServer } from 'fairlead'
import { serve } from 'fairlead/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { open } from '../requirements/session.ts'
import { ADAPTERS, start } from '../requirements/start.ts'
import { accept, call, type Round, retry, roundOf, textOf } from './wire.ts'

const SECRETS = ['one secret of at least 32 bytes, for tests']
const FORM = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const form = (message: string) => ({ message, requestedSchema: FORM })

/** What ran, over all processes of a test, by the key that it chose. */
const ran = new Map<string, string[]>()
const note = (key: unknown, what: string) => ran.set(String(key), [...(ran.get(String(key)) ?? []), what])

function define(changed = false) {
  const server = createServer({ name: 'durable', version: '1.0.0' })
  const inputSchema = { type: 'object', properties: { key: { type: 'string' }, size: { type: 'number' } } }
  const tool = (name: string, handler: (ctx: Context, key: string, size: number) => Promise<string>) =>
    server.tool(name, { inputSchema, durable: true }, (args, ctx) =>
      handler(ctx, String(args['key']), Number(args['size'])),
    )

  tool('order', async (ctx, key) => {
    note(key, 'begin')
    const order = await ctx.step('order', async () => {
      note(key, 'order')
      await sleep(5)
      return { id: ctx.callId }
    })
    const name = await ctx.elicit(form('Who?'))
    const paid = await ctx.step('pay', () => {
      note(key, 'pay')
      return undefined
    })
    const [sure, roots] = await Promise.all([ctx.elicit(form('Sure?')), ctx.listRoots()])
    note(key, 'end')
    const given = [name, sure].map((answer) => (answer.action === 'accept' ? answer.content.name : answer.action))
    return JSON.stringify({ given, roots: roots.length, paid, same: order.id === ctx.callId })
  })
  tool('changes', async (ctx) => {
    const message = changed ? 'Delete everything?' : 'Keep everything?'
    const answer = await ctx.elicit(form(message)).catch(() => ({ action: 'swallowed' }))
    return `${message} ${answer.action}`
  })
  tool('swaps', async (ctx) => {
    const ask = [() => ctx.elicit(form('First?')), () => ctx.sample({ messages: [], maxTokens: 1 })]
    if (changed) ask.reverse()
    for (const each of ask) await each()
    return 'done'
  })
  tool('large', async (ctx, _key, size) => {
    await ctx.step('fill', () => 'x'.repeat(size))
    return (await ctx.elicit(form('Large?'))).action
  })
  tool('slow', async (ctx, key) => {
    const [answer, made] = await Promise.all([
      ctx.elicit(form('Who?')),
      ctx.step('make', async () => {
        note(key, 'make')
        await sleep(40)
        return 'made'
      }),
    ])
    return `${answer.action} ${made}`
  })
  tool('fails', async (ctx, key) => {
    const tried = async () => {
      note(key, 'tried')
      if (ran.get(key)!.filter((what) => what === 'tried').length < 2) throw new Error('not yet')
      return 'went well'
    }
    const first = await ctx.step('risky', tried).catch(() => 'failed')
    const answer = await ctx.elicit(form('Again?'))
    return `${first} ${answer.action}`
  })
  tool('repeats', async (ctx, key) => {
    const numbers: number[] = []
    for (let count = 0; count < 3; count++) {
      numbers.push(
        await ctx.step('next', () => {
          note(key, 'next')
          return count
        }),
      )
    }
    await ctx.elicit(form('Fine?'))
    return numbers.join()
  })
  tool('endless', async (ctx) => {
    for (let round = 1; ; round++) await ctx.elicit(form(`Round ${round}?`))
  })
  return server
}

const ROOTS = { roots: [{ uri: 'file:///a' }] }

describe.each(ADAPTERS)('%s', (adapter) => {
  let urls: string[]
  beforeAll(async () => {
    urls = [await start(define(), { secrets: SECRETS }, adapter), await start(define(), { secrets: SECRETS }, adapter)]
  })

  test('case 42: a call goes from process to process, and each step is done once', async () => {
    const key = `${adapter}-order`
    const first = roundOf(await call(urls[0]!, 'order', { key }))
    const second = roundOf(await retry(urls[1]!, 'order', first, { 'elicitation-1': accept({ name: 'Ada' }) }, { key }))
    expect(Object.keys(second.inputRequests)).toEqual(['elicitation-2', 'roots-3'])
    const responses = { 'elicitation-2': { action: 'decline' }, 'roots-3': ROOTS }
    const last = await retry(urls[0]!, 'order', second, responses, { key })
    expect(JSON.parse(textOf(last))).toEqual({ given: ['Ada', 'decline'], roots: 1, paid: null, same: true })
    expect(ran.get(key)).toEqual(['begin', 'order', 'begin', 'pay', 'begin', 'end'])
  })

  test('what a retry lacks is asked for again, by running up to it again', async () => {
    const key = `${adapter}-partly`
    const first = roundOf(await call(urls[0]!, 'order', { key }))
    const again = roundOf(await retry(urls[1]!, 'order', first, { other: accept({ name: 'x' }) }, { key }))
    expect(Object.keys(again.inputRequests)).toEqual(['elicitation-1'])
    const second = roundOf(await retry(urls[0]!, 'order', again, { 'elicitation-1': accept({ name: 'Ada' }) }, { key }))
    const third = roundOf(await retry(urls[1]!, 'order', second, { 'roots-3': ROOTS }, { key }))
    expect(Object.keys(third.inputRequests)).toEqual(['elicitation-2'])
    const last = await retry(urls[0]!, 'order', third, { 'elicitation-2': accept({ name: 'yes' }) }, { key })
    expect(JSON.parse(textOf(last))).toMatchObject({ given: ['Ada', 'yes'], roots: 1 })
    expect(ran.get(key)!.filter((what) => what === 'order')).toEqual(['order'])
  })

  test('case 39: a question that differs from the recorded one stops the call', async () => {
    const other = await start(define(true), { secrets: SECRETS }, adapter)
    for (const [tool, responses] of [
      ['changes', { 'elicitation-1': accept({ name: 'x' }) }],
      ['swaps', { 'elicitation-1': accept({ name: 'x' }) }],
    ] as const) {
      const round = roundOf(await call(urls[0]!, tool))
      const { error, result } = await retry(other, tool, round, responses)
      expect([result, error?.code, error?.message]).toEqual([
        undefined,
        -32603,
        'The handler asked another question than it did before.',
      ])
    }
  })

  test('questions wait for a step that runs, so that its result is not lost', async () => {
    const key = `${adapter}-slow`
    const round = roundOf(await call(urls[0]!, 'slow', { key }))
    expect(textOf(await retry(urls[1]!, 'slow', round, { 'elicitation-1': { action: 'cancel' } }, { key }))).toBe(
      'cancel made',
    )
    expect(ran.get(key)).toEqual(['make'])
  })

  test('a step that failed is not done', async () => {
    const key = `${adapter}-fails`
    const round = roundOf(await call(urls[0]!, 'fails', { key }))
    const last = await retry(
      urls[1]!,
      'fails',
      round,
      { 'elicitation-1': { action: 'accept', content: { name: 'x' } } },
      { key },
    )
    expect(textOf(last)).toBe('went well accept')
  })

  test('steps of one name are told apart by their order', async () => {
    const key = `${adapter}-repeats`
    const round = roundOf(await call(urls[0]!, 'repeats', { key }))
    expect(textOf(await retry(urls[1]!, 'repeats', round, { 'elicitation-1': { action: 'cancel' } }, { key }))).toBe(
      '0,1,2',
    )
    expect(ran.get(key)).toEqual(['next', 'next', 'next'])
  })

  test('the state has 64 KB', async () => {
    expect(roundOf(await call(urls[0]!, 'large', { size: 45_000 })).requestState.length).toBeLessThan(65_536)
    const { error } = await call(urls[0]!, 'large', { size: 60_000 })
    expect(error).toMatchObject({ code: -32603, message: expect.stringContaining('65536') })
  })

  test('a request asks in eight rounds at most', async () => {
    let round: Round = roundOf(await call(urls[0]!, 'endless'))
    for (let count = 1; count < 8; count++) {
      round = roundOf(
        await retry(urls[count % 2]!, 'endless', round, { [`elicitation-${count}`]: { action: 'cancel' } }),
      )
    }
    const { error } = await retry(urls[0]!, 'endless', round, { 'elicitation-8': { action: 'cancel' } })
    expect(error).toMatchObject({ code: -32603, message: expect.stringContaining('8 rounds') })
  })

  test('it needs no sessions', async () => {
    const pair = [
      await start(define(), { secrets: SECRETS, stateless: true }, adapter),
      await start(define(), { secrets: SECRETS, stateless: true }, adapter),
    ]
    const round = roundOf(await call(pair[0]!, 'repeats', { key: `${adapter}-stateless` }))
    const last = await retry(
      pair[1]!,
      'repeats',
      round,
      { 'elicitation-1': { action: 'cancel' } },
      { key: `${adapter}-stateless` },
    )
    expect(textOf(last)).toBe('0,1,2')
  })

  test('in a session the same handler runs once and waits', async () => {
    const session = await open(urls[0]!)
    const key = `${adapter}-session`
    const text = await session.text(
      'order',
      { key },
      {
        'elicitation/create': ({ message }) => (message === 'Who?' ? accept({ name: 'Ada' }) : { action: 'decline' }),
        'roots/list': () => ROOTS,
      },
    )
    expect(JSON.parse(text)).toMatchObject({ given: ['Ada', 'decline'], roots: 1, same: true })
    expect(ran.get(key)).toEqual(['begin', 'order', 'pay', 'end'])
  })
})

test('nothing is kept between the rounds, and nothing runs', async () => {
  const running = await serve(define(), { port: 0, signals: false, secrets: SECRETS, onError: () => {} })
  for (let count = 0; count < 20; count++) roundOf(await call(running.url, 'order', { key: 'kept' }))
  expect(running.counters()).toMatchObject({ openCalls: 0, parkedCalls: 0, openAsks: 0 })
  await running.close({ deadline: 0 })
})

test('the server may be replaced between the rounds', async () => {
  const key = 'replaced'
  const serveOne = () => serve(define(), { port: 0, signals: false, secrets: SECRETS, onError: () => {} })
  const before = await serveOne()
  const round = roundOf(await call(before.url, 'order', { key }))
  await before.close({ deadline: 0 })
  const after = await serveOne()
  afterAll(() => after.close({ deadline: 0 }))
  const second = roundOf(await retry(after.url, 'order', round, { 'elicitation-1': accept({ name: 'Ada' }) }, { key }))
  expect(Object.keys(second.inputRequests)).toEqual(['elicitation-2', 'roots-3'])
  expect(ran.get(key)).toEqual(['begin', 'order', 'begin', 'pay'])
})
