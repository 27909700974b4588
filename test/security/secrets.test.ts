/**
 * What is nobody's business but that of the client and the handler: tokens, what a person answers, and arguments, those
 * that are marked as secrets among them. None of it is in the log, in what `onError` is told beyond the error itself, or
 * in the answers to others; and no token is in what replicas write for each other.
 */
import { beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { nodePlatform } from '../../src/adapters/node-platform.ts'
import type { Engine } from '../../src/engine/engine.ts'
import { memoryEngine } from '../../src/engine/memory.ts'
import { accept, call as callModern, retry, roundOf } from '../modern/wire.ts'
import { JSON_BOTH, open, post, type RawSession } from '../requirements/session.ts'
import { twistStore } from '../unit/memory-harness.ts'
import { createServer, type Served, served } from './support/serving.ts'
import { ask, requestText } from './support/wire.ts'

const TOKEN = 'token-Wq7vE2'
const ARGUMENT = 'argument-8sKd1'
const ANSWER = 'answer-p03Zx'
const SECRETS = [TOKEN, ARGUMENT, ANSWER]

function make() {
  const server = createServer({ name: 'secrets', version: '1.0.0' })
  const login = z.object({ user: z.string(), password: z.string().max(20).meta({ writeOnly: true }) })
  server.tool('login', { inputSchema: login }, ({ password }) => `${password.length} characters`)
  server.tool('count', { inputSchema: z.object({ count: z.number() }) }, ({ count }) => String(count))
  const plain = { type: 'object', properties: { count: { type: 'integer' } }, additionalProperties: false } as const
  server.tool('plain', { inputSchema: plain }, () => 'counted')
  server.tool('typed', { outputSchema: z.object({ count: z.number() }) }, () => ({ count: ARGUMENT }) as never)
  server.tool('fails', { inputSchema: { type: 'object' } }, () => {
    throw new Error('the handler failed')
  })
  server.tool('ask', {}, async (_, ctx) => {
    const { action } = await ctx.elicit({ message: 'code?', requestedSchema: z.object({ code: z.string() }) })
    return action
  })
  server.tool('asks-number', {}, async (_, ctx) => {
    const { action } = await ctx.elicit({ message: 'number?', requestedSchema: z.object({ code: z.number() }) })
    return action
  })
  server.prompt('greet', { arguments: [{ name: 'name', required: true }] }, ({ name }) => `Hello ${name}`)
  server.resourceTemplate('one', 'one://{id}', {}, () => {
    throw new Error('the resource failed')
  })
  return server
}

const headers = { authorization: `Bearer ${TOKEN}` }
const capabilities = { elicitation: { form: {} } }
const auth = (request: { header(name: string): string | undefined }) =>
  request.header('authorization') === headers.authorization
    ? { issuer: 'https://issuer.example', subject: 'ada' }
    : undefined

/** Everything that goes wrong with something secret in it, and something that goes right. */
async function misadventures(urls: readonly string[], port: number): Promise<string[]> {
  const [url, other] = [urls[0]!, urls.at(-1)!]
  const session = await open(url, { headers, capabilities })
  const elsewhere = (body: object) => post(other, body, { ...JSON_BOTH, ...session.headers })
  const said: string[] = []
  const hear = async (reply: { text(): Promise<string> }) => void said.push(await reply.text())
  let requests = 100
  const request = (method: string, params: object) => ({ jsonrpc: '2.0', id: ++requests, method, params })
  const tool = (name: string, args: object) => request('tools/call', { name, arguments: args })
  for (const body of [
    tool('login', { user: 'ada', password: ARGUMENT }),
    tool('login', { user: 'ada', password: ARGUMENT.repeat(10) }),
    tool('login', { user: 7, password: ARGUMENT }),
    tool('count', { count: ARGUMENT }),
    tool('plain', { count: ARGUMENT }),
    tool('plain', { [ARGUMENT]: 1 }),
    tool('typed', {}),
    tool('fails', { secret: ARGUMENT }),
    request('prompts/get', { name: 'greet', arguments: { name: ARGUMENT, more: 7 } }),
    request('completion/complete', { ref: { type: 'ref/prompt', name: 'greet' }, argument: { value: ARGUMENT } }),
    request('resources/read', { uri: `one://${ARGUMENT}` }),
    request('logging/setLevel', { level: ARGUMENT }),
    { jsonrpc: '2.0', id: 'odd', method: 'tools/call', params: { name: 'login', arguments: ARGUMENT } },
  ]) {
    await hear(await elsewhere(body))
  }
  await hear(await post(other, `{"secret":"${ARGUMENT}"` as never, { ...JSON_BOTH, ...session.headers }))
  for (const [name, content] of [
    ['ask', { code: ANSWER }],
    ['ask', { code: 7, more: ANSWER }],
    ['asks-number', { code: ANSWER }],
  ] as const) {
    const { stream, id } = await session.startCall(name)
    const question = await stream.method('elicitation/create')
    await hear(await elsewhere({ jsonrpc: '2.0', id: question.id, result: { action: 'accept', content } }))
    await stream.response(id)
    const round = roundOf(await callModern(url, name, {}, { headers }))
    await retry(other, name, round, { [Object.keys(round.inputRequests)[0]!]: accept(content) }, {}, { headers })
  }
  await hear(await elsewhere({ jsonrpc: '2.0', id: 'nobody', result: { action: 'accept', content: { code: ANSWER } } }))
  // Strangers, with a token that is not taken, in the places where one may be put by mistake.
  await hear(await post(url, request('ping', {}), { ...JSON_BOTH, authorization: `Bearer ${TOKEN}x` }))
  for (const target of [`/mcp?access_token=${TOKEN}`, `/${TOKEN}`]) {
    said.push((await ask(port, requestText('GET', target, { host: 'localhost', cookie: `session=${TOKEN}` }))).body)
  }
  said.push(
    (await ask(port, requestText('POST', '/mcp', { host: 'localhost', authorization: TOKEN.repeat(2_000) }))).body,
  )
  await session.delete()
  return said
}

describe('case 13: secrets', () => {
  let running: Served
  let reported: string[]
  let session: RawSession
  beforeAll(async () => {
    reported = []
    running = await served(make(), {
      auth,
      onError: (error, context) => reported.push(`${String(error)} ${JSON.stringify(context)}`),
    })
    session = await open(running.url, { headers, capabilities })
  })

  test('are in no line of the log, and in no error that is reported', async () => {
    const said = await misadventures([running.url], running.port)
    const log = running.log.map((entry) => JSON.stringify(entry))
    expect(log.join('\n')).toContain('the handler failed')
    for (const secret of SECRETS) {
      expect([secret, log.filter((line) => line.includes(secret))]).toEqual([secret, []])
      expect([secret, reported.filter((line) => line.includes(secret))]).toEqual([secret, []])
    }
    expect(said.filter((text) => text.includes(TOKEN) || text.includes(ANSWER))).toEqual([])
    expect((await session.request('ping')).result).toEqual({})
  })
})

describe('case 40: what replicas write for each other', () => {
  test('has no token, and the arguments of a call only where its retry is led to it', async () => {
    const store = await memoryEngine(nodePlatform).open(() => {})
    const written: string[] = []
    const recording = twistStore(store, {
      put(key, value, options) {
        written.push(value)
        return store.put(key, value, options)
      },
      append(log, record, options) {
        written.push(record)
        return store.append(log, record, options)
      },
    })
    const engine = (): Engine => ({ open: async () => recording, close: async () => {} })
    const secrets = ['the secret of the replicas in this test']
    const replicas = await Promise.all(
      Array.from({ length: 3 }, () => served(make(), { auth, engine: engine(), secrets, onError: () => {} })),
    )
    await misadventures(
      replicas.map(({ url }) => url),
      replicas[0]!.port,
    )
    expect(written.length).toBeGreaterThan(10)
    // An answer has to cross, and is there until it is taken.
    expect(written.some((text) => text.includes(ANSWER))).toBe(true)
    for (const secret of [TOKEN, ARGUMENT]) expect(written.filter((text) => text.includes(secret))).toEqual([])
  })
})
