import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { serve } from 'fairlead/node'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { startEverything } from '../everything/start.mjs'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { open } from './session.ts'

const make = (hooks: string[]) => {
  const server = createServer({ name: 'shutdown', version: '1.0.0' })
  server.tool('work', { inputSchema: z.object({ ms: z.number() }) }, async ({ ms }, ctx) => {
    ctx.progress(1)
    ctx.signal.addEventListener('abort', () => hooks.push('aborted'))
    await sleep(ms)
    return 'worked'
  })
  server.onClose(async () => {
    await sleep(10)
    hooks.push('closed')
  })
  return server
}

describe.each(LEGACY)('%s', (revision) => {
  test('closing finishes calls, ends session streams, runs the hooks, then refuses', async () => {
    verifies('HTTP-09')
    const hooks: string[] = []
    const running = await serve(make(hooks), { port: 0, signals: false })
    const session = await open(running.url, { revision })
    const listening = await session.listen()
    await listening.until('its beginning', () => listening.items[0])
    const { id, stream } = await session.startCall('work', { ms: 400 }, { progressToken: 1 })
    await stream.method('notifications/progress')
    const ready = () => exchange(running.url.replace('/mcp', '/readyz'), { method: 'GET' })
    expect((await ready()).status).toBe(200)
    const closed = running.close({ deadline: 5_000 })
    expect((await ready()).status).toBe(503)
    await listening.end()
    // Clients of the older revisions never come back after a clean end, but they do after a broken one.
    expect(listening.complete).toBe(revision === '2025-11-25')
    expect(listening.items.some(({ kind }) => kind === 'retry')).toBe(true)
    expect((await stream.response(id)).result).toMatchObject({ content: [{ text: 'worked' }] })
    await closed
    expect(hooks).toEqual(['closed'])
    await expect(session.request('ping')).rejects.toThrow(/ECONNREFUSED/)
  })

  test('a call that does not end by the deadline gets an error', async () => {
    const hooks: string[] = []
    const running = await serve(make(hooks), { port: 0, signals: false, onError: () => {} })
    const session = await open(running.url, { revision })
    const { id, stream } = await session.startCall('work', { ms: 60_000 }, { progressToken: 1 })
    await stream.method('notifications/progress')
    const begin = Date.now()
    await running.close({ deadline: 200 })
    expect(Date.now() - begin).toBeLessThan(3_000)
    expect((await stream.response(id)).error).toMatchObject({ code: -32603 })
    expect(hooks).toEqual(['aborted', 'closed'])
  })
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s drains the process, which ends with 0', async (signal) => {
  const server = await startEverything('node')
  const session = await open(server.url)
  const { id, stream } = await session.startCall('test_steps', { steps: 5, ms: 60 }, { progressToken: 1 })
  await stream.method('notifications/progress')
  process.kill(server.pid, signal)
  expect((await stream.response(id)).result).toMatchObject({ content: [{ text: 'Took 5 steps.' }] })
  expect(await server.close()).toBe(0)
})

test('a session survives kill -9 and a restart with the same secret', async () => {
  verifies('SESS-09')
  const env = { FAIRLEAD_SECRET: 'a-secret-that-has-more-than-32-bytes-in-it' }
  const first = await startEverything('node', env)
  const session = await open(first.url)
  expect(await session.text('test_simple_text')).toContain('simple text')
  await first.kill('SIGKILL')
  const second = await startEverything('node', env)
  const { headers } = session
  const body = JSON.stringify({ jsonrpc: '2.0', id: 9, method: 'tools/call', params: { name: 'test_session_facts' } })
  const reply = await exchange(second.url, { headers, body })
  expect(reply.status).toBe(200)
  expect(await reply.text()).toContain('raw')
  await second.close()
})

test('an engine that does not exist is refused with a sentence', async () => {
  await expect(startEverything('node', { FAIRLEAD_ENGINE: 'elsewhere://localhost' })).rejects.toThrow(
    /begins with redis:\/\/ or rediss:\/\//,
  )
})
