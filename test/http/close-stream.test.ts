/** `ctx.closeStream()`: the server ends the connection of a request, and the client comes back for the rest. */
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, test } from 'vitest'
import type { Message } from '../requirements/http.ts'
import { open } from '../requirements/session.ts'
import { createServer, type Served, served } from '../security/support/serving.ts'

const server = createServer({ name: 'closing', version: '1.0.0' })
server.tool('first', {}, async (_, ctx) => {
  ctx.closeStream()
  await sleep(50)
  return 'rest'
})
server.tool('often', {}, async (_, ctx) => {
  for (let step = 1; step <= 6; step++) {
    ctx.progress(step)
    ctx.closeStream()
    ctx.closeStream()
    await sleep(30)
  }
  return 'rest'
})
server.tool('within', {}, (_, ctx) => {
  ctx.progress(1)
  ctx.closeStream()
  ctx.progress(2)
  return 'rest'
})
server.tool('asks', {}, async (_, ctx) => {
  ctx.closeStream()
  await sleep(20)
  const [root] = await ctx.listRoots()
  ctx.closeStream()
  await sleep(30)
  return String(root?.uri)
})

let running: Served
beforeAll(async () => {
  running = await served(server)
})

const progress = (messages: readonly Message[]) => messages.map((message) => message.params?.['progress'] ?? 'answer')

test('before the first message: a clean end with an id and a time, and the answer after the resume', async () => {
  const session = await open(running.url)
  const { stream, id } = await session.startCall('first')
  await stream.end()
  expect([stream.complete, stream.messages, stream.ids.length]).toEqual([true, [], 1])
  expect(stream.items.at(-1)).toMatchObject({ kind: 'retry', ms: expect.any(Number) })
  const resumed = await session.listen(stream.ids[0])
  expect((await resumed.response(id)).result).toEqual({ content: [{ type: 'text', text: 'rest' }] })
  await resumed.end()
  expect(resumed.complete).toBe(true)
})

test('the answer that came while nobody was there waits', async () => {
  const session = await open(running.url)
  const { stream, id } = await session.startCall('first')
  await stream.end()
  await expect.poll(() => running.counters().openCalls).toBe(0)
  for (let times = 0; times < 3; times++) {
    const resumed = await session.listen(stream.ids[0])
    await resumed.end()
    expect(resumed.messages.map((message) => message.id)).toEqual([id])
  }
})

test('again and again: every event once, in order', async () => {
  const session = await open(running.url)
  let { stream } = await session.startCall('often', {}, { progressToken: 1 })
  const seen: Message[] = []
  for (let connections = 0; connections < 20; connections++) {
    await stream.end()
    expect(stream.complete).toBe(true)
    seen.push(...stream.messages)
    if (seen.at(-1)?.id !== undefined) break
    stream = await session.listen(stream.ids.at(-1))
  }
  expect(progress(seen)).toEqual([1, 2, 3, 4, 5, 6, 'answer'])
  expect(running.counters().openStreams).toBe(0)
})

test('in the turn that ends the call nothing is lost', async () => {
  const session = await open(running.url)
  const { stream } = await session.startCall('within', {}, { progressToken: 1 })
  await stream.end()
  const seen = [...stream.messages]
  if (seen.at(-1)?.id === undefined) {
    const resumed = await session.listen(stream.ids.at(-1))
    await resumed.end()
    seen.push(...resumed.messages)
  }
  expect(progress(seen)).toEqual([1, 2, 'answer'])
})

test('a question that was asked meanwhile comes with the resume', async () => {
  const session = await open(running.url)
  const { stream, id } = await session.startCall('asks')
  await stream.end()
  const resumed = await session.listen(stream.ids.at(-1))
  const question = await resumed.method('roots/list')
  await session.answer(question.id, { result: { roots: [{ uri: 'file:///a' }] } })
  await resumed.end()
  // A connection to another replica hears of its end a little later, and may have brought the rest by then.
  const whole = resumed.messages.some((message) => message.id === id)
  const rest = whole ? resumed : await session.listen(resumed.ids.at(-1))
  expect(JSON.stringify((await rest.response(id)).result)).toContain('file:///a')
})

test.each(['2025-03-26', '2025-06-18'] as const)(
  '%s: does nothing, because the client would not come back',
  async (revision) => {
    const session = await open(running.url, { revision })
    const { stream } = await session.startCall('often', {}, { progressToken: 1 })
    await stream.end()
    expect(progress(stream.messages)).toEqual([1, 2, 3, 4, 5, 6, 'answer'])
  },
)

test.each([true, 'auto'] as const)('jsonResponse: %s', async (jsonResponse) => {
  const session = await open((await served(server, { jsonResponse })).url)
  const reply = await session.post({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'first' } })
  if (jsonResponse === true) {
    expect(await reply.json()).toMatchObject({ id: 1, result: {} })
    return
  }
  const stream = reply.stream()
  await stream.end()
  const resumed = await session.listen(stream.ids.at(-1))
  expect((await resumed.response(1)).result).toBeDefined()
})
