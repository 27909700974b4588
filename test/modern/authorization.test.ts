/** Who may do what in this era: each request stands for itself, so each shows a token and needs its scopes. */
import { beforeAll, expect, test } from 'vitest'
import { jwt } from '../../src/auth/index.ts'
import { createServer } from '../../src/index.ts'
import { Issuer } from '../auth/issuer.ts'
import { bearer, challengeIn, closing, read, serving } from '../auth/serving.ts'
import { verifies } from '../requirements/requirements.ts'
import { accept, ask, call, retry, roundOf, send, textOf } from './wire.ts'

const RESOURCE = 'https://mcp.example.com/mcp'
const METADATA = 'https://mcp.example.com/.well-known/oauth-protected-resource/mcp'

const server = createServer({ name: 'scoped', version: '1.0.0' })
server.tool('who', {}, (_, ctx) => JSON.stringify({ ...ctx.auth, header: ctx.request.headers.has('authorization') }))
server.tool('write', { scopes: ['files:write'] }, () => 'wrote')
server.tool('staff', { visible: (auth) => auth?.subject === 'bob' }, () => 'for staff')
server.tool('asks', {}, async (_, ctx) => {
  const requestedSchema = { type: 'object', properties: { name: { type: 'string' } } } as const
  const { action } = await ctx.elicit({ message: 'Name?', requestedSchema })
  return `${ctx.auth?.subject}: ${action}`
})
server.resource('plan', 'test://plan', { scopes: ['plans:read'] }, () => 'plan')
server.resource('open', 'test://open', {}, () => 'open')

let issuer: Issuer
let url: string
let origin: string
beforeAll(async () => {
  issuer = closing(await Issuer.start())
  const scheme = jwt({
    issuer: issuer.issuer,
    resource: RESOURCE,
    scopes: ['mcp'],
    scopeHierarchy: { admin: ['files:write'] },
  })
  const served = await serving(scheme, server)
  url = served.url
  origin = served.origin
})

async function as(scope: string, changes: Parameters<Issuer['token']>[1] = {}, audience = RESOURCE) {
  return { headers: bearer(await issuer.token(audience, { scope, ...changes })) }
}

test('a request without a token is led to the metadata, and to the scopes that it needs', async () => {
  verifies('AUTH-01', 'AUTH-02', 'AUTH-03', 'AUTH-04')
  const reply = await send(url, 'server/discover')
  expect(reply.status).toBe(401)
  expect(challengeIn(reply)).toMatchObject({ scheme: 'Bearer', resource_metadata: METADATA, scope: 'mcp' })
  const metadata = await read(`${origin}/.well-known/oauth-protected-resource/mcp`)
  expect(metadata).toMatchObject({ resource: RESOURCE, authorization_servers: [issuer.issuer] })
  expect((await ask(url, 'server/discover', {}, await as('mcp'))).status).toBe(200)
})

test.each([
  ['for another server', {}, 'https://other.example.com/mcp'],
  ['of another issuer', { iss: 'https://issuer.example.com' }, RESOURCE],
  ['that has expired', { exp: 1_700_000_000 }, RESOURCE],
])('a token %s is refused on every request, though the last one was good', async (_, changes, audience) => {
  verifies('AUTH-06', 'AUTH-07')
  expect((await ask(url, 'tools/list', {}, await as('mcp'))).status).toBe(200)
  const reply = await send(url, 'tools/list', {}, await as('mcp', changes, audience))
  expect([reply.status, challengeIn(reply)['error']]).toEqual([401, 'invalid_token'])
})

test('handlers get who it is and no token that could be passed on', async () => {
  verifies('SBP-01', 'AUTH-11')
  const changes = await as('mcp')
  const text = textOf(await call(url, 'who', {}, changes))
  expect(JSON.parse(text)).toMatchObject({ subject: 'ada', scopes: ['mcp'] })
  expect(text).not.toContain(String(changes.headers.authorization).split('.').at(-1))
  // Keys are fetched by https, but for loopback.
  expect(() => jwt({ issuer: 'http://issuer.example.com', resource: RESOURCE })).toThrow('https')
})

test('a tool asks for the scopes of that tool, and a broader one includes them', async () => {
  verifies('AUTH-09', 'SBP-06')
  const reply = await send(url, 'tools/call', { name: 'write' }, await as('mcp'))
  expect(reply.status).toBe(403)
  expect(challengeIn(reply)).toMatchObject({ error: 'insufficient_scope', scope: 'mcp files:write' })
  expect(textOf(await call(url, 'write', {}, await as('mcp admin')))).toBe('wrote')
  expect((await ask(url, 'tools/list', {}, await as('mcp'))).status).toBe(200)
})

test('listening for a resource needs its scopes', async () => {
  const listen = (uri: string, scope: string) =>
    as(scope).then((changes) =>
      send(url, 'subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } }, changes),
    )
  const refused = await listen('test://plan', 'mcp')
  expect([refused.status, challengeIn(refused)['scope']]).toEqual([403, 'mcp plans:read'])
  for (const reply of [await listen('test://plan', 'mcp plans:read'), await listen('test://open', 'mcp')]) {
    expect(reply.status).toBe(200)
    const stream = reply.stream()
    await stream.method('notifications/subscriptions/acknowledged')
    stream.cut()
  }
})

test('what is hidden from one is an unknown tool to him, in lists that nobody else may be shown', async () => {
  const ada = await as('mcp')
  const bob = await as('mcp', { sub: 'bob' })
  const list = async (changes: typeof ada) => (await ask(url, 'tools/list', {}, changes)).result!
  const names = ({ tools }: { readonly [name: string]: unknown }) =>
    (tools as { name: string }[]).map(({ name }) => name)
  expect(names(await list(ada))).not.toContain('staff')
  expect(names(await list(bob))).toContain('staff')
  expect((await list(ada))['cacheScope']).toBe('private')
  expect((await call(url, 'staff', {}, ada)).error).toMatchObject({ code: -32602, message: 'Unknown tool: staff' })
  expect(textOf(await call(url, 'staff', {}, bob))).toBe('for staff')
})

test('the answer to a question counts only from whom it was asked, with a token of today too', async () => {
  const round = roundOf(await call(url, 'asks', {}, await as('mcp')))
  const [key] = Object.keys(round.inputRequests)
  const answers = { [key!]: accept({ name: 'x' }) }
  const foreign = await retry(url, 'asks', round, answers, {}, await as('mcp', { sub: 'bob' }))
  expect(foreign.error?.code).toBe(-32602)
  const refreshed = await as('mcp', { iat: Math.floor(Date.now() / 1000) - 5 })
  expect(textOf(await retry(url, 'asks', round, answers, {}, refreshed))).toBe('ada: accept')
})
