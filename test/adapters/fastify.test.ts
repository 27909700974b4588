import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, expect, test } from 'vitest'
import { fastifyPlugin } from '../../src/adapters/fastify.ts'
import { createAdapterServer, INITIALIZE, liveThrough, liveThroughSse, post } from './lifecycle.ts'

let app: FastifyInstance | undefined
afterEach(async () => {
  await app?.close()
  app = undefined
})

test('a session lives in Fastify', async () => {
  app = Fastify()
  await app.register(fastifyPlugin(createAdapterServer()), { prefix: '/mcp' })
  await liveThrough(`${await app.listen({ port: 0 })}/mcp`)
})

test('a session lives under a longer prefix, and other routes keep their body parsers', async () => {
  app = Fastify()
  await app.register(fastifyPlugin(createAdapterServer()), { prefix: '/api/v1/mcp' })
  app.post('/sum', async (request) => (request.body as number[]).reduce((sum, term) => sum + term, 0))
  const origin = await app.listen({ port: 0 })
  await liveThrough(`${origin}/api/v1/mcp`)
  expect(await (await post(`${origin}/sum`, '[1,2,3]')).text()).toBe('6')
})

test('HTTP+SSE lives beside it, under its prefix', async () => {
  // The client's `fetch` connects anew after a request that was aborted, and then sends nothing.
  app = Fastify({ forceCloseConnections: true })
  await app.register(fastifyPlugin(createAdapterServer(), { legacySse: true }), { prefix: '/mcp' })
  const origin = await app.listen({ port: 0 })
  await liveThrough(`${origin}/mcp`)
  await liveThroughSse(`${origin}/mcp/sse`, '/mcp/messages')
})

test('the body limit is that of Fairlead, which says so in JSON-RPC', async () => {
  app = Fastify({ bodyLimit: 100 })
  await app.register(fastifyPlugin(createAdapterServer(), { limits: { bodyBytes: 2_000 } }), { prefix: '/mcp' })
  const url = `${await app.listen({ port: 0 })}/mcp`
  expect((await post(url, INITIALIZE)).status).toBe(200)
  const refused = await post(url, { ...INITIALIZE, padding: 'x'.repeat(2_000) })
  expect(refused.status).toBe(413)
  expect(await refused.json()).toMatchObject({ error: { message: expect.stringContaining('limits.bodyBytes') } })
})

test('closing the application ends session streams, lets calls finish and runs the hooks of the server', async () => {
  const server = createAdapterServer()
  let closed = 0
  server.onClose(() => void closed++)
  app = Fastify()
  await app.register(fastifyPlugin(server), { prefix: '/mcp' })
  const url = `${await app.listen({ port: 0 })}/mcp`
  const session = (await post(url, INITIALIZE)).headers.get('mcp-session-id')!
  const stream = await fetch(url, { headers: { accept: 'text/event-stream', 'mcp-session-id': session } })
  const count = { id: 2, method: 'tools/call', params: { name: 'count' } }
  const call = await post(url, count, { 'mcp-session-id': session })
  await app.close()
  app = undefined
  // A last word about when to come back, then a clean end.
  expect(await stream.text()).toMatch(/retry: \d+\n\n$/)
  expect(await call.text()).toContain('"text":"counted"')
  expect(closed).toBe(1)
})

test('options that make no sense are refused where they are written', () => {
  const options = { limits: { callPerSession: 3 } } as object
  expect(() => fastifyPlugin(createAdapterServer(), options)).toThrow(/^Unknown limit "callPerSession"\. Limits are /)
})
