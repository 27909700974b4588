/**
 * One life of a session, the same for every adapter: all that an adapter could lose on the way is in it.
 */
import { createServer as createHttpServer, type Server as HttpServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { createServer, type Server } from '../../src/index.ts'
import { createClient, type Observation } from '../../src/testing/client/index.ts'

const NOTE = 'note://one'

/** A server with one thing of each kind that travels in its own way. */
export function createAdapterServer(): Server {
  const server = createServer({ name: 'adapters', version: '1.0.0' })
  server.tool(
    'echo',
    { inputSchema: { type: 'object', properties: { text: { type: 'string' } }, required: ['text'] } },
    ({ text }) => String(text),
  )
  server.tool('book', {}, async (_, ctx) => {
    const requestedSchema = { type: 'object', properties: { nights: { type: 'integer' } }, required: ['nights'] }
    const answer = await ctx.elicit({ message: 'For how long?', requestedSchema })
    return answer.action === 'accept' ? `Booked for ${answer.content['nights']} nights.` : 'Not booked.'
  })
  server.tool('count', {}, async (_, ctx) => {
    for (let step = 1; step <= 6; step++) {
      ctx.progress(step, 6)
      await sleep(20)
    }
    return 'counted'
  })
  server.resource('note', NOTE, {}, () => 'a note')
  server.tool('touch', {}, () => server.resourceUpdated(NOTE))
  server.tool('header', {}, (_, ctx) => ctx.request.headers.get('X-Colour') ?? 'none')
  return server
}

/** Lives one session through, over the network or over a `fetch` of its own. */
export async function liveThrough(url: string, fetch?: typeof globalThis.fetch): Promise<void> {
  const seen: Observation[] = []
  const notified: string[] = []
  const client = createClient(url, {
    ...(fetch && { fetch }),
    headers: { 'x-colour': 'blue' },
    elicitation: () => ({ action: 'accept', content: { nights: 2 } }),
    onExchange: (observation) => seen.push(observation),
    onNotification: (method) => notified.push(method),
  })
  const call = async (name: string, args = {}, options = {}): Promise<unknown> => {
    const result = await client.request('tools/call', { name, arguments: args }, options)
    return (result['content'] as { text: string }[])[0]?.text
  }
  try {
    const session = await client.connect()
    expect(session.revision.name).toBe('2025-11-25')
    expect(session.sessionId).toMatch(/^[!-~]{40,512}$/)

    // A body in UTF-8, an answer as a stream, a header of the request.
    expect(await call('echo', { text: 'Ölüdeniz 🏖' })).toBe('Ölüdeniz 🏖')
    expect(lastResponse(seen)).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
    expect(await call('header')).toBe('blue')

    // A question on the stream of the call, its answer in a POST of its own.
    expect(await call('book')).toBe('Booked for 2 nights.')

    // The session stream.
    expect(await client.openStream()).toEqual({ open: true })
    await client.request('resources/subscribe', { uri: NOTE })
    await call('touch')
    await expect.poll(() => notified).toContain('notifications/resources/updated')

    // A cut stream goes on where it was cut: nothing is lost and nothing comes twice.
    const steps: number[] = []
    const onProgress = ({ progress }: { progress: number }): void => {
      steps.push(progress)
      if (progress === 2) client.cutStreams('request')
    }
    expect(await call('count', {}, { onProgress })).toBe('counted')
    expect(steps).toEqual([1, 2, 3, 4, 5, 6])
    const resumed = seen.filter((entry) => entry.type === 'request' && entry.headers['last-event-id'] !== undefined)
    expect(resumed).toHaveLength(1)

    // DELETE ends the session and its stream, for good.
    expect(await client.end()).toEqual({ status: 204 })
    const stream = seen.find((entry) => entry.type === 'request' && entry.purpose?.kind === 'stream')!
    await expect
      .poll(() => seen.find((entry) => entry.type === 'end' && entry.exchange === stream.exchange))
      .toMatchObject({ reason: 'complete' })
    const late = await (fetch ?? globalThis.fetch)(url, {
      method: 'DELETE',
      headers: { 'mcp-session-id': session.sessionId! },
    })
    expect(late.status).toBe(404)
    expect(((await late.json()) as { error: { code: number } }).error.code).toBe(-32001)
  } finally {
    await client.close()
  }
}

function lastResponse(seen: readonly Observation[]): Observation | undefined {
  return seen.findLast((entry) => entry.type === 'response')
}

/** A handler in this process as a `fetch` whose connections break when their signal aborts, as those of sockets do. */
export function overHandler(handle: (request: Request) => Response | Promise<Response>): typeof globalThis.fetch {
  return async (input, init) => {
    const request = new Request(input, init)
    const { body, status, headers } = await handle(request)
    const broken = body?.pipeThrough(new TransformStream<Uint8Array, Uint8Array>(), { signal: request.signal })
    return new Response(broken, { status, headers })
  }
}

/** Listens on a free port of loopback. */
export async function listen(
  handler: RequestListener,
): Promise<{ origin: string; http: HttpServer; close: () => Promise<void> }> {
  const http = createHttpServer(handler)
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  const { port } = http.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    http,
    close: () =>
      new Promise((resolve) => {
        http.close(() => resolve())
        http.closeAllConnections()
      }),
  }
}

/** Sends one JSON-RPC message as it is. */
export function post(url: string, message: object | string, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: typeof message === 'string' ? message : JSON.stringify({ jsonrpc: '2.0', ...message }),
  })
}

export const INITIALIZE = {
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'raw', version: '1.0.0' } },
}

/**
 * Lives one session of HTTP+SSE through (2024-11-05).
 *
 * @param url where the client connects
 * @param messages the path that it is told to post to
 */
export async function liveThroughSse(
  url: string,
  messages: string,
  fetch: typeof globalThis.fetch = globalThis.fetch,
): Promise<void> {
  const hangUp = new AbortController()
  const opened = await fetch(url, { headers: { accept: 'text/event-stream' }, signal: hangUp.signal })
  expect([opened.status, opened.headers.get('content-type')]).toEqual([200, 'text/event-stream'])
  const reader = opened.body!.pipeThrough(new TextDecoderStream()).getReader()
  let text = ''
  const found = async (pattern: RegExp): Promise<string> => {
    for (;;) {
      const match = pattern.exec(text)
      if (match) return match[1]!
      const { value, done } = await reader.read()
      if (done) throw new Error(`The stream ended: ${text}`)
      text += value
    }
  }
  const endpoint = new URL(await found(/^event: endpoint\ndata: (.*)$/m), url)
  expect(endpoint.pathname).toBe(messages)
  const send = async (message: object): Promise<number> => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    const headers = { 'content-type': 'application/json', 'x-colour': 'blue' }
    return (await fetch(endpoint, { method: 'POST', headers, body })).status
  }
  const call = (id: number, name: string, args = {}): Promise<number> =>
    send({ id, method: 'tools/call', params: { name, arguments: args } })
  const clientInfo = { name: 'older', version: '1.0.0' }
  const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo }
  expect(await send({ id: 1, method: 'initialize', params })).toBe(202)
  await found(/^event: message\ndata: (\{.*"protocolVersion":"2024-11-05".*)$/m)
  expect(await send({ method: 'notifications/initialized' })).toBe(202)
  expect(await call(2, 'echo', { text: 'Ölüdeniz 🏖' })).toBe(202)
  expect(await found(/"id":2,"result":\{"content":\[\{"type":"text","text":"(.*?)"/)).toBe('Ölüdeniz 🏖')
  await call(3, 'header')
  expect(await found(/"id":3,"result":\{"content":\[\{"type":"text","text":"(.*?)"/)).toBe('blue')
  await send({ id: 4, method: 'resources/subscribe', params: { uri: NOTE } })
  await call(5, 'touch')
  expect(await found(/"notifications\/resources\/updated","params":\{"uri":"(.*?)"/)).toBe(NOTE)
  await call(6, 'book')
  expect(await found(/"id":6,"error":\{"code":(-\d+)/)).toBe('-32021')
  hangUp.abort()
  await reader.cancel().catch(() => {})
  await expect.poll(() => send({ id: 7, method: 'ping' })).toBe(404)
}
