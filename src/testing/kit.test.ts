import { afterEach, describe, expect, test } from 'vitest'
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

describe.each([
  ['2025-06-18', '2025-06-18'],
  ['2025-11-25', '2025-11-25'],
  ['2026-07-28', '2026-07-28'],
  ['auto', '2026-07-28'],
] as const)('with revision %s', (revision, spoken) => {
  test('one handler and one set of answers serve every revision', async () => {
    const server = createServer({ name: 'kit', version: '1.0.0' })
    server.tool('plan', {}, async (_, ctx) => {
      ctx.log.info('planning')
      ctx.progress(1, 2)
      const requestedSchema = z.object({ name: z.string() })
      const who = await ctx.elicit({ message: 'Who?', requestedSchema })
      const name = who.action === 'accept' ? who.content.name : who.action
      const messages = [{ role: 'user' as const, content: { type: 'text' as const, text: name } }]
      const [line, roots] = await Promise.all([ctx.sample({ messages, maxTokens: 5 }), ctx.listRoots()])
      ctx.progress(2, 2)
      return `${name}, ${(line.content as { text: string }).text}, ${roots[0]?.uri}`
    })
    const logged: unknown[] = []
    kit = await connect(server, {
      revision,
      elicitation: () => ({ action: 'accept', content: { name: 'Ada' } }),
      sampling: () => ({ role: 'assistant', model: 'm', content: { type: 'text', text: 'a line' } }),
      roots: () => [{ uri: 'file:///home/ada' }],
      onNotification: (method, { data }) => method === 'notifications/message' && logged.push(data),
    })
    expect(kit.client.session?.revision.name).toBe(spoken)
    await kit.client.setLogLevel('info')
    const steps: number[] = []
    const onProgress = ({ progress }: { progress: number }): void => void steps.push(progress)
    expect(await kit.callText('plan', {}, { onProgress })).toBe('Ada, a line, file:///home/ada')
    expect({ steps, logged }).toEqual({ steps: [1, 2], logged: ['planning'] })
  })
})

test('a subscription of the modern era hears of updates, and ends with the server', async () => {
  const server = createServer({ name: 'kit', version: '1.0.0' })
  server.resource('tide', 'harbour://tide', {}, () => 'high')
  kit = await connect(server, { revision: 'auto' })
  expect(kit.client.finding).toMatchObject({ revision: { era: 'modern' }, why: expect.stringContaining('2026-07-28') })
  const heard: unknown[] = []
  const subscription = await kit.client.listen(
    { resourceSubscriptions: ['harbour://tide'], promptsListChanged: true },
    { onNotification: (method, { uri }) => heard.push(uri ?? method) },
  )
  expect(subscription.acknowledged).toEqual({ resourceSubscriptions: ['harbour://tide'] })
  server.resourceUpdated('harbour://tide')
  await expect.poll(() => heard).toContain('harbour://tide')
  await kit.close()
  expect(await subscription.ended).toBe('client')
})

test('a stream of the modern era that is cut cancels its call, and is lost', async () => {
  const server = createServer({ name: 'kit', version: '1.0.0' })
  let aborted = false
  server.tool('slow', {}, async (_, ctx) => {
    ctx.signal.addEventListener('abort', () => {
      aborted = true
    })
    ctx.progress(1)
    await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
    return 'late'
  })
  kit = await connect(server, { revision: '2026-07-28' })
  const call = kit.callTool('slow', {}, { onProgress: () => kit?.cutStreams('request') })
  await expect(call).rejects.toMatchObject({ code: 'stream_lost' })
  await expect.poll(() => aborted).toBe(true)
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
