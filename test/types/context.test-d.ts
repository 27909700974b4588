import type { Context, CreateMessageResult, ElicitResult, Root } from 'fairlead'
import { expectTypeOf, test } from 'vitest'
import { z } from 'zod'

declare const ctx: Context

test('the content of a form has the type of its schema, once it was accepted', async () => {
  const requestedSchema = z.object({ sure: z.boolean(), nights: z.number().optional() })
  const answer = await ctx.elicit({ message: 'Sure?', requestedSchema })
  expectTypeOf(answer).toEqualTypeOf<ElicitResult<{ sure: boolean; nights?: number | undefined }>>()
  if (answer.action === 'accept') expectTypeOf(answer.content.sure).toEqualTypeOf<boolean>()
  // @ts-expect-error: there is no content until the answer is known to be `accept`
  answer.content
})

test('a URL has no content', async () => {
  const answer = await ctx.elicit({ mode: 'url', message: 'Sign in', url: 'https://example.com' })
  if (answer.action === 'accept') expectTypeOf(answer.content).toBeUndefined()
})

test('a form needs its schema', () => {
  // @ts-expect-error: requestedSchema is missing
  void ctx.elicit({ message: 'Sure?' })
})

test('sampling needs maxTokens', async () => {
  const messages = [{ role: 'user', content: { type: 'text', text: 'Hi' } }] as const
  expectTypeOf(await ctx.sample({ messages, maxTokens: 10 })).toEqualTypeOf<CreateMessageResult>()
  // @ts-expect-error: the specification demands it
  void ctx.sample({ messages })
})

test('roots, values and the signal', async () => {
  expectTypeOf(await ctx.listRoots()).toEqualTypeOf<Root[]>()
  expectTypeOf(await ctx.session.get('theme')).toBeUnknown()
  expectTypeOf(await ctx.session.get<string>('theme')).toEqualTypeOf<string | undefined>()
  expectTypeOf(ctx.signal).toEqualTypeOf<AbortSignal>()
})

test('the context shows no session id and changes no header', () => {
  // @ts-expect-error: the id is a secret of the client
  ctx.session.id
  // @ts-expect-error: headers are read-only
  ctx.request.headers.set('x', 'y')
})

test('log has the levels of the specification and no others', () => {
  ctx.log.notice({ done: true }, 'importer')
  // @ts-expect-error: the specification calls it warning
  ctx.log.warn('late')
})

test('a step has the type of what it runs', async () => {
  expectTypeOf(await ctx.step('count', () => 1)).toEqualTypeOf<number>()
  expectTypeOf(await ctx.step('order', async () => ({ id: 'a' }))).toEqualTypeOf<{ id: string }>()
  // @ts-expect-error: a step has a name
  void ctx.step(() => 1)
})

test('a question may have a key, and a trace is text', () => {
  void ctx.listRoots({ key: 'places' })
  // @ts-expect-error: keys are text
  void ctx.listRoots({ key: 5 })
  expectTypeOf(ctx.trace.traceparent).toEqualTypeOf<string | undefined>()
})
