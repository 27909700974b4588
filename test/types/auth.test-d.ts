import { createServer, type Identity } from 'fairlead'
import { anyOf, apiKey, jwt } from 'fairlead/auth'
import { serve } from 'fairlead/node'
import { expectTypeOf, test } from 'vitest'

const server = createServer({ name: 'types', version: '1.0.0' })

test('handlers and rules see who calls', () => {
  server.tool('who', { scopes: ['a'], visible: (auth) => auth?.subject === 'ada' }, (_, ctx) => {
    expectTypeOf(ctx.auth).toEqualTypeOf<Identity | undefined>()
    expectTypeOf(ctx.auth?.scopes).toEqualTypeOf<readonly string[] | undefined>()
    expectTypeOf(ctx.auth?.expiresAt).toEqualTypeOf<number | undefined>()
    expectTypeOf(ctx.auth?.claims?.['any']).toEqualTypeOf<unknown>()
    return ''
  })
  // @ts-expect-error: scopes are a list
  server.tool('who', { scopes: 'a' }, () => '')
  // @ts-expect-error: nobody waits for a promise of true
  server.prompt('who', { visible: async () => true }, () => '')
})

test('auth takes a scheme, a function, or says that everybody may come in', () => {
  const tokens = jwt({ issuer: 'https://login.example.com', audience: ['a'], scopeHierarchy: { a: ['b'] } })
  void serve(server, { auth: tokens })
  void serve(server, {
    auth: anyOf(tokens, apiKey({ keys: [] }), (request) => (request.header('x') ? 'anonymous' : undefined)),
  })
  void serve(server, { auth: (request) => ({ issuer: 'i', subject: request.path }) })
  void serve(server, { auth: 'none' })
  // @ts-expect-error: false could mean anything
  void serve(server, { auth: false })
  // @ts-expect-error: the issuer is needed
  jwt({ resource: 'https://mcp.example.com/mcp' })
  // @ts-expect-error: times are numbers of milliseconds
  jwt({ issuer: 'https://login.example.com', clockTolerance: '30s' })
})
