import { createServer as createHttpServer } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { type ServeOptions, type ServerHandle, serve } from '../../src/adapters/node.ts'
import { createServer, type LogEntry } from '../../src/index.ts'
import { ask, requestText } from '../security/support/wire.ts'
import { createAdapterServer, INITIALIZE, liveThrough, post } from './lifecycle.ts'

const handles: ServerHandle[] = []
afterEach(async () => {
  await Promise.all(handles.splice(0).map((handle) => handle.close({ deadline: 0 })))
})

async function start(options: ServeOptions = {}, server = createAdapterServer()): Promise<ServerHandle> {
  const handle = await serve(server, { port: 0, signals: false, ...options })
  handles.push(handle)
  return handle
}

test('a session lives on node:http', async () => {
  await liveThrough((await start()).url)
})

test.each(['/', '/mcp', '/mcp/', '/a/deep/path'])(
  'the endpoint %s answers with and without a trailing slash',
  async (path) => {
    const { url, port } = await start({ path })
    expect(url).toBe(`http://localhost:${port}${path}`)
    const origin = `http://127.0.0.1:${port}`
    const bare = path.replace(/\/$/, '')
    expect((await post(`${origin}${bare}/`, INITIALIZE)).status).toBe(200)
    expect((await post(`${origin}${bare}`, INITIALIZE)).status).toBe(200)
    expect((await post(`${origin}${bare}?session=of-no-meaning`, INITIALIZE)).status).toBe(200)
    const beside = await post(`${origin}${bare}/beside`, INITIALIZE)
    expect(beside.status).toBe(404)
    expect(await beside.json()).toMatchObject({
      error: { message: `Nothing here; the MCP endpoint is ${bare || '/'}.` },
    })
  },
)

test('the health checks stand beside the endpoint, and readiness ends when the drain begins', async () => {
  const { port, close } = await start()
  const origin = `http://127.0.0.1:${port}`
  expect(await (await fetch(`${origin}/healthz`)).text()).toBe('ok\n')
  expect((await fetch(`${origin}/readyz`)).status).toBe(200)
  const session = (await post(`${origin}/mcp`, INITIALIZE)).headers.get('mcp-session-id')!
  const count = { id: 2, method: 'tools/call', params: { name: 'count' } }
  const call = await post(`${origin}/mcp`, count, { 'mcp-session-id': session })
  const closing = close({ deadline: 5_000 })
  expect((await fetch(`${origin}/readyz`)).status).toBe(503)
  expect((await fetch(`${origin}/healthz`)).status).toBe(200)
  expect(await call.text()).toContain('"text":"counted"')
  await closing
})

test('the checks of a load balancer that name no host, as those of HAProxy, are answered; nothing else is', async () => {
  const { port } = await start()
  const status = async (path: string, headers = {}): Promise<number> =>
    (await ask(port, requestText('GET', path, headers).replace('HTTP/1.1', 'HTTP/1.0'))).status
  expect([await status('/readyz'), await status('/healthz')]).toEqual([200, 200])
  expect(await status('/readyz', { host: 'evil.example.com' })).toBe(403)
  expect([await status('/mcp'), await status('/')]).toEqual([403, 403])
})

test('one definition is served by several endpoints, each with sessions of its own', async () => {
  const server = createAdapterServer()
  const secrets = ['one secret for all of them: 32 bytes']
  const [first, second] = await Promise.all([start({}, server), start({ path: '/other', jsonResponse: true }, server)])
  await Promise.all([
    liveThrough(first.url),
    expect(post(second.url, INITIALIZE)).resolves.toMatchObject({ status: 200 }),
  ])
  const token = (await post(first.url, INITIALIZE)).headers.get('mcp-session-id')!
  const ping = { id: 5, method: 'ping' }
  expect((await post(first.url, ping, { 'mcp-session-id': token })).status).toBe(200)
  expect((await post(second.url, ping, { 'mcp-session-id': token })).status).toBe(404)
  // A common secret makes a session of one good at the other.
  const [third, fourth] = await Promise.all([start({ secrets }, server), start({ secrets }, server)])
  const shared = (await post(third.url, INITIALIZE)).headers.get('mcp-session-id')!
  expect((await post(fourth.url, ping, { 'mcp-session-id': shared })).status).toBe(200)
})

test('a list that changes is told to the sessions of every endpoint', async () => {
  const server = createAdapterServer()
  const running = await Promise.all([start({}, server), start({}, server)])
  const streams = await Promise.all(
    running.map(async ({ url }) => {
      const session = (await post(url, INITIALIZE)).headers.get('mcp-session-id')!
      return fetch(url, { headers: { accept: 'text/event-stream', 'mcp-session-id': session } })
    }),
  )
  server.tool('new', {}, () => 'new')
  await Promise.all(streams.map((stream) => readUntil(stream, 'notifications/tools/list_changed')))
})

/** Fails by the time-out of the test when the text never comes. */
async function readUntil(stream: Response, text: string): Promise<void> {
  const decoder = new TextDecoder()
  let seen = ''
  for await (const chunk of stream.body!) {
    seen += decoder.decode(chunk, { stream: true })
    if (seen.includes(text)) return
  }
  throw new Error(`The stream ended without ${text}:\n${seen}`)
}

test('a server that can be reached from elsewhere remarks on hosts that it was not told', async () => {
  const entries: LogEntry[] = []
  await start({ host: '0.0.0.0', auth: 'none', logger: (entry) => void entries.push(entry) })
  expect(entries).toMatchObject([{ level: 'warn', message: expect.stringContaining('security.allowedHosts') }])
  await start({
    host: '0.0.0.0',
    auth: 'none',
    security: { allowedHosts: ['mcp.example.com'] },
    logger: (entry) => void entries.push(entry),
  })
  await start({ logger: (entry) => void entries.push(entry) })
  expect(entries).toHaveLength(1)
})

test('a port in use is said in a sentence, and leaves nothing behind', async () => {
  const { port } = await start()
  await expect(start({ port })).rejects.toThrow(`Port ${port} on 127.0.0.1 is in use; choose another one.`)
})

test('a port that a foreign program holds is said the same way', async () => {
  const foreign = createHttpServer()
  await new Promise<void>((resolve) => foreign.listen(0, '127.0.0.1', resolve))
  const { port } = foreign.address() as AddressInfo
  await expect(start({ port })).rejects.toThrow('is in use')
  await new Promise((resolve) => foreign.close(resolve))
})

test.each<[string, object, RegExp]>([
  [
    'an unknown option',
    { prot: 8000 },
    /^Unknown option "prot"\. Options are auth, cors, .*host, .*port, .*stateless\.$/,
  ],
  ['an option of another server framework', { sessionIdGenerator: undefined }, /^Unknown option "sessionIdGenerator"/],
  [
    'a misspelt limit',
    { limits: { callPerSession: 4 } },
    /^Unknown limit "callPerSession"\. Limits are bodyBytes, callsPerSession/,
  ],
  ['a limit that is no number', { limits: { calls: '10' } }, /^limits\.calls must be a positive number; got 10\.$/],
  ['a limit of nothing', { limits: { calls: 0 } }, /^limits\.calls must be a positive number; got 0\.$/],
  [
    'an answer mode that is none',
    { jsonResponse: 'never' },
    /^jsonResponse must be true, false or 'auto'; got never\.$/,
  ],
  ['a path without a slash', { path: 'mcp' }, /^path must begin with a slash; got "mcp"\.$/],
  [
    'a secret that could be guessed',
    { secrets: ['secret'] },
    /^secrets\[0\] has 6 bytes; use at least 32 random ones, for example the output of `openssl rand -base64 32`\.$/,
  ],
])('%s is refused with a sentence that helps', async (_, options, sentence) => {
  await expect(start(options)).rejects.toThrow(sentence)
})

test('something that is no server of createServer is refused', async () => {
  await expect(start({}, { tool() {} } as never)).rejects.toThrow('Pass the server that createServer returned.')
})

test('identity is checked where it is written', () => {
  expect(() => createServer({ name: 'x' } as never)).toThrow(
    /^createServer needs a version, for example createServer\(/,
  )
})

/** Sends bytes on one connection, a piece at a time, and reads until `count` responses have come. */
async function pieces(port: number, texts: readonly string[], count: number): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  let received = ''
  socket.on('data', (bytes: Buffer) => {
    received += bytes.toString()
  })
  for (const text of texts) {
    socket.write(text)
    await setTimeout(2)
  }
  await vi.waitFor(() => expect(received.match(/HTTP\/1\.1 /g)).toHaveLength(count), { timeout: 5_000 })
  socket.destroy()
  return received
}

const head = (length: number): string =>
  'POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
  `accept: application/json, text/event-stream\r\ncontent-length: ${length}\r\n\r\n`

test.each([
  ['at once', undefined],
  ['after a while', () => setTimeout(5, { issuer: 'https://example.com', subject: 'ada' })],
])('a body is read whole however it arrives, where the caller is known %s', async (_, auth) => {
  const { port } = await start(auth === undefined ? {} : { auth })
  const body = JSON.stringify({ jsonrpc: '2.0', ...INITIALIZE })
  const request = head(Buffer.byteLength(body)) + body
  expect(await pieces(port, [request], 1)).toContain('"protocolVersion"')
  expect(await pieces(port, [...request], 1)).toContain('"protocolVersion"')
  // Pipelined: the second waits for the first, and a chunked one follows on the same connection.
  const chunked = head(0).replace('content-length: 0', 'transfer-encoding: chunked')
  const halves = [body.slice(0, 20), body.slice(20)].map((half) => `${half.length.toString(16)}\r\n${half}\r\n`)
  const all = await pieces(port, [request + request, chunked, ...halves, '0\r\n\r\n'], 3)
  expect(all.match(/"protocolVersion"/g)).toHaveLength(3)
})

test('a body that grows too large on the way is refused while it is still being sent', async () => {
  const { port } = await start({ limits: { bodyBytes: 1_000 } })
  const chunked = head(0).replace('content-length: 0', 'transfer-encoding: chunked')
  const chunk = `200\r\n${'x'.repeat(0x200)}\r\n`
  expect(await pieces(port, [chunked, chunk, chunk, chunk], 1)).toContain('413 Payload Too Large')
})
