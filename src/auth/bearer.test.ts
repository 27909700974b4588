import { expect, test } from 'vitest'
import { nodePlatform } from '../adapters/node-platform.ts'
import { ANONYMOUS } from '../session/principal.ts'
import { accessToken } from './access-token.ts'
import { anyOf } from './any-of.ts'
import type { Admitted, AuthContext, AuthScheme } from './authenticator.ts'
import { bearer } from './bearer.ts'
import { bearerChallenge, headerText, joinChallenges, tokenChallenge } from './challenge.ts'
import { metadataUrls } from './discovery.ts'
import { sameAudience } from './protected-resource.ts'
import { expandScopes } from './scopes.ts'

const context: AuthContext = {
  platform: nodePlatform,
  local: undefined,
  admit: async (identity) => ({ identity, principal: `p:${identity.subject}` }),
  warn: () => {},
}
const request = (headers: Record<string, string>) => ({
  method: 'POST',
  path: '/mcp',
  header: (name: string) => headers[name],
})
const tokens = (scheme = 'Bearer') => request({ authorization: `${scheme} abc` })

function verifying(calls: string[], settings: object = {}): AuthScheme {
  return bearer({
    issuer: 'https://login.example.com',
    resource: 'https://mcp.example.com/mcp',
    verify: (token) => {
      calls.push(token)
      return { issuer: 'https://login.example.com', subject: token, claims: { nested: { list: [1] } } }
    },
    ...settings,
  })
}

test('a known token is admitted at once, with the same object, also among several schemes', async () => {
  const calls: string[] = []
  const authenticator = await anyOf(verifying(calls), () => undefined).start(context)
  const first = await authenticator.admit(tokens())
  const again = authenticator.admit(tokens())
  expect(again).not.toBeInstanceOf(Promise)
  expect(again).toBe(first)
  expect(calls).toEqual(['abc'])
})

test('what handlers get of it can not be changed for the others', async () => {
  const authenticator = await verifying([]).start(context)
  const admitted = (await authenticator.admit(tokens())) as Admitted
  const { list } = admitted.identity!.claims!['nested'] as { list: number[] }
  expect(() => list.push(2)).toThrow(TypeError)
})

test('requests at the same time verify a token once', async () => {
  const calls: string[] = []
  const authenticator = await verifying(calls).start(context)
  await Promise.all(Array.from({ length: 20 }, () => authenticator.admit(tokens())))
  expect(calls).toEqual(['abc'])
})

test('a verification that fails is not remembered', async () => {
  let fail = true
  const verify = () => {
    if (fail) throw new Error('down')
    return { issuer: 'i', subject: 's' }
  }
  const authenticator = await verifying([], { verify }).start(context)
  await expect(authenticator.admit(tokens())).rejects.toThrow('down')
  fail = false
  expect(await authenticator.admit(tokens())).toMatchObject({ principal: 'p:s' })
})

test('nothing is remembered beyond the expiry or the cache', async () => {
  const calls: string[] = []
  let now = 1_000
  const clock = { ...context, platform: { ...nodePlatform, now: () => now } }
  const verify = (token: string) => {
    calls.push(token)
    return { issuer: 'i', subject: 's', expiresAt: 1_500 }
  }
  const authenticator = await verifying([], { verify, cache: 300 }).start(clock)
  for (now of [1_000, 1_299, 1_300, 1_499, 1_500, 1_501]) await authenticator.admit(tokens())
  expect(calls).toHaveLength(4)
})

test.each<[string, ReturnType<typeof accessToken>]>([
  ['Bearer abc', { text: 'abc', bound: false }],
  ['bearer  a.b-c_d~e+f/g==', { text: 'a.b-c_d~e+f/g==', bound: false }],
  ['BEARER abc ', { text: 'abc', bound: false }],
  ['Bearer', 'malformed'],
  ['Bearer ', 'malformed'],
  ['Bearer a b', 'malformed'],
  ['Bearer a, Bearer b', 'malformed'],
  ['Bearer a=b', 'malformed'],
  ['Bearer "a"', 'malformed'],
  [`Bearer ${'x'.repeat(20_000)}`, 'malformed'],
  ['DPoP abc', { text: 'abc', bound: true }],
  ['dpop', 'malformed'],
  ['DPoP a, Bearer b', 'malformed'],
  ['Basic abc', undefined],
  ['Bearerabc', undefined],
  ['', undefined],
])('the header %j', (header, expected) => {
  expect(accessToken(header)).toEqual(expected)
})

test('a challenge can not be broken out of', () => {
  const description = 'x", scope="admin\\", realm="\r\nX: 1 ü'
  const challenge = tokenChallenge(false, { error: 'invalid_token', description }, ['a', 'b'], 'https://x.example/m')
  expect(challenge).toBe(
    'Bearer error="invalid_token", error_description="x\', scope=\'admin\'\', realm=\'??X: 1 ?", scope="a b", ' +
      'resource_metadata="https://x.example/m"',
  )
  expect(bearerChallenge(undefined)).toBe('Bearer')
  expect(tokenChallenge(false, { scopes: ['b', 'a'] }, ['a'])).toBe('Bearer scope="a b"')
  expect(tokenChallenge(true, { error: 'invalid_dpop_proof' })).toMatch(
    /^DPoP error="invalid_dpop_proof", algs="RS256 .*"$/,
  )
  expect(headerText('Bearer x="\r\n"')).toBe('Bearer x="??"')
  expect(joinChallenges(['Bearer a="1"', 'bearer b="2"', 'ApiKey'])).toBe('Bearer a="1", ApiKey')
})

test('scopes include what the hierarchy says, in circles too', () => {
  expect(expandScopes(['a'], undefined)).toEqual(['a'])
  expect(expandScopes(['a', 'x'], { a: ['b'], b: ['c', 'a'] })).toEqual(['a', 'x', 'b', 'c'])
  expect(expandScopes(['__proto__', 'toString'], {})).toEqual(['__proto__', 'toString'])
})

test.each([
  ['https://mcp.example.com/mcp', 'https://mcp.example.com/mcp', true],
  ['https://MCP.example.com/mcp/', 'https://mcp.example.com/mcp', true],
  ['https://mcp.example.com:443', 'https://mcp.example.com/', true],
  ['https://mcp.example.com/MCP', 'https://mcp.example.com/mcp', false],
  ['http://mcp.example.com/mcp', 'https://mcp.example.com/mcp', false],
  ['https://mcp.example.com/mcp?x', 'https://mcp.example.com/mcp', false],
  ['https://mcp.example.com/mcp/..', 'https://mcp.example.com/mcp', false],
  ['https://a@mcp.example.com/mcp', 'https://mcp.example.com/mcp', false],
  ['https://mcp.example.com/x/../mcp', 'https://mcp.example.com/mcp', false],
  ['https://mcp.example.com/%6dcp', 'https://mcp.example.com/mcp', false],
  ['http://mcp.example.com:80/mcp', 'http://mcp.example.com/mcp', true],
  ['http://mcp.example.com:443/mcp', 'http://mcp.example.com/mcp', false],
  ['https://mcp.example.com\\mcp', 'https://mcp.example.com/mcp', false],
  ['api://default', 'API://default', false],
  ['urn:x', 'urn:x', true],
])('audience %s for %s: %s', (audience, own, same) => {
  expect(sameAudience(audience, own)).toBe(same)
})

test('metadata of an issuer are looked for in the order of the specification', () => {
  expect(metadataUrls('https://auth.example.com')).toEqual([
    'https://auth.example.com/.well-known/oauth-authorization-server',
    'https://auth.example.com/.well-known/openid-configuration',
  ])
  expect(metadataUrls('https://auth.example.com/tenant1')).toEqual([
    'https://auth.example.com/.well-known/oauth-authorization-server/tenant1',
    'https://auth.example.com/.well-known/openid-configuration/tenant1',
    'https://auth.example.com/tenant1/.well-known/openid-configuration',
  ])
})

test('nobody is a value of its own', async () => {
  const authenticator = await anyOf(() => 'anonymous').start(context)
  expect(await authenticator.admit(request({}))).toEqual({ identity: undefined, principal: ANONYMOUS })
})
