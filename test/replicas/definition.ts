/** What the replicas of the tests serve. Everything a test wants done on a replica is a tool, so that real processes do. */
import { createServer, type Server } from 'fairlead'
import { z } from 'zod'

const RESOURCES = ['test://one', 'test://two', 'test://three']

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** @param name says which replica it is. */
export function replicaServer(name: string): Server {
  const server = createServer({ name: 'replicas', version: '1.0.0' })
  const state = { aborted: [] as string[], released: new Set<string>(), effects: [] as string[] }
  for (const uri of RESOURCES) server.resource(uri, uri, {}, () => 'text')

  server.tool('who', {}, () => name)

  server.tool('ask', { inputSchema: z.object({ question: z.string() }) }, async ({ question }, ctx) => {
    const answer = await ctx.elicit(
      { message: question, requestedSchema: z.object({ text: z.string() }) },
      { timeout: 20_000, onProgress: (progress) => ctx.progress(progress) },
    )
    return answer.action === 'accept' ? `${name} heard ${answer.content.text}` : answer.action
  })

  // Asks with a time-out shorter than the answer takes: only progress of the client keeps the question open.
  server.tool('patient', {}, async (_, ctx) => {
    const answer = await ctx.elicit(
      { message: 'slowly?', requestedSchema: z.object({ text: z.string() }) },
      { timeout: 1_000, maxTimeout: 20_000 },
    )
    return answer.action === 'accept' ? answer.content.text : answer.action
  })

  server.tool('sample', {}, async (_, ctx) => {
    const { content } = await ctx.sample({
      messages: [{ role: 'user', content: { type: 'text', text: 'hello' } }],
      maxTokens: 10,
    })
    return JSON.stringify(content)
  })
  server.tool('roots', {}, async (_, ctx) => JSON.stringify(await ctx.listRoots()))

  server.tool('count', { inputSchema: z.object({ to: z.number(), every: z.number() }) }, async ({ to, every }, ctx) => {
    for (let step = 1; step <= to; step++) {
      ctx.progress(step, to)
      await sleep(every)
    }
    return `counted to ${to}`
  })

  server.tool('poll', { inputSchema: z.object({ ms: z.number() }) }, async ({ ms }, ctx) => {
    ctx.progress(1)
    await sleep(20)
    ctx.closeStream()
    await sleep(ms)
    return 'polled'
  })

  // Lets its client go each time that it is told to.
  server.tool('polls', { inputSchema: z.object({ key: z.string() }) }, async ({ key }, ctx) => {
    for (let time = 0; time < 3; time++) {
      ctx.progress(time)
      while (!state.released.delete(`${key} ${time}`)) await sleep(10)
      ctx.closeStream()
    }
    while (!state.released.delete(`${key} 3`)) await sleep(10)
    return 'polled'
  })

  server.tool('hold', { inputSchema: z.object({ key: z.string() }) }, async ({ key }, ctx) => {
    ctx.progress(1)
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        if (ctx.signal.aborted || state.released.has(key)) {
          clearInterval(timer)
          resolve()
        }
      }, 10)
    })
    if (ctx.signal.aborted) state.aborted.push(key)
    else state.effects.push(key)
    return `held ${key}`
  })
  // Asks twice, and tells what it does meanwhile. Every run of it is noted.
  server.tool('interview', { inputSchema: z.object({ key: z.string() }) }, async ({ key }, ctx) => {
    state.effects.push(key)
    const form = { requestedSchema: z.object({ text: z.string() }) }
    const first = await ctx.elicit({ message: 'One?', ...form })
    ctx.progress(1)
    ctx.log.info(`${ctx.request.headers.get('x-request-id')}`)
    await sleep(30)
    ctx.progress(2)
    const second = await ctx.elicit({ message: 'Two?', ...form })
    ctx.progress(3)
    const texts = [first, second].map((answer) => (answer.action === 'accept' ? answer.content.text : answer.action))
    return `${name} heard ${texts.join(' and ')}`
  })

  // Asks, then works until it is let go.
  server.tool('ask-hold', { inputSchema: z.object({ key: z.string() }) }, async ({ key }, ctx) => {
    await ctx.elicit({ message: 'Shall I?', requestedSchema: z.object({ text: z.string() }) })
    ctx.progress(1)
    while (!ctx.signal.aborted && !state.released.has(key)) await sleep(10)
    if (ctx.signal.aborted) state.aborted.push(key)
    return `held ${key}`
  })
  server.tool('release', { inputSchema: z.object({ key: z.string() }) }, ({ key }) => {
    state.released.add(key)
    return 'released'
  })
  server.tool('aborted', {}, () => JSON.stringify(state.aborted))
  server.tool('effects', {}, () => JSON.stringify(state.effects))

  server.tool('log', { inputSchema: z.object({ text: z.string() }) }, async ({ text }, ctx) => {
    ctx.log.debug(text)
    await sleep(1)
    return 'logged'
  })
  server.tool('set', { inputSchema: z.object({ key: z.string(), value: z.string() }) }, async ({ key, value }, ctx) => {
    await ctx.session.set(key, value)
    return 'set'
  })
  server.tool('get', { inputSchema: z.object({ key: z.string() }) }, async ({ key }, ctx) => {
    return (await ctx.session.get<string>(key)) ?? 'nothing'
  })
  server.tool('update', { inputSchema: z.object({ uri: z.string() }) }, ({ uri }) => {
    server.resourceUpdated(uri)
    return 'updated'
  })
  let added = 0
  server.tool('add-tool', {}, () => {
    added++
    server.tool(`added-${name}-${added}`, {}, () => 'added')
    return 'added'
  })
  server.tool('browse', { inputSchema: z.object({ id: z.string() }) }, async ({ id }, ctx) => {
    const answer = await ctx.elicit({
      mode: 'url',
      message: 'Go there',
      url: 'https://example.com/',
      elicitationId: id,
    })
    return answer.action
  })
  server.tool('browsed', { inputSchema: z.object({ id: z.string() }) }, ({ id }) => {
    server.elicitationComplete(id)
    return 'done'
  })
  return server
}
