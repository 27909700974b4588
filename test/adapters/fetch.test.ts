import { expect, test } from 'vitest'
import { fetchHandler } from '../../src/adapters/fetch.ts'
import { createServer } from '../../src/index.ts'
import { createAdapterServer, INITIALIZE, liveThrough, overHandler } from './lifecycle.ts'

const URL_TEXT = 'http://localhost/mcp'

function request(body: BodyInit | null, headers: Record<string, string> = {}): Request {
  return new Request(URL_TEXT, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body,
  })
}

const initialize = JSON.stringify({ jsonrpc: '2.0', ...INITIALIZE })

test('a session lives in a fetch handler', async () => {
  const handler = fetchHandler(createAdapterServer())
  await liveThrough(URL_TEXT, overHandler(handler))
  await handler.close()
})

test('every path is served: routing is the caller’s', async () => {
  const handler = fetchHandler(createAdapterServer())
  await liveThrough('http://localhost/any/where', overHandler(handler))
})

test('a handler that served nothing has nothing to close', async () => {
  await expect(fetchHandler(createAdapterServer()).close()).resolves.toBeUndefined()
})

test('a body that comes in pieces is one body', async () => {
  const handler = fetchHandler(createAdapterServer())
  const bytes = new TextEncoder().encode(initialize)
  const body = new ReadableStream({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 7) controller.enqueue(bytes.slice(at, at + 7))
      controller.close()
    },
  })
  const pieces = new Request(URL_TEXT, {
    ...headersOf(request(null)),
    method: 'POST',
    body,
    duplex: 'half',
  } as RequestInit)
  expect((await handler(pieces)).status).toBe(200)
  await handler.close()
})

function headersOf({ headers }: Request): { headers: Headers } {
  return { headers }
}

test('an oversized body is refused without being read to its end', async () => {
  const handler = fetchHandler(createAdapterServer(), { limits: { bodyBytes: 1_000 } })
  let pulled = 0
  const body = new ReadableStream({
    pull(controller) {
      controller.enqueue(new Uint8Array(500).fill(32))
      if (++pulled === 1_000) controller.close()
    },
  })
  const endless = new Request(URL_TEXT, {
    ...headersOf(request(null)),
    method: 'POST',
    body,
    duplex: 'half',
  } as RequestInit)
  expect((await handler(endless)).status).toBe(413)
  expect(pulled).toBeLessThan(10)
  await handler.close()
})

test('a body that is not UTF-8 is refused', async () => {
  const handler = fetchHandler(createAdapterServer())
  const response = await handler(request(new Uint8Array([0x22, 0xff, 0x22])))
  expect(response.status).toBe(400)
  expect(await response.json()).toMatchObject({ error: { code: -32700 } })
  await handler.close()
})

test('a reader that stops reading does not let the server pile up what it sends', async () => {
  const server = createServer({ name: 'flood', version: '1.0.0' })
  let sent = 0
  let release = (): void => {}
  const done = new Promise<void>((resolve) => {
    release = resolve
  })
  server.tool('flood', {}, async (_, ctx) => {
    for (; sent < 200 && !ctx.signal.aborted; sent++) {
      ctx.log.info('x'.repeat(10_000))
      await new Promise((resolve) => setTimeout(resolve, 1))
    }
    release()
    return 'flooded'
  })
  const handler = fetchHandler(server, { limits: { windowBytes: 200_000 }, logger: () => {} })
  const session = (await handler(request(initialize))).headers.get('mcp-session-id')!
  const call = JSON.stringify({ jsonrpc: '2.0', id: 2, method: 'tools/call', params: { name: 'flood' } })
  const response = await handler(request(call, { 'mcp-session-id': session }))
  await done
  // Said plainly instead of a hole: the window was too small for what the reader left unread.
  const text = await response.text()
  expect(text).toContain('"reason":"stream_lost"')
  expect(text.length).toBeLessThan(400_000)
  expect((await handler.counters()).streamsLost).toBe(1)
  expect(sent).toBeLessThan(200)
  await handler.close()
})

test('the counters of a handler are there before its first request', async () => {
  const handler = fetchHandler(createAdapterServer())
  expect(await handler.counters()).toMatchObject({ requests: 0, openCalls: 0 })
  await handler.close()
})

test('options that make no sense are refused where they are written', () => {
  const options = { jsonResponse: 'always' } as object
  expect(() => fetchHandler(createAdapterServer(), options)).toThrow(/^jsonResponse must be true, false or 'auto'/)
})
