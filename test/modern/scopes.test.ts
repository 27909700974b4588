/** Scopes under 2026-07-28 beside what authorization.test.ts shows: retries, prompts and resources, subscriptions. */
import { beforeAll, describe, expect, test } from 'vitest'
import { jwt } from '../../src/auth/index.ts'
import { createServer } from '../../src/index.ts'
import { Issuer } from '../auth/issuer.ts'
import { bearer, challengeIn, closing, serving } from '../auth/serving.ts'
import { verifies } from '../requirements/requirements.ts'
import { answerOf } from '../requirements/session.ts'
import { ask, call, type Outcome, retry, roundOf, send, textOf } from './wire.ts'

const RESOURCE = 'https://mcp.example.com/mcp'
const FORM = { type: 'object', properties: { ok: { type: 'boolean' } } }
const YES = { 'elicitation-1': { action: 'accept', content: { ok: true } } }

const server = createServer({ name: 'authorized', version: '1.0.0' })
server.tool('read', { scopes: ['files:read'] }, () => 'read')
for (const durable of [false, true]) {
  server.tool(`write_${durable}`, { scopes: ['files:write'], durable }, async (_args, ctx) => {
    const answer = await ctx.elicit({ message: 'Write?', requestedSchema: FORM })
    return `${answer.action} by ${ctx.auth?.scopes?.join(' ')}`
  })
}
server.tool('hidden', { visible: (auth) => auth?.subject === 'ada' }, () => 'seen')
server.resource('secret', 'thing://secret', { scopes: ['files:read'] }, () => 'secret')
server.resource('own', 'thing://own', { visible: (auth) => auth?.subject === 'ada' }, () => 'own')
server.prompt('plan', { scopes: ['plans'] }, () => 'plan')

let issuer: Issuer
let url: string
beforeAll(async () => {
  issuer = closing(await Issuer.start())
  const hierarchy = { admin: ['files:write', 'plans'], 'files:write': ['files:read'] }
  const auth = jwt({ issuer: issuer.issuer, resource: RESOURCE, scopes: ['mcp'], scopeHierarchy: hierarchy })
  url = (await serving(auth, server)).url
})

const as = async (scopes: string, claims: object = {}, audience = RESOURCE) => ({
  headers: bearer(await issuer.token(audience, { scope: `mcp ${scopes}`.trim(), ...claims })) as {
    authorization: string
  },
})

describe('scopes', () => {
  test.each([
    ['tools/call', { name: 'read', arguments: {} }, 'files:read'],
    ['resources/read', { uri: 'thing://secret' }, 'files:read'],
    ['prompts/get', { name: 'plan' }, 'plans'],
  ] as const)('%s needs its own, and the challenge names them', async (method, params, scope) => {
    verifies('AUTH-04', 'AUTH-08', 'SBP-06', 'RES-04')
    const reply = await send(url, method, params, { ...(await as('')), id: 'step' })
    expect(reply.status).toBe(403)
    expect(challengeIn(reply)).toMatchObject({ error: 'insufficient_scope', scope: `mcp ${scope}` })
    expect((await answerOf(reply)).id).toBe('step')
    expect((await ask(url, method, params, await as(scope))).result?.['resultType']).toBe('complete')
  })

  test.each([false, true])('a retry needs them as the first request did (durable: %s)', async (durable) => {
    verifies('MRTR-04', 'BASE-19')
    const tool = `write_${durable}`
    const round = roundOf(await call(url, tool, {}, await as('files:write')))
    const retried = async (scopes: string): Promise<Outcome> => retry(url, tool, round, YES, {}, await as(scopes))
    expect((await retried('files:read')).status).toBe(403)
    // The claims that the handler sees are those of the retry.
    expect(textOf(await retried('admin'))).toMatch(/^accept by mcp admin/)
  })
})

test('what is hidden from somebody is unknown to him, in lists and subscriptions too', async () => {
  verifies('AUTH-14', 'TOOL-03', 'CACHE-02')
  const [ada, eve] = [await as('', { sub: 'ada' }), await as('', { sub: 'eve' })]
  const names = async (changes: object) => {
    const { result } = await ask(url, 'tools/list', {}, changes)
    expect(result!['cacheScope']).toBe('private')
    return (result!['tools'] as { name: string }[]).map(({ name }) => name)
  }
  expect(await names(ada)).toContain('hidden')
  expect(await names(eve)).not.toContain('hidden')
  expect(textOf(await call(url, 'hidden', {}, ada))).toBe('seen')
  expect((await call(url, 'hidden', {}, eve)).error).toMatchObject({ code: -32602, message: 'Unknown tool: hidden' })
  const honoured = async (changes: object) => {
    const notifications = { resourceSubscriptions: ['thing://own'] }
    const stream = (await send(url, 'subscriptions/listen', { notifications }, changes)).stream()
    const { params } = await stream.method('notifications/subscriptions/acknowledged')
    stream.cut()
    return params!['notifications']
  }
  expect(await honoured(ada)).toEqual({ resourceSubscriptions: ['thing://own'] })
  expect(await honoured(eve)).toEqual({})
})
