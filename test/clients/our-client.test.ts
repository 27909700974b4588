/** Our own client with the official server of 2026-07-28: what `fairlead/testing` and `fairlead walk` stand on. */
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { type Client, type ClientOptions, createClient, type Observation } from '../../src/testing/index.ts'
import { serving } from '../cli/support.ts'
import { install } from '../install.mjs'

await install(new URL('./', import.meta.url))
const SERVER = fileURLToPath(new URL('official-server.mjs', import.meta.url))

type Running = Awaited<ReturnType<typeof serving>>
let both: Running
let modernOnly: Running
beforeAll(async () => {
  both = await serving([SERVER])
  modernOnly = await serving([SERVER], { env: { LEGACY: 'reject' } })
})

const open: Client[] = []
afterEach(async () => {
  for (const client of open.splice(0)) await client.close()
})
afterAll(() => expect(both.text() + modernOnly.text()).not.toMatch(/unhandled|uncaught/i))

/** One set of handlers, for every revision. */
const HANDLERS: ClientOptions = {
  elicitation: ({ message }) => ({ action: 'accept', content: { name: `Ada (${message})` } }),
  sampling: ({ messages }) => ({
    role: 'assistant',
    model: 'echo',
    content: { type: 'text', text: `echo of ${(messages[0]!.content as { text: string }).text}` },
  }),
  roots: [{ uri: 'file:///home/ada' }],
}

async function connected(server: Running, options: ClientOptions = {}): Promise<Client> {
  const client = createClient(server.url, { revision: 'auto', ...HANDLERS, ...options })
  open.push(client)
  await client.connect()
  return client
}

async function textOf(client: Client, name: string, args: object = {}): Promise<string> {
  const { content } = await client.request('tools/call', { name, arguments: args })
  return (content as { text: string }[]).map(({ text }) => text).join()
}

describe('which era', () => {
  test('auto finds the modern one by server/discover, and what the server is', async () => {
    for (const server of [both, modernOnly]) {
      const client = await connected(server)
      expect({ era: client.era, revision: client.finding?.revision.name }).toEqual({
        era: 'modern',
        revision: '2026-07-28',
      })
      expect(client.session).toMatchObject({
        sessionId: undefined,
        server: { name: 'official', version: '2.4.0' },
        capabilities: { tools: { listChanged: true } },
      })
    }
  })

  test('the same server is spoken to in the legacy era where that is asked for', async () => {
    const client = await connected(both, { revision: '2025-11-25' })
    expect(client.era).toBe('legacy')
    expect(client.session?.revision.name).toBe('2025-11-25')
    expect(await textOf(client, 'greet', { who: 'Ada' })).toBe('Hello, Ada!')
  })

  test('a server that speaks the modern era alone refuses initialize, and says what it speaks', async () => {
    const client = createClient(modernOnly.url)
    await expect(client.connect()).rejects.toMatchObject({ status: 400, rpc: { data: { supported: ['2026-07-28'] } } })
  })
})

describe('2026-07-28', () => {
  test('lists, reads and gets, each answer with its type and its cache hints', async () => {
    const client = await connected(modernOnly)
    const hints = { resultType: 'complete', ttlMs: 0, cacheScope: 'private' }
    expect(await client.request('tools/list')).toMatchObject({ ...hints, tools: expect.anything() })
    expect(await client.request('resources/read', { uri: 'peer://one' })).toMatchObject({
      ...hints,
      contents: [{ text: 'one' }],
    })
    expect(await client.request('prompts/get', { name: 'hello', arguments: { who: 'Ada' } })).toMatchObject({
      resultType: 'complete',
      messages: [{ content: { text: 'Hello, Ada!' } }],
    })
    await expect(client.request('resources/read', { uri: 'peer://none' })).rejects.toMatchObject({
      code: 'rpc_error',
      rpc: { code: -32602 },
    })
    await expect(client.request('ping')).rejects.toMatchObject({
      code: 'rpc_error',
      status: 404,
      rpc: { code: -32601 },
    })
  })

  test('three rounds: two questions at once, then one that follows from them', async () => {
    const observed: Observation[] = []
    const client = await connected(modernOnly, { onExchange: (observation) => observed.push(observation) })
    expect(JSON.parse(await textOf(client, 'interview'))).toEqual({
      name: 'Ada (What is your name?)',
      roots: 1,
      line: 'echo of A line about Ada (What is your name?)',
    })
    const rounds = observed.flatMap((o) => (o.type === 'request' && o.purpose?.kind === 'retry' ? [o.purpose] : []))
    expect(rounds).toMatchObject([
      { of: 2, round: 2 },
      { of: 3, round: 3 },
    ])
  })

  test('progress and log messages come to the request that asked for them', async () => {
    const logged: unknown[] = []
    const client = await connected(modernOnly, {
      onNotification: (method, { data }) => method === 'notifications/message' && logged.push(data),
    })
    const steps: number[] = []
    const onProgress = ({ progress }: { progress: number }): void => void steps.push(progress)
    await client.request('tools/call', { name: 'steps' }, { onProgress })
    expect({ steps, logged }).toEqual({ steps: [1, 2, 3], logged: [] })
    await client.setLogLevel('info')
    await client.request('tools/call', { name: 'steps' })
    expect(logged).toEqual(['stepping'])
    await client.setLogLevel('error')
    await client.request('tools/call', { name: 'steps' })
    expect(logged).toEqual(['stepping'])
  })

  test('arguments are mirrored into headers, whether or not the tool was listed before', async () => {
    for (const listed of [true, false]) {
      const client = await connected(modernOnly)
      if (listed) await client.request('tools/list')
      expect(await textOf(client, 'run', { region: 'eu-1' })).toBe('eu-1 by header eu-1')
      expect(await textOf(client, 'run', { region: 'Zürich' })).toBe('Zürich by header =?base64?WsO8cmljaA==?=')
      expect(await textOf(client, 'run')).toBe('undefined by header null')
    }
  })

  test('closing the exchange cancels the call where it runs', async () => {
    const client = await connected(modernOnly)
    const controller = new AbortController()
    setTimeout(() => controller.abort(), 200)
    const call = client.request('tools/call', { name: 'wait' }, { signal: controller.signal })
    await expect(call).rejects.toMatchObject({ code: 'cancelled' })
    await modernOnly.saw(/wait was cancelled/)
  })

  test('a subscription brings what was asked for, with its id, until one side ends it', async () => {
    const errors: Error[] = []
    const client = await connected(modernOnly, { onError: (error) => errors.push(error) })
    const heard: string[] = []
    const filter = { toolsListChanged: true, resourceSubscriptions: ['peer://one'] }
    const subscription = await client.listen(filter, { onNotification: (method) => heard.push(method) })
    expect(subscription.acknowledged).toEqual(filter)
    await textOf(client, 'change')
    await expect.poll(() => heard).toContain('notifications/resources/updated')
    await subscription.close()
    await textOf(client, 'change')
    expect(heard).toEqual([
      'notifications/subscriptions/acknowledged',
      'notifications/tools/list_changed',
      'notifications/resources/updated',
    ])
    expect(await subscription.ended).toBe('client')
    expect(errors).toEqual([])
  })

  test('a server that ends says so to its subscriptions', async () => {
    const server = await serving([SERVER])
    const client = await connected(server)
    const { ended } = await client.listen({ toolsListChanged: true })
    server.child.kill('SIGTERM')
    expect(await ended).toBe('server')
  })
})
