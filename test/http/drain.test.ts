/** How a process leaves: signals, what is still served meanwhile, and how everything ends. Real processes. */
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { type Exchange, exchange } from '../requirements/http.ts'
import { open, type RawSession } from '../requirements/session.ts'
import { requestText, Wire } from '../security/support/wire.ts'
import { type Process, startProcess } from './processes/start.ts'

const beside = (process: Process, path: string): Promise<Exchange> =>
  exchange(new URL(path, process.url).href, { method: 'GET' })

/** A call under way, seen to have begun. */
async function working(session: RawSession, ms = 1_000) {
  const call = await session.startCall('work', { ms }, { progressToken: 'p' })
  await call.stream.method('notifications/progress')
  return call
}

describe.each(['SIGTERM', 'SIGINT'] as const)('%s', (signal) => {
  test('not ready at once, streams end, calls finish, hooks run, exit code 0', async () => {
    const process = await startProcess()
    const session = await open(process.url)
    const older = await open(process.url, { revision: '2025-06-18' })
    const listening = await session.listen()
    await listening.until('the priming event', () => listening.ids[0])
    const olderListening = await older.listen()
    await olderListening.until('its first line', () => olderListening.items[0])
    const { stream, id } = await working(session)
    expect((await beside(process, '/readyz')).status).toBe(200)

    process.signal(signal)
    await listening.end()
    const [ready, healthy] = [await beside(process, '/readyz'), await beside(process, '/healthz')]
    expect([ready.status, healthy.status]).toEqual([503, 200])
    // Cleanly, and with a time to come back, which differs from client to client.
    expect([listening.complete, listening.items.at(-1)?.kind]).toEqual([true, 'retry'])
    expect(listening.items.at(-1)!.ms).toBeGreaterThanOrEqual(1_500)
    expect(listening.items.at(-1)!.ms).toBeLessThanOrEqual(4_000)
    // Older official clients never come back after a clean end.
    await olderListening.end()
    expect(olderListening.complete).toBe(false)
    const again = await session.get()
    expect([again.status, Number(again.headers['retry-after']) > 0]).toEqual([503, true])

    const { result } = await stream.response(id)
    expect(result).toEqual({ content: [{ type: 'text', text: 'worked' }] })
    await stream.end()
    expect(stream.complete).toBe(true)
    expect(stream.messages.filter((message) => message.method === 'notifications/progress')).toHaveLength(10)
    expect(await process.exit).toBe(0)
    expect(process.lines).toEqual([expect.stringContaining('listening'), 'closed'])
  })

  test('a second signal does not cut the drain short', async () => {
    const process = await startProcess()
    const { stream, id } = await working(await open(process.url), 600)
    process.signal(signal)
    await sleep(50)
    process.signal('SIGTERM')
    process.signal('SIGINT')
    expect((await stream.response(id)).result).toBeDefined()
    expect(await process.exit).toBe(0)
    expect(process.lines.filter((line) => line === 'closed')).toHaveLength(1)
  })
})

test('an idle process leaves at once, whatever connections idle with it', async () => {
  const process = await startProcess()
  const session = await open(process.url)
  const wires = await Promise.all(Array.from({ length: 20 }, () => Wire.open(process.port)))
  for (const [n, wire] of wires.entries()) {
    // Some have had an answer, some are in the middle of a request, some have said nothing.
    if (n % 3 === 0) wire.send(requestText('GET', '/healthz', { host: 'localhost' }))
    if (n % 3 === 1) wire.send('POST /mcp HTTP/1.1\r\nhost: loc')
  }
  await wires[0]!.response()
  const listening = await session.listen()
  const started = Date.now()
  process.signal('SIGTERM')
  expect(await process.exit).toBe(0)
  expect(Date.now() - started).toBeLessThan(2_000)
  await listening.end()
  for (const wire of wires) wire.cut()
})

test('case 69: calls that begin while it drains are served', async () => {
  const process = await startProcess()
  const session = await open(process.url)
  const { stream, id } = await working(session, 800)
  process.signal('SIGTERM')
  await sleep(100)
  expect((await session.request('ping')).result).toEqual({})
  expect(await session.text('work', { ms: 50 })).toBe('worked')
  expect((await stream.response(id)).result).toBeDefined()
  expect(await process.exit).toBe(0)
})

test('a call whose connection was closed can be resumed while it drains', async () => {
  const process = await startProcess()
  const session = await open(process.url)
  const { stream, id } = await session.startCall('polled', { ms: 800 })
  await stream.end()
  process.signal('SIGTERM')
  await sleep(50)
  const resumed = await session.listen(stream.ids.at(-1))
  expect((await resumed.response(id)).result).toEqual({ content: [{ type: 'text', text: 'polled' }] })
  expect(await process.exit).toBe(0)
})

describe('the deadline', () => {
  test('case 69: passed: calls end with the explicit error, and then the process', async () => {
    const process = await startProcess({ DEADLINE: '300' })
    const session = await open(process.url)
    const calls = [await session.startCall('endless'), await session.startCall('endless')]
    const started = Date.now()
    process.signal('SIGTERM')
    for (const { stream, id } of calls) {
      await stream.end()
      expect(stream.complete).toBe(true)
      const final = stream.messages.filter((message) => message.id === id)
      expect(final).toEqual([
        {
          jsonrpc: '2.0',
          id,
          error: expect.objectContaining({ code: -32603, message: expect.stringContaining('shut down') }),
        },
      ])
    }
    expect(await process.exit).toBe(0)
    expect(Date.now() - started).toBeLessThan(3_000)
    expect(process.lines).toContain('closed')
  })

  test('holds for readers that have stopped too', async () => {
    const process = await startProcess({ DEADLINE: '200' })
    const session = await open(process.url)
    const wire = await Wire.open(process.port)
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'flood' } })
    wire.send(requestText('POST', '/mcp', { host: 'localhost', ...session.headers }, body))
    await wire.head()
    wire.socket.pause()
    await sleep(300)
    const started = Date.now()
    process.signal('SIGTERM')
    expect(await process.exit).toBe(0)
    expect(Date.now() - started).toBeLessThan(3_000)
    wire.cut()
  })
})

test('signals: false leaves signals to the program', async () => {
  const process = await startProcess({ SIGNALS: 'off' })
  await open(process.url)
  process.signal('SIGTERM')
  expect(await process.exit).toBe('SIGTERM')
  expect(process.lines).not.toContain('closed')
})
