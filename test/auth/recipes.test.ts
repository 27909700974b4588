/**
 * Every recipe of docs/auth.md, as it stands there, with the metadata and keys of a real authorization server, whose tokens
 * have that provider's shape.
 */
import { describe, expect, test } from 'vitest'
import { type AuthScheme, bearer as bearerScheme, introspection, type JwtOptions, jwt } from '../../src/auth/index.ts'
import { type Identity, McpError } from '../../src/index.ts'
import { blocksOf, read } from '../docs/blocks.ts'
import { install } from '../install.mjs'
import { verifies } from '../requirements/requirements.ts'
import { open } from '../requirements/session.ts'
import { bearer, closing, knock, serving } from './serving.ts'

await install(new URL('./', import.meta.url))
const { CONFIDENTIAL, startProvider } = await import('./provider.mjs')
const CREDENTIALS = { clientId: CONFIDENTIAL.client_id, clientSecret: CONFIDENTIAL.client_secret }

const RESOURCE = 'https://mcp.example.com/mcp'

interface Jwt {
  header: Record<string, unknown>
  payload: Record<string, unknown>
}

interface Shape {
  /** Makes a token of the authorization server look like one of this provider. */
  change(jwt: Jwt): void
  /** What handlers see of it. */
  identity: Partial<Identity>
  alg?: 'RS256' | 'ES256'
  /** Tokens of this provider that are not for this server, or no access tokens. */
  refused: Record<string, (jwt: Jwt) => void>
}

/** Replaces the claims that all tokens of the authorization server have with those that this provider sends. */
function claims({ payload }: Jwt, changes: Record<string, unknown>): void {
  for (const name of ['client_id', 'scope', 'jti']) delete payload[name]
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete payload[name]
    else payload[name] = value
  }
}

const elsewhere = (name: string, value: unknown) => (token: Jwt) => {
  token.payload[name] = value
}

const SHAPES: Record<string, Shape> = {
  Auth0: {
    change: (token) => {
      token.header['typ'] = 'JWT'
      claims(token, {
        sub: 'auth0|65f2',
        aud: [RESOURCE, 'https://tenant.eu.auth0.com/userinfo'],
        azp: 'my_client',
        scope: 'openid files:read',
        permissions: ['files:read'],
        gty: 'password',
      })
    },
    identity: { subject: 'auth0|65f2', clientId: 'my_client', scopes: ['openid', 'files:read'], audience: RESOURCE },
    refused: { 'for userinfo only': elsewhere('aud', ['https://tenant.eu.auth0.com/userinfo']) },
  },
  Okta: {
    change: (token) => {
      delete token.header['typ']
      const scp = ['openid', 'files:read']
      claims(token, {
        ver: 1,
        jti: 'AT.x',
        aud: 'api://default',
        sub: 'ada@example.com',
        cid: '0oa1',
        uid: '00u1',
        scp,
      })
    },
    identity: {
      subject: 'ada@example.com',
      clientId: '0oa1',
      scopes: ['openid', 'files:read'],
      audience: 'api://default',
    },
    refused: { 'of another audience': elsewhere('aud', 'api://other') },
  },
  'Entra ID': {
    change: (token) => {
      token.header['typ'] = 'JWT'
      const ids = {
        oid: 'object-id',
        tid: 'tenant-id',
        azp: 'client-guid',
        azpacr: '0',
        ver: '2.0',
        uti: 'x',
        rh: '0.x',
      }
      claims(token, {
        aud: 'APPLICATION_ID',
        sub: 'pairwise',
        scp: 'Files.Read Files.Write',
        roles: ['Reader'],
        ...ids,
      })
    },
    identity: {
      subject: 'pairwise',
      clientId: 'client-guid',
      scopes: ['Files.Read', 'Files.Write', 'Reader'],
      audience: 'APPLICATION_ID',
    },
    refused: {
      'for Microsoft Graph': elsewhere('aud', '00000003-0000-0000-c000-000000000000'),
      'of version 1': elsewhere('iss', 'https://sts.windows.net/TENANT_ID/'),
    },
  },
  Keycloak: {
    change: (token) => {
      token.header['typ'] = 'JWT'
      claims(token, {
        jti: 'trrtcc:x',
        aud: [RESOURCE, 'account'],
        sub: 'a-uuid',
        typ: 'Bearer',
        azp: 'my-client',
        sid: 'x',
        acr: '1',
        realm_access: { roles: ['user'] },
        scope: 'openid email files:read',
      })
    },
    identity: {
      subject: 'a-uuid',
      clientId: 'my-client',
      scopes: ['openid', 'email', 'files:read'],
      audience: RESOURCE,
    },
    refused: { 'without the audience mapper': elsewhere('aud', 'account') },
  },
  'Amazon Cognito': {
    change: (token) => {
      delete token.header['typ']
      claims(token, {
        aud: undefined,
        sub: 'a-uuid',
        client_id: 'CLIENT_ID',
        token_use: 'access',
        version: 2,
        username: 'ada',
        scope: 'https://mcp.example.com/mcp/use openid',
      })
    },
    identity: {
      subject: 'a-uuid',
      clientId: 'CLIENT_ID',
      scopes: ['https://mcp.example.com/mcp/use', 'openid'],
      audience: 'CLIENT_ID',
    },
    refused: {
      'of another client': elsewhere('client_id', 'OTHER'),
      'an ID token': (token) => claims(token, { aud: 'CLIENT_ID', token_use: 'id', client_id: undefined }),
    },
  },
  'WorkOS AuthKit': {
    change: (token) => {
      token.header['typ'] = 'JWT'
      claims(token, { sub: 'user_01', sid: 'session_01', org_id: 'org_01', aud: RESOURCE, scope: 'openid profile' })
    },
    identity: { subject: 'user_01', scopes: ['openid', 'profile'], audience: RESOURCE },
    refused: { 'for the client': elsewhere('aud', 'client_01') },
  },
  Supabase: {
    change: (token) => {
      token.header['typ'] = 'JWT'
      claims(token, {
        aud: 'authenticated',
        role: 'authenticated',
        sub: 'a-uuid',
        session_id: 'x',
        is_anonymous: false,
      })
    },
    alg: 'ES256',
    identity: { subject: 'a-uuid', scopes: [], audience: 'authenticated' },
    refused: {
      'of nobody in particular': elsewhere('role', 'anon'),
      'of a service': (token) => claims(token, { aud: undefined, role: 'service_role' }),
    },
  },
  'Ory Hydra': {
    change: (token) => {
      token.header['typ'] = 'JWT'
      claims(token, {
        aud: [RESOURCE],
        client_id: 'a-uuid',
        ext: {},
        nbf: 0,
        scp: ['offline', 'files:read'],
        sub: 'ada',
      })
    },
    identity: { subject: 'ada', clientId: 'a-uuid', scopes: ['offline', 'files:read'], audience: RESOURCE },
    refused: { 'for nobody': elsewhere('aud', []) },
  },
}

/** The code under each heading of the recipes. */
function recipes(): Map<string, string> {
  const lines = read('docs/auth.md').split('\n')
  const start = lines.indexOf('## Recipes')
  const found = new Map<string, string>()
  for (const { line, language, code } of blocksOf('docs/auth.md')) {
    if (language !== 'js' || line < start) continue
    const heading = lines.slice(0, line).findLast((text) => text.startsWith('### '))
    found.set(heading!.slice(4), code)
  }
  return found
}

/** Runs a recipe with the issuer in place of the provider's. */
function evaluate(code: string, issuer: string, fetch: typeof globalThis.fetch = globalThis.fetch): AuthScheme {
  const run = new Function('jwt', 'bearer', 'fetch', 'McpError', `return (${code})`)
  return run((options: JwtOptions) => jwt({ ...options, issuer }), bearerScheme, fetch, McpError) as AuthScheme
}

test('every recipe says that its shape is tested, and is', () => {
  expect([...recipes().keys()].sort()).toEqual([...Object.keys(SHAPES), 'Google'].sort())
  for (const name of recipes().keys()) {
    const [, section = ''] = read('docs/auth.md').split(`### ${name}\n`)
    expect(section.trimStart(), name).toMatch(/^Shape tested: /)
  }
})

describe.each(Object.entries(SHAPES))('%s', (name, shape) => {
  const code = recipes().get(name)!
  const { pathname } = new URL(/issuer: '([^']+)'/.exec(code)![1]!)
  const path = pathname === '/' && !code.includes(".com/'") ? '' : pathname

  test('a token of its shape is let in, with the refresh that brings another one', async () => {
    verifies('AUTH-05', 'AUTH-06')
    const provider = closing(await startProvider({ path, change: shape.change, alg: shape.alg }))
    expect(new URL(provider.issuer).pathname).toBe(pathname)
    const { url } = await serving(evaluate(code, provider.issuer))
    const session = await open(url, { headers: bearer(await provider.token(RESOURCE)) })
    const who = JSON.parse(await session.text('who')) as Identity
    expect(who).toMatchObject({ issuer: provider.issuer, ...shape.identity })
    expect(who.expiresAt).toBeGreaterThan(Date.now())
    const refreshed = session.with(bearer(await provider.token(RESOURCE)))
    expect(JSON.parse(await refreshed.text('who'))).toMatchObject(shape.identity)
  })

  test.each(Object.entries(shape.refused))('one %s is not', async (_, change) => {
    verifies('AUTH-06', 'AUTH-07')
    const both = (token: Jwt): void => {
      shape.change(token)
      change(token)
    }
    const provider = closing(await startProvider({ path, change: both, alg: shape.alg }))
    const { url } = await serving(evaluate(code, provider.issuer))
    expect((await knock(url, bearer(await provider.token(RESOURCE)))).status).toBe(401)
  })
})

describe('Google', () => {
  const exp = String(Math.floor(Date.now() / 1000) + 3000)
  const good = {
    azp: 'x',
    aud: 'CLIENT_ID.apps.googleusercontent.com',
    sub: '1234',
    scope: 'openid email',
    exp,
    expires_in: '3000',
  }
  const answers: Record<string, [number, object]> = {
    good: [200, good],
    other: [200, { ...good, aud: 'OTHER.apps.googleusercontent.com' }],
    bad: [400, { error: 'invalid_token' }],
    down: [503, {}],
  }
  const google = async (url: unknown): Promise<Response> => {
    const { origin, pathname, searchParams } = new URL(String(url))
    expect(origin + pathname).toBe('https://oauth2.googleapis.com/tokeninfo')
    const [status, body] = answers[searchParams.get('access_token')!]!
    return Response.json(body, { status })
  }

  test('describes its tokens', async () => {
    const { url } = await serving(evaluate(recipes().get('Google')!, '', google as typeof fetch))
    const session = await open(url, { headers: bearer('good') })
    expect(JSON.parse(await session.text('who'))).toMatchObject({ subject: '1234', scopes: ['openid', 'email'] })
    const statuses = []
    for (const token of ['other', 'bad', 'down']) statuses.push((await knock(url, bearer(token))).status)
    expect(statuses).toEqual([401, 401, 503])
  })
})

test('opaque tokens of a real authorization server are introspected', async () => {
  const provider = closing(await startProvider({ format: 'opaque' }))
  const { clientId, clientSecret } = CREDENTIALS
  const { url } = await serving(introspection({ issuer: provider.issuer, resource: RESOURCE, clientId, clientSecret }))
  const token = await provider.token(RESOURCE, 'mcp files:read')
  expect(token).not.toContain('.')
  const session = await open(url, { headers: bearer(token) })
  expect(JSON.parse(await session.text('who'))).toMatchObject({
    issuer: provider.issuer,
    clientId,
    audience: RESOURCE,
    scopes: ['mcp', 'files:read'],
  })
  expect((await knock(url, bearer(await provider.token('https://other.example/mcp')))).status).toBe(401)
  expect((await knock(url, bearer('made-up'))).status).toBe(401)
  const wrong = introspection({ issuer: provider.issuer, resource: RESOURCE, clientId, clientSecret: 'wrong' })
  await expect(serving(wrong)).rejects.toThrow(/does not accept clientId/)
})
