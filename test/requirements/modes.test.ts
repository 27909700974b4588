import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { describe, expect, test } from 'vitest'
import { exchange } from './http.ts'
import { LEGACY, verifies } from './requirements.ts'
import { answerOf, initializeMessage, JSON_BOTH, open, post } from './session.ts'
import { ADAPTERS, start } from './start.ts'

/** What the flags `jsonResponse` and `stateless` change on the wire, and what they leave alone. */
const server = createServer({ name: 'modes', version: '1.0.0' })
server.tool('now', {}, async () => 'done')
server.tool('slow', {}, async () => {
  await sleep(1_300)
  return 'slow'
})
server.tool('talk', {}, async (_args, ctx) => {
  ctx.progress(1)
  ctx.log.info('hello')
  return 'talked'
})
const failing = (work: Promise<unknown>) =>
  work.then(
    () => 'worked',
    (error: { code: string }) => error.code,
  )
server.tool('roots', {}, (_args, ctx) => failing(ctx.listRoots()))
server.tool('keep', {}, (_args, ctx) => failing(ctx.session.set('a', 1)))
server.resource('a', 'test://a', {}, async () => 'a')

const call = (name: string) => ({
  jsonrpc: '2.0',
  id: 1,
  method: 'tools/call',
  params: { name, _meta: { progressToken: 1 } },
})
const kind = (reply: { headers: { [name: string]: unknown } }) => String(reply.headers['content-type'])

describe.each(ADAPTERS)('the %s adapter', (adapter) => {
  describe.each(LEGACY)('jsonResponse: true, %s', (revision) => {
    test('answers every request with one JSON object', async () => {
      verifies('HTTP-08')
      const session = await open(await start(server, { jsonResponse: true }, adapter), { revision })
      for (const name of ['now', 'talk']) {
        const reply = await session.post(call(name))
        expect([reply.status, kind(reply)]).toEqual([200, 'application/json'])
        expect(await reply.json()).toMatchObject({ jsonrpc: '2.0', id: 1, result: { content: [{ type: 'text' }] } })
      }
      expect((await (await session.post({ jsonrpc: '2.0', id: 2, method: 'no/such' })).json()).error!.code).toBe(-32601)
    })

    test('asks on the session stream, and says so when there is none', async () => {
      verifies('HTTP-16', 'HTTP-08')
      const session = await open(await start(server, { jsonResponse: true }, adapter), { revision })
      const listening = await session.listen()
      const answer = session.post(call('roots'))
      const question = await listening.method('roots/list')
      await session.answer(question.id, { result: { roots: [] } })
      expect((await (await answer).json()).result).toMatchObject({ content: [{ text: 'worked' }] })
      listening.cut()
    })
  })

  test.each(LEGACY)(
    "jsonResponse: 'auto', %s: JSON unless something was sent before or it takes long",
    async (revision) => {
      verifies('HTTP-08')
      const session = await open(await start(server, { jsonResponse: 'auto' }, adapter), { revision })
      expect(kind(await session.post(call('now')))).toBe('application/json')
      const [talk, slow] = await Promise.all([session.post(call('talk')), session.post({ ...call('slow'), id: 2 })])
      expect([kind(talk), kind(slow)]).toEqual(['text/event-stream', 'text/event-stream'])
      const stream = slow.stream()
      await stream.end()
      expect(stream.messages.at(-1)!.result).toMatchObject({ content: [{ text: 'slow' }] })
    },
  )

  describe.each(LEGACY)('stateless, %s', (revision) => {
    const headers = { ...JSON_BOTH, ...(revision < '2025-06-18' ? {} : { 'mcp-protocol-version': revision }) }

    test('needs no handshake and makes no session', async () => {
      verifies('SESS-01', 'HTTP-15', 'SESS-07')
      const url = await start(server, { stateless: true }, adapter)
      const initialize = await post(url, initializeMessage({ revision }), headers)
      expect(initialize.headers['mcp-session-id']).toBeUndefined()
      const { result } = await answerOf(initialize)
      expect(result).toMatchObject({ protocolVersion: revision, capabilities: { tools: {} } })
      expect(result!['capabilities']).not.toMatchObject({ resources: { subscribe: true } })
      expect((await answerOf(await post(url, call('now'), headers))).result).toMatchObject({
        content: [{ text: 'done' }],
      })
      expect(
        (await exchange(url, { method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })).status,
      ).toBe(405)
      expect((await exchange(url, { method: 'DELETE', headers })).status).toBe(405)
    })

    test('progress and log messages ride the stream of the request; what needs a session says so', async () => {
      verifies('HTTP-11', 'LIFE-08')
      const url = await start(server, { stateless: true }, adapter)
      const stream = (await post(url, call('talk'), headers)).stream()
      await stream.end()
      expect(stream.messages.map(({ method }) => method)).toEqual([
        'notifications/progress',
        'notifications/message',
        undefined,
      ])
      // There is nothing to resume, so there are no ids to resume from.
      expect(stream.ids).toEqual([])
      for (const name of ['roots', 'keep']) {
        expect((await answerOf(await post(url, call(name), headers))).result).toMatchObject({
          content: [{ text: 'stateless' }],
        })
      }
      const subscribe = { jsonrpc: '2.0', id: 2, method: 'resources/subscribe', params: { uri: 'test://a' } }
      expect((await answerOf(await post(url, subscribe, headers))).error!.message).toContain('stateless')
    })
  })
})
