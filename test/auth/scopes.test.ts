/** Scopes per tool, resource and prompt, with the challenge that makes a client ask for more. */

import { createInterface } from 'node:readline'
import { PassThrough } from 'node:stream'
import { beforeAll, describe, expect, test } from 'vitest'
import type { ServeOptions } from '../../src/adapters/node.ts'
import { serveStdio } from '../../src/adapters/stdio.ts'
import { type JwtOptions, jwt } from '../../src/auth/index.ts'
import { createServer } from '../../src/index.ts'
import { verifies } from '../requirements/requirements.ts'
import { allOf, answerOf, initializeMessage, JSON_BOTH, open, post, type RawSession } from '../requirements/session.ts'
import { SseSession, sseUrl } from '../requirements/sse-session.ts'
import { Issuer } from './issuer.ts'
import { bearer, challengeIn, closing, serving } from './serving.ts'

const RESOURCE = 'https://mcp.example.com/mcp'
const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'

let runs = 0
const server = createServer({ name: 'scoped', version: '1.0.0' })
server.tool('read', { scopes: ['files:read'] }, () => `read ${++runs}`)
server.tool('write', { scopes: ['files:read', 'files:write'] }, () => `wrote ${++runs}`)
server.tool('free', {}, () => 'free')
server.resource('secret', 'test://secret', { scopes: ['files:read'] }, () => 'secret')
server.resource('open', 'test://open', {}, () => 'open')
server.resourceTemplate(
  'file',
  'files://{id}',
  { scopes: ['files:read'], complete: { id: () => ['one'] } },
  (_, { id }) => `file ${id}`,
)
server.prompt('plan', { scopes: ['plans'], arguments: [{ name: 'x' }], complete: { x: () => ['1'] } }, () => 'plan')
server.use((next) => async (request, context) => await next(request, context))

let issuer: Issuer
let url: string
beforeAll(async () => {
  issuer = closing(await Issuer.start())
  const options: JwtOptions = { issuer: issuer.issuer, resource: RESOURCE, scopes: ['mcp'] }
  url = (
    await serving(
      jwt({ ...options, scopeHierarchy: { admin: ['files:write', 'plans'], 'files:write': ['files:read'] } }),
      server,
    )
  ).url
})

async function sessionWith(...scopes: string[]): Promise<RawSession> {
  return await open(url, { headers: bearer(await issuer.token(RESOURCE, { scope: ['mcp', ...scopes].join(' ') })) })
}

/** A request, its status and what its challenge says. */
async function ask(session: RawSession, method: string, params: object) {
  const reply = await session.post({ jsonrpc: '2.0', id: session.nextId(), method, params })
  const challenge = reply.headers['www-authenticate'] === undefined ? undefined : challengeIn(reply)
  return { status: reply.status, challenge, message: await answerOf(reply) }
}

const USES: [string, string, object, string[]][] = [
  ['a tool', 'tools/call', { name: 'read' }, ['files:read']],
  ['a resource', 'resources/read', { uri: 'test://secret' }, ['files:read']],
  ['a subscription', 'resources/subscribe', { uri: 'test://secret' }, ['files:read']],
  ['a template', 'resources/read', { uri: 'files://7' }, ['files:read']],
  ['a subscription to a template', 'resources/subscribe', { uri: 'files://7' }, ['files:read']],
  ['a prompt', 'prompts/get', { name: 'plan' }, ['plans']],
  [
    'completion of a prompt',
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'plan' }, argument: { name: 'x', value: '' } },
    ['plans'],
  ],
  [
    'completion of a template',
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'files://{id}' }, argument: { name: 'id', value: '' } },
    ['files:read'],
  ],
]

test.each(USES)(
  '%s without its scopes: 403 with a challenge; with them: an answer',
  async (_, method, params, needed) => {
    verifies('AUTH-04', 'AUTH-08', 'SBP-06')
    const { status, challenge, message } = await ask(await sessionWith(), method, params)
    expect(status).toBe(403)
    expect(challenge).toEqual({
      scheme: 'Bearer',
      error: 'insufficient_scope',
      error_description: `This needs the scopes: ${needed.join(' ')}`,
      scope: ['mcp', ...needed].join(' '),
      resource_metadata: METADATA,
    })
    expect(message).toMatchObject({ id: 1, error: { code: -32600, message: expect.stringContaining(needed[0]!) } })
    const granted = await ask(await sessionWith(...needed), method, params)
    expect([granted.status, granted.message.error]).toEqual([200, undefined])
  },
)

test('one challenge names all that is missing, and what the token has that the server knows', async () => {
  const { status, challenge } = await ask(await sessionWith('plans', 'openid', 'offline_access'), 'tools/call', {
    name: 'write',
  })
  expect([status, challenge?.['scope']]).toEqual([403, 'mcp plans files:read files:write'])
})

test('a broader scope includes narrower ones', async () => {
  verifies('AUTH-09')
  const writer = await sessionWith('files:write')
  expect(await writer.text('write')).toMatch(/^wrote/)
  const admin = await sessionWith('admin')
  expect(await admin.text('read')).toMatch(/^read/)
  expect((await ask(admin, 'prompts/get', { name: 'plan' })).status).toBe(200)
  expect((await ask(await sessionWith('files:read'), 'tools/call', { name: 'write' })).status).toBe(403)
})

test('nothing runs before the scopes are there, and the session goes on', async () => {
  const session = await sessionWith()
  const before = runs
  expect((await ask(session, 'tools/call', { name: 'read' })).status).toBe(403)
  expect(runs).toBe(before)
  expect(await session.text('free')).toBe('free')
  const upgraded = session.with(bearer(await issuer.token(RESOURCE, { scope: 'mcp files:read' })))
  expect(await upgraded.text('read')).toMatch(/^read/)
  expect((await ask(session, 'tools/call', { name: 'read' })).status).toBe(403)
})

test('what needs scopes is listed all the same: how else would anybody ask for them', async () => {
  const { result } = await (await sessionWith()).request('tools/list')
  expect((result!['tools'] as { name: string }[]).map(({ name }) => name)).toEqual(['read', 'write', 'free'])
  expect(JSON.stringify(result)).not.toContain('files:')
})

test('in a batch the one message is refused, with an error', async () => {
  const token = bearer(await issuer.token(RESOURCE, { scope: 'mcp' }))
  const session = await open(url, { revision: '2025-03-26', headers: token })
  const call = (id: number, name: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })
  const messages = await allOf(await session.post([call(1, 'read'), call(2, 'free')]))
  expect(messages.find(({ id }) => id === 1)).toMatchObject({
    error: { code: -32600, data: { scopes: ['files:read'] } },
  })
  expect(messages.find(({ id }) => id === 2)).toMatchObject({ result: { content: [{ text: 'free' }] } })
})

describe('without a scheme that knows scopes', () => {
  test('nobody has any: 403, without a way to more', async () => {
    const { url: at } = await serving(undefined, server)
    const { status, challenge } = await ask(await open(at), 'tools/call', { name: 'read' })
    expect([status, challenge?.['resource_metadata']]).toEqual([403, undefined])
    expect(await (await open(at)).text('free')).toBe('free')
  })

  test('a function gives them', async () => {
    const auth = (request: { header(name: string): string | undefined }) => {
      const scopes = request.header('x-scopes')
      return { issuer: 'test', subject: 'ada', scopes: scopes?.split(' ') ?? [] }
    }
    const { url: at } = await serving(auth, server)
    expect((await ask(await open(at), 'tools/call', { name: 'read' })).status).toBe(403)
    expect(await (await open(at, { headers: { 'x-scopes': 'files:read' } })).text('read')).toMatch(/^read/)
  })
})

describe.each<[string, ServeOptions]>([
  ['stateless', { stateless: true }],
  ['JSON', { jsonResponse: true }],
  ['automatic', { jsonResponse: 'auto' }],
  ['stateless JSON', { stateless: true, jsonResponse: true }],
])('a server that is %s', (_, options) => {
  test('asks for more in the same way', async () => {
    const auth = jwt({ issuer: issuer.issuer, resource: RESOURCE })
    const { url: at } = await serving(auth, server, options)
    const headers = (token: string) => ({ ...JSON_BOTH, 'mcp-protocol-version': '2025-11-25', ...bearer(token) })
    const call = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'read' } }
    const [poor, rich] = [await issuer.token(RESOURCE), await issuer.token(RESOURCE, { scope: 'files:read' })]
    const open = await post(at, initializeMessage(), headers(poor))
    const id = open.headers['mcp-session-id']
    const refused = await post(at, call, { ...headers(poor), 'mcp-session-id': id })
    expect([refused.status, challengeIn(refused)['scope']]).toEqual([403, 'files:read'])
    const answered = await answerOf(await post(at, call, { ...headers(rich), 'mcp-session-id': id }))
    expect(answered).toMatchObject({ result: { content: [{ text: expect.stringMatching(/^read/) }] } })
  })
})

test('over HTTP+SSE the POST is refused in the same way', async () => {
  const auth = jwt({ issuer: issuer.issuer, resource: RESOURCE })
  const { url: at } = await serving(auth, server, { legacySse: true })
  const headers = bearer(await issuer.token(RESOURCE))
  const call = (id: number, name: string) => ({ jsonrpc: '2.0', id, method: 'tools/call', params: { name } })
  const session = await SseSession.open(sseUrl(at), { revision: '2025-03-26', headers })
  const refused = await session.post(call(1, 'read'))
  expect([refused.status, challengeIn(refused)['scope']]).toEqual([403, 'files:read'])
  expect(
    (await session.post(call(2, 'read'), bearer(await issuer.token(RESOURCE, { scp: 'files:read' })))).status,
  ).toBe(202)
  expect(await session.stream.response(2)).toMatchObject({
    result: { content: [{ text: expect.stringMatching(/^read/) }] },
  })
  expect((await session.post([call(3, 'read'), call(4, 'free')])).status).toBe(202)
  const batch = await session.stream.until('the batch', () =>
    session.stream.events.find(({ data }) => data?.startsWith('[')),
  )
  expect(JSON.parse(batch.data!)).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ id: 3, error: expect.objectContaining({ data: { scopes: ['files:read'] } }) }),
      expect.objectContaining({ id: 4, result: expect.anything() }),
    ]),
  )
})

test('over stdio the user runs the server himself: scopes are not asked for, and rules see nobody', async () => {
  const local = createServer({ name: 'local', version: '1.0.0' })
  local.tool('scoped', { scopes: ['files:read'] }, () => 'scoped')
  local.tool('hidden', { visible: (auth) => auth !== undefined }, () => 'hidden')
  const [input, output] = [new PassThrough(), new PassThrough()]
  const handle = await serveStdio(local, { input, output })
  const lines = createInterface({ input: output })[Symbol.asyncIterator]()
  const ask = async (message: object): Promise<unknown> => {
    input.write(`${JSON.stringify({ jsonrpc: '2.0', ...message })}\n`)
    return JSON.parse((await lines.next()).value)
  }
  await ask(initializeMessage())
  const call = (name: string) => ask({ id: name, method: 'tools/call', params: { name } })
  expect(await call('scoped')).toMatchObject({ result: { content: [{ text: 'scoped' }] } })
  expect(await call('hidden')).toMatchObject({ error: { message: 'Unknown tool: hidden' } })
  await handle.close()
})

test('rules that could not be applied are refused where they are written', () => {
  const fresh = createServer({ name: 'fresh', version: '1.0.0' })
  expect(() => fresh.tool('a', { scopes: 'files:read' as never }, () => '')).toThrow(/scopes is a list/)
  expect(() => fresh.prompt('a', { visible: true as never }, () => '')).toThrow(/visible is a function/)
  expect(() => fresh.resource('a', 'test://a', { scopes: [1] as never }, () => '')).toThrow(/scopes is a list/)
  expect(() => fresh.resourceTemplate('a', 'test://{a}', { visible: 'x' as never }, () => '')).toThrow(/visible/)
})
