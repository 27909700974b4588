import type { RequestListener } from 'node:http'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { expect, test } from 'vitest'
import { honoHandler } from '../../src/adapters/hono.ts'
import { createAdapterServer, listen, liveThrough, liveThroughSse, overHandler } from './lifecycle.ts'

function application(): Hono {
  const app = new Hono()
  app.all('/mcp', honoHandler(createAdapterServer()))
  app.get('/', (context) => context.text('home'))
  return app
}

test('a session lives in Hono, without a socket', async () => {
  const app = application()
  await liveThrough('http://localhost/mcp', overHandler(app.fetch))
})

test('a session lives in Hono on Node', async () => {
  const app = application()
  const { origin, close } = await listen(getRequestListener(app.fetch) as RequestListener)
  try {
    await liveThrough(`${origin}/mcp`)
    expect(await (await fetch(origin)).text()).toBe('home')
  } finally {
    await close()
  }
})

test('a session lives under a base path', async () => {
  const app = new Hono().basePath('/api')
  app.all('/mcp/*', honoHandler(createAdapterServer()))
  await liveThrough('http://localhost/api/mcp/', overHandler(app.fetch))
})

test('HTTP+SSE lives beside it, at paths of its own and under a prefix', async () => {
  const app = new Hono()
  const handler = honoHandler(createAdapterServer(), { legacySse: true })
  for (const path of ['/mcp', '/mcp/*', '/sse', '/messages']) app.all(path, handler)
  await liveThrough('http://localhost/mcp', overHandler(app.fetch))
  await liveThroughSse('http://localhost/sse', '/messages', overHandler(app.fetch))
  const { origin, close } = await listen(getRequestListener(app.fetch) as RequestListener)
  try {
    await liveThroughSse(`${origin}/mcp/sse`, '/mcp/messages')
  } finally {
    await close()
  }
})

test('the handler drains and counts like that of fetch', async () => {
  const server = createAdapterServer()
  let closed = 0
  server.onClose(() => void closed++)
  const handler = honoHandler(server)
  const app = new Hono().all('/mcp', handler)
  await liveThrough('http://localhost/mcp', overHandler(app.fetch))
  expect(await handler.counters()).toMatchObject({ sessionsOpened: 1, sessionsDeleted: 1, openStreams: 0 })
  await handler.close()
  expect(closed).toBe(1)
})
