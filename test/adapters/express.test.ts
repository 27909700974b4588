import express from 'express'
import { afterEach, expect, test } from 'vitest'
import { expressHandler } from '../../src/adapters/express.ts'
import type { AuthRequest, Identity } from '../../src/index.ts'
import { createAdapterServer, INITIALIZE, listen, liveThrough, liveThroughSse, post } from './lifecycle.ts'

let close: (() => Promise<void>) | undefined
afterEach(async () => {
  await close?.()
  close = undefined
})

async function start(app: express.Express): Promise<string> {
  const { origin, close: closeHttp } = await listen(app)
  close = closeHttp
  return origin
}

test('a session lives in Express', async () => {
  const app = express()
  app.use('/mcp', expressHandler(createAdapterServer()))
  await liveThrough(`${await start(app)}/mcp`)
})

test('a session lives behind express.json(), which reads the body first', async () => {
  const app = express()
  app.use(express.json())
  app.use('/mcp', expressHandler(createAdapterServer()))
  await liveThrough(`${await start(app)}/mcp`)
})

test('a session lives in a router under a prefix, beside other routes', async () => {
  const app = express()
  const router = express.Router()
  router.use('/tools/mcp', expressHandler(createAdapterServer()))
  app.use('/api/v1', router)
  app.get('/', (_request, response) => void response.send('home'))
  const origin = await start(app)
  await liveThrough(`${origin}/api/v1/tools/mcp`)
  expect(await (await fetch(origin)).text()).toBe('home')
  expect((await fetch(`${origin}/elsewhere`)).status).toBe(404)
})

test('HTTP+SSE lives beside it, under its prefix and at paths of its own', async () => {
  const app = express()
  const handler = expressHandler(createAdapterServer(), { legacySse: true })
  app.use(express.json())
  app.use('/api/mcp', handler)
  app.use(['/sse', '/messages'], handler)
  const origin = await start(app)
  await liveThrough(`${origin}/api/mcp`)
  await liveThroughSse(`${origin}/api/mcp/sse`, '/api/mcp/messages')
  await liveThroughSse(`${origin}/sse`, '/messages')
})

test('a body that is no JSON gets the error of whoever reads it', async () => {
  const app = express()
  app.use('/raw', expressHandler(createAdapterServer()))
  app.use('/parsed', express.json(), expressHandler(createAdapterServer()))
  const origin = await start(app)
  const raw = await post(`${origin}/raw`, '{"jsonrpc":')
  expect(raw.status).toBe(400)
  expect(await raw.json()).toMatchObject({ error: { code: -32700 } })
  // express.json() answers by itself: nothing of the request reaches the handler.
  expect((await post(`${origin}/parsed`, '{"jsonrpc":')).status).toBe(400)
})

test.each([
  ['express.text()', express.text({ type: '*/*' })],
  ['express.raw()', express.raw({ type: '*/*' })],
])('a body that %s has read is taken as it is', async (_, parser) => {
  const app = express()
  app.use('/mcp', parser, expressHandler(createAdapterServer()))
  const url = `${await start(app)}/mcp`
  expect((await post(url, INITIALIZE)).status).toBe(200)
  expect(await (await post(url, '{"jsonrpc":')).json()).toMatchObject({ error: { code: -32700 } })
})

test('a handler that is closed ends its streams and runs the hooks, so that the HTTP server can close', async () => {
  const server = createAdapterServer()
  let closed = 0
  server.onClose(() => void closed++)
  const handler = expressHandler(server)
  const app = express()
  app.use('/mcp', handler)
  const { origin, http } = await listen(app)
  const url = `${origin}/mcp`
  const session = (await post(url, INITIALIZE)).headers.get('mcp-session-id')!
  const stream = await fetch(url, { headers: { accept: 'text/event-stream', 'mcp-session-id': session } })
  expect(await handler.counters()).toMatchObject({ sessionsOpened: 1 })
  await handler.close({ deadline: 0 })
  expect(await stream.text()).toMatch(/retry: \d+\n\n$/)
  http.closeIdleConnections()
  await new Promise((resolve) => http.close(resolve))
  expect(closed).toBe(1)
})

test('auth sees headers and the whole path, wherever the handler is mounted', async () => {
  const app = express()
  const paths: string[] = []
  const auth = (request: AuthRequest): Identity | undefined => {
    paths.push(request.path)
    return request.header('X-Api-Key') === 'right' ? { issuer: 'keys', subject: 'ada' } : undefined
  }
  app.use('/mcp', expressHandler(createAdapterServer(), { auth }))
  const url = `${await start(app)}/mcp`
  const refused = await post(url, INITIALIZE)
  expect(refused.status).toBe(401)
  expect(refused.headers.get('www-authenticate')).toBe('Bearer')
  expect((await post(url, INITIALIZE, { 'x-api-key': 'right' })).status).toBe(200)
  expect(paths).toEqual(['/mcp', '/mcp'])
})

test('options that make no sense are refused where they are written', () => {
  const server = createAdapterServer()
  expect(() => expressHandler(server, { port: 8000 } as object)).toThrow(
    /^Unknown option "port"\. Options are auth, cors/,
  )
})

test('an endpoint that could not start hands its reason to the error handler of the application', async () => {
  const app = express()
  app.use('/mcp', expressHandler(createAdapterServer(), { secrets: ['too short'] }))
  const reasons: string[] = []
  app.use(((error, _request, response, _next) => {
    reasons.push((error as Error).message)
    response.status(500).end()
  }) as express.ErrorRequestHandler)
  expect((await post(`${await start(app)}/mcp`, INITIALIZE)).status).toBe(500)
  expect(reasons).toEqual([expect.stringMatching(/^secrets\[0\] has 9 bytes; use at least 32 random ones/)])
})
