import { createServer, McpError } from 'fairlead'
import { expressHandler } from 'fairlead/express'
import { fetchHandler } from 'fairlead/fetch'
import { type ServeOptions, serve } from 'fairlead/node'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

const server = createServer({ name: 'types', version: '1.0.0' })

test('the variables of a template have its names', () => {
  server.resourceTemplate('user', 'users://{id}/posts{?page,size}', {}, (uri, variables) => {
    expectTypeOf(uri).toEqualTypeOf<URL>()
    expectTypeOf(variables.id).toEqualTypeOf<string>()
    expectTypeOf(variables.page).toEqualTypeOf<string>()
    // @ts-expect-error: the template has no such variable
    return variables.name
  })
})

test('prompt arguments have the type of their schema', () => {
  server.prompt('review', { argsSchema: z.object({ code: z.string(), style: z.string().optional() }) }, (args) => {
    expectTypeOf(args).toEqualTypeOf<{ code: string; style?: string | undefined }>()
    return `Review ${args.code}`
  })
})

test('createServer takes identity only', () => {
  // @ts-expect-error: where to listen is an option of serve
  createServer({ name: 'types', version: '1.0.0', port: 8000 })
  // @ts-expect-error: a version is needed
  createServer({ name: 'types' })
})

test('a server with typed state is served only with it', () => {
  const typed = createServer<{ db: Map<string, string> }>({ name: 'types', version: '1.0.0' })
  typed.tool('get', {}, (_, ctx) => ctx.state.db.get('key') ?? 'nothing')
  const state = { db: new Map<string, string>() }
  fetchHandler(typed, { state })
  expressHandler(typed, { state })
  // @ts-expect-error: the handlers of this server need their state
  fetchHandler(typed)
  // @ts-expect-error: and of the right type
  fetchHandler(typed, { state: { db: 5 } })
})

test('options are known by name and unit', () => {
  expectTypeOf<ServeOptions['jsonResponse']>().toEqualTypeOf<boolean | 'auto' | undefined>()
  void serve(server, { port: 0, limits: { callsPerSession: 4 } })
  // @ts-expect-error: a misspelt limit protects nothing
  void serve(server, { limits: { callPerSession: 4 } })
  // @ts-expect-error: CORS has origins
  void serve(server, { cors: true })
})

test('error codes are a closed set', () => {
  const error = new McpError('invalid_params', 'city: no such city')
  expectTypeOf<string>().not.toExtend<typeof error.code>()
  // @ts-expect-error: no such code
  new McpError('no_such_code', 'text')
})

test('middleware wraps a handler', () => {
  server.use((next) => async (request, ctx) => {
    expectTypeOf(request.method).toBeString()
    return next(request, ctx)
  })
  // @ts-expect-error: next is a parameter of the outer function
  server.use((request, ctx, next) => next(request, ctx))
})
