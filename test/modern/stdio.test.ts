/** Both eras over one pair of streams. */
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { createServer } from 'fairlead'
import { serveStdio } from 'fairlead/stdio'
import { afterEach, expect, test } from 'vitest'
import type { Message } from '../requirements/http.ts'
import { verifies } from '../requirements/requirements.ts'
import { envelope, KEY, roundOf, textOf } from './wire.ts'

const FORM = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const ended: string[] = []

function define() {
  const server = createServer({ name: 'stdio', version: '1.0.0' })
  const hidden = server.tool('hidden', {}, () => 'x')
  server.tool('toggle', {}, () => (hidden.enabled ? hidden.disable() : hidden.enable()))
  server.tool('name', {}, async (_args, ctx) => {
    ctx.progress(1)
    const answer = await ctx.elicit({ message: 'Who?', requestedSchema: FORM })
    return `${ctx.session.revision} ${answer.action === 'accept' ? answer.content['name'] : answer.action}`
  })
  server.tool('wait', {}, async (_args, ctx) => {
    await once(ctx.signal, 'abort')
    ctx.progress(1)
    ended.push((ctx.signal.reason as Error).message)
    return 'too late'
  })
  server.resource('One', 'thing://one', {}, () => 'one')
  return server
}

/** The other end of the lines. */
class Peer {
  readonly input = new PassThrough()
  readonly output = new PassThrough()
  readonly messages: Message[] = []
  readonly #handle = serveStdio(define(), {
    input: this.input,
    output: this.output,
    onError: () => {},
    logger: () => {},
  })

  constructor() {
    let rest = ''
    this.output.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n')
      rest = lines.pop()!
      for (const line of lines) this.messages.push(JSON.parse(line) as Message)
    })
  }

  async write(message: object): Promise<void> {
    await this.#handle
    this.input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
  }

  request(id: string | number, method: string, params: object = {}, meta: object = {}): Promise<void> {
    return this.write({ id, method, params: { ...params, _meta: envelope({ ...meta }) } })
  }

  async until(matches: (message: Message) => boolean): Promise<Message> {
    await expect.poll(() => this.messages.some(matches)).toBe(true)
    return this.messages.find(matches)!
  }

  answer(id: string | number): Promise<Message> {
    return this.until((message) => message.id === id && message.method === undefined)
  }

  async close(): Promise<void> {
    await (await this.#handle).close({ deadline: 0 })
  }
}

let peer: Peer
afterEach(() => peer.close())

test('a client that probes finds the modern era before any handshake', async () => {
  verifies('LIFE-09', 'LIFE-12')
  peer = new Peer()
  await peer.request('probe', 'server/discover')
  const { result } = await peer.answer('probe')
  expect(result).toMatchObject({
    resultType: 'complete',
    supportedVersions: ['2026-07-28', '2025-11-25', '2025-06-18', '2025-03-26', '2024-11-05'],
    _meta: { [`${KEY}serverInfo`]: { name: 'stdio' } },
  })
  await peer.request(2, 'server/discover', {}, { [`${KEY}protocolVersion`]: '2030-01-01' })
  expect((await peer.answer(2)).error).toMatchObject({ code: -32022, data: { requested: '2030-01-01' } })
  await peer.request(3, 'server/discover', {}, { [`${KEY}clientCapabilities`]: undefined })
  expect((await peer.answer(3)).error?.code).toBe(-32602)
  for (const method of ['initialize', 'ping', 'x/y']) {
    await peer.request(method, method)
    expect((await peer.answer(method)).error?.code).toBe(-32601)
  }
})

test('questions travel in rounds, and no request of the server is ever written', async () => {
  verifies('HTTP-12', 'MRTR-07')
  peer = new Peer()
  await peer.request(1, 'tools/call', { name: 'name' }, { progressToken: 'p' })
  const round = roundOf(await peer.answer(1))
  const inputResponses = { 'elicitation-1': { action: 'accept', content: { name: 'Ada' } } }
  await peer.request(2, 'tools/call', { name: 'name', requestState: round.requestState, inputResponses })
  expect(textOf(await peer.answer(2))).toBe('2026-07-28 Ada')
  expect(peer.messages.filter(({ id, method }) => id !== undefined && method !== undefined)).toEqual([])
  expect(peer.messages[0]).toMatchObject({ method: 'notifications/progress', params: { progressToken: 'p' } })
})

test('both eras share the lines, and each keeps to itself', async () => {
  verifies('LIFE-12', 'BASE-21')
  peer = new Peer()
  const clientInfo = { name: 'old', version: '1' }
  const params = { protocolVersion: '2025-11-25', capabilities: { elicitation: {} }, clientInfo }
  await peer.write({ id: 0, method: 'initialize', params })
  expect((await peer.answer(0)).result).toMatchObject({ protocolVersion: '2025-11-25' })
  await peer.write({ id: 1, method: 'tools/call', params: { name: 'name' } })
  const question = await peer.until(({ method }) => method === 'elicitation/create')
  await peer.request(2, 'tools/call', { name: 'name' })
  roundOf(await peer.answer(2))
  await peer.write({ id: question.id, result: { action: 'decline' } })
  expect(textOf(await peer.answer(1))).toBe('2025-11-25 decline')
})

test('a request is cancelled by a notification, and nothing more is written for it', async () => {
  verifies('CANC-02', 'CANC-03', 'BASE-04')
  peer = new Peer()
  await peer.request('w', 'tools/call', { name: 'wait' }, { progressToken: 'p' })
  await peer.request('w', 'tools/list')
  expect((await peer.answer('w')).error?.code).toBe(-32600)
  peer.messages.length = 0
  await peer.write({ method: 'notifications/cancelled', params: { requestId: 'w' } })
  await expect.poll(() => ended).toEqual(['The client cancelled the request.'])
  for (const requestId of ['w', 'unknown', null]) {
    await peer.write({ method: 'notifications/cancelled', params: { requestId } })
  }
  await peer.request('after', 'tools/list')
  await peer.answer('after')
  expect(peer.messages.map(({ id }) => id)).toEqual(['after'])
})

test('subscriptions share the channel, end by a cancellation, and with the server', async () => {
  verifies('SUBS-01', 'SUBS-02', 'SUBS-03')
  peer = new Peer()
  const of = (id: string) =>
    peer.messages.filter(
      ({ params }) => (params?.['_meta'] as object | undefined) && JSON.stringify(params!['_meta']).includes(`"${id}"`),
    )
  await peer.request('a', 'subscriptions/listen', { notifications: { toolsListChanged: true } })
  await peer.request('b', 'subscriptions/listen', { notifications: { toolsListChanged: true } })
  await expect.poll(() => [of('a').length, of('b').length]).toEqual([1, 1])
  await peer.request(1, 'tools/call', { name: 'toggle' })
  await expect.poll(() => [of('a').length, of('b').length]).toEqual([2, 2])
  expect(of('a').map(({ method }) => method)).toEqual([
    'notifications/subscriptions/acknowledged',
    'notifications/tools/list_changed',
  ])
  await peer.write({ method: 'notifications/cancelled', params: { requestId: 'a' } })
  await new Promise((resolve) => setTimeout(resolve, 120))
  await peer.request(2, 'tools/call', { name: 'toggle' })
  await expect.poll(() => [of('a').length, of('b').length]).toEqual([2, 3])
  await peer.close()
  expect(await peer.answer('b')).toMatchObject({
    result: { resultType: 'complete', _meta: { [`${KEY}subscriptionId`]: 'b' } },
  })
  expect(peer.messages.some(({ id }) => id === 'a')).toBe(false)
})
