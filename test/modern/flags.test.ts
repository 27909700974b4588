/** The table of docs/eras.md on the two flags, found out over HTTP. */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { type ServeOptions, serve } from 'fairlead/node'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ask, call, KEY, send } from './wire.ts'

const MODES: readonly ServeOptions[] = [{}, { jsonResponse: true }, { jsonResponse: false }, { stateless: true }]

const FORM = { type: 'object', properties: { name: { type: 'string' } } }

function define() {
  const server = createServer({ name: 'flags', version: '1.0.0' })
  server.tool('quick', {}, () => 'quick')
  server.tool('slow', {}, () => sleep(1_300, 'slow'))
  server.tool('speaks', {}, async (_args, ctx) => {
    ctx.progress(1)
    ctx.log.info('on the way')
    return 'spoken'
  })
  for (const durable of [false, true]) {
    server.tool(`asks_${durable}`, { durable }, async (_args, ctx) => {
      return (await ctx.elicit({ message: 'Who?', requestedSchema: FORM })).action
    })
  }
  server.tool(
    'waits',
    {},
    (_args, ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', () => resolve(''))),
  )
  return server
}

type Running = Awaited<ReturnType<typeof serve>>
const running: Running[] = []
beforeAll(async () => {
  for (const mode of MODES) running.push(await serve(define(), { port: 0, signals: false, onError: () => {}, ...mode }))
})
afterAll(() => Promise.all(running.map((each) => each.close({ deadline: 0 }))))

const rounds = async (url: string, name: string) => {
  const { result, error } = await call(url, name)
  if (result?.['resultType'] === 'input_required') return 'in rounds'
  return error?.message.includes('stateless') ? 'refused' : JSON.stringify(error)
}

const PROBES: Readonly<Record<string, (on: Running) => Promise<string>>> = {
  'The answer to a quick call': async ({ url }) => {
    const reply = await send(url, 'tools/call', { name: 'quick', arguments: {} })
    return reply.headers['content-type'] === 'application/json' ? 'JSON' : 'SSE'
  },
  'The answer to a call that is silent for longer than 1 s': async ({ url }) => {
    const from = performance.now()
    const reply = await send(url, 'tools/call', { name: 'slow', arguments: {} })
    const took = performance.now() - from
    const kind = reply.headers['content-type'] === 'application/json' ? 'JSON' : 'SSE'
    return `${kind} ${took > 1_250 ? 'at its end' : took > 900 ? 'after 1 s' : 'at once'}`
  },
  'Progress and log messages of a call': async ({ url, counters }) => {
    const before = counters().notificationsDropped
    const meta = { progressToken: 1, [`${KEY}logLevel`]: 'debug' }
    const reply = await send(url, 'tools/call', { name: 'speaks', arguments: {} }, { meta })
    const text = await reply.text()
    if (text.includes('notifications/progress') && text.includes('notifications/message')) return 'on its stream'
    return counters().notificationsDropped === before + 2 ? 'dropped and counted' : text
  },
  'Sampling, elicitation and roots': ({ url }) => rounds(url, 'asks_false'),
  'The same in a tool with `durable: true`': ({ url }) => rounds(url, 'asks_true'),
  '`subscriptions/listen`': async ({ url }) => {
    const reply = await send(url, 'subscriptions/listen', { notifications: { toolsListChanged: true } })
    const stream = reply.stream()
    const { params } = await stream.method('notifications/subscriptions/acknowledged')
    stream.cut()
    return Object.keys(params!['notifications'] as object).length > 0 ? 'a stream' : 'honours nothing'
  },
  '`list_changed`': async ({ url }) => {
    const { result } = await ask(url, 'server/discover')
    return JSON.stringify(result!['capabilities']).includes('listChanged') ? 'declared' : 'not declared'
  },
  'A client that leaves': async ({ url, counters }) => {
    const { callsCancelled: before, callsStarted } = counters()
    const { request } = await import('node:http')
    const { JSON_BOTH } = await import('../requirements/session.ts')
    const { envelope } = await import('./wire.ts')
    const headers = {
      ...JSON_BOTH,
      'mcp-protocol-version': '2026-07-28',
      'mcp-method': 'tools/call',
      'mcp-name': 'waits',
    }
    const outgoing = request(url, { method: 'POST', headers })
    outgoing.on('error', () => {})
    outgoing.end(
      JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'waits', _meta: envelope() } }),
    )
    await expect.poll(() => counters().callsStarted).toBe(callsStarted + 1)
    outgoing.destroy()
    await expect.poll(() => counters().callsCancelled).toBe(before + 1)
    return 'cancels the call'
  },
}

/** The cells of the table by the first of each row. */
function readTable(): Map<string, string[]> {
  const text = readFileSync(new URL('../../docs/eras.md', import.meta.url), 'utf8')
  const part = text.slice(text.indexOf('## The two flags in this era'), text.indexOf('## stdio'))
  const lines = part.split('\n').filter((line) => line.startsWith('|'))
  const rows = lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
  return new Map(rows.slice(2).map(([first, ...cells]) => [first!, cells]))
}

const table = readTable()

test('the table has a row for every probe, and no other', () => {
  expect([...table.keys()]).toEqual(Object.keys(PROBES))
})

describe('each row of docs/eras.md says what happens', () => {
  test.each(Object.entries(PROBES))('%s', async (name, find) => {
    const seen = []
    for (const each of running) seen.push(await find(each))
    expect(seen).toEqual(table.get(name))
  })
})
