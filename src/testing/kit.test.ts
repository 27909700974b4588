import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import { createServer, ToolError } from '../index.ts'
import { connect, steppingClock, type TestKit } from './index.ts'

let kit: TestKit | undefined
afterEach(async () => {
  await kit?.close()
  kit = undefined
})

test('a tool asks, reports progress and answers', async () => {
  const server = createServer({ name: 'kit', version: '1.0.0' })
  server.tool('deploy', { inputSchema: z.object({ target: z.string() }) }, async ({ target }, ctx) => {
    ctx.progress(1, 2)
    const answer = await ctx.elicit({ message: `To ${target}?`, requestedSchema: z.object({ sure: z.boolean() }) })
    return answer.action === 'accept' && answer.content.sure ? 'Deployed.' : 'Not deployed.'
  })
  kit = await connect(server, { elicitation: () => ({ action: 'accept', content: { sure: true } }) })
  const seen: number[] = []
  const text = await kit.callText(
    'deploy',
    { target: 'staging' },
    { onProgress: ({ progress }) => seen.push(progress) },
  )
  expect(text).toBe('Deployed.')
  expect(seen).toEqual([1])
})

test('a cut stream is resumed and nothing is lost', async () => {
  const server = createServer({ name: 'kit', version: '1.0.0' })
  let cut = (): void => {}
  server.tool('count', {}, async (_, ctx) => {
    for (let step = 1; step <= 6; step++) {
      ctx.progress(step, 6)
      await new Promise((resolve) => setTimeout(resolve, 5))
      if (step === 3) cut()
    }
    return 'counted'
  })
  kit = await connect(server)
  cut = () => kit?.cutStreams('request')
  const seen: number[] = []
  expect(await kit.callText('count', {}, { onProgress: ({ progress }) => seen.push(progress) })).toBe('counted')
  expect(seen).toEqual([1, 2, 3, 4, 5, 6])
  expect((await kit.counters()).streamsResumed).toBe(1)
})

test('a stepping clock expires a session', async () => {
  const clock = steppingClock()
  const server = createServer({ name: 'kit', version: '1.0.0' })
  kit = await connect(server, { clock })
  await kit.client.request('ping')
  await clock.advance(31 * 24 * 60 * 60_000)
  await expect(kit.client.request('ping')).rejects.toMatchObject({ code: 'session_not_found' })
})

test('a stepping clock runs a tool into its time-out, and its signal aborts', async () => {
  const clock = steppingClock()
  const server = createServer({ name: 'kit', version: '1.0.0' })
  let aborted = false
  server.tool('slow', { timeout: 5_000 }, async (_, ctx) => {
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    aborted = true
    return 'late'
  })
  kit = await connect(server, { clock })
  const call = kit.callTool('slow')
  const outcome = expect(call).rejects.toMatchObject({ code: 'rpc_error' })
  await clock.advance(6_000)
  await outcome
  expect(aborted).toBe(true)
})

test('an error of a tool hides its inside, a ToolError shows its sentence', async () => {
  const server = createServer({ name: 'kit', version: '1.0.0' })
  server.tool('secret', {}, () => {
    throw new Error('password=hunter2')
  })
  server.tool('plain', {}, () => {
    throw new ToolError('No such city.')
  })
  kit = await connect(server)
  expect(JSON.stringify(await kit.callTool('secret'))).not.toContain('hunter2')
  expect(await kit.callTool('plain')).toEqual({ content: [{ type: 'text', text: 'No such city.' }], isError: true })
})
