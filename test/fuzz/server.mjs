/**
 * The server under attack, in a process of its own: one definition on several endpoints. Its parent asks over IPC for
 * counters and memory; it reports by itself when its event loop was held up, and what would have ended it.
 */
import { randomFillSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect, createServer as createTcpServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer, ToolError } from 'fairlead'
import { memoryEngine } from 'fairlead/engine'
import { serve } from 'fairlead/node'
import { z } from 'zod'

const HEARTBEAT_MS = 20

const server = createServer({ name: 'fuzzed', version: '1.0.0', title: 'Under attack' })
const any = { type: 'object' }
server.tool('echo', { inputSchema: any }, (args) => ({
  content: [{ type: 'text', text: 'echo' }],
  structuredContent: args,
}))
const typed = z.object({ text: z.string(), count: z.number().int().min(0), list: z.array(z.number()) })
server.tool('typed', { inputSchema: typed, outputSchema: typed }, (args) => ({ structuredContent: args }))
const schema = {
  type: 'object',
  properties: {
    text: { type: 'string' },
    count: { type: 'integer' },
    list: { type: 'array', items: { type: 'number' } },
  },
}
server.tool('schema', { inputSchema: schema }, () => 'schema')
server.tool('later', { inputSchema: any }, async () => {
  await sleep(1)
  return 'later'
})
server.tool('talks', { inputSchema: any }, async (args, ctx) => {
  for (let step = 1; step <= 3; step++) {
    ctx.progress(step, 3, String(args.text))
    ctx.log.info(args)
    await sleep(1)
  }
  return 'talked'
})
server.tool('refuses', { inputSchema: any }, () => {
  throw new ToolError('refused')
})
server.tool('throws', { inputSchema: any }, async () => {
  throw new Error('inside')
})
server.tool('crash', { inputSchema: any }, () => {
  throw null
})
server.tool('closes', { inputSchema: any }, async (_, ctx) => {
  if (ctx.session.revision !== '2025-11-25') return 'stays open'
  await sleep(1)
  return 'closed'
})
server.tool('values', { inputSchema: any }, async (args, ctx) => {
  try {
    await ctx.session.set('args', args)
    return JSON.stringify(await ctx.session.get('args'))
  } catch (thrown) {
    return String(thrown.code)
  }
})
server.tool('polled', {}, async (_, ctx) => {
  ctx.closeStream()
  await sleep(2)
  return 'polled'
})
server.tool(
  'waits',
  { timeout: 3_000 },
  (_, ctx) => new Promise((resolve) => ctx.signal.addEventListener('abort', resolve)),
)
server.tool('samples', {}, async (_, ctx) => {
  const messages = [{ role: 'user', content: { type: 'text', text: 'x' } }]
  return outcome(ctx.sample({ messages, maxTokens: 1 }, { timeout: 500 }))
})
server.tool('elicits', {}, (_, ctx) =>
  outcome(
    ctx.elicit(
      { message: 'x', requestedSchema: z.object({ name: z.string(), age: z.number().optional() }) },
      { timeout: 500 },
    ),
  ),
)
server.tool('lists', {}, (_, ctx) => outcome(ctx.listRoots({ timeout: 500 })))
server.tool('durable', { durable: true, inputSchema: any }, async (_, ctx) => {
  const step = await ctx.step('one', () => 1)
  const answer = await outcome(
    ctx.elicit({ message: 'x', requestedSchema: z.object({ name: z.string() }) }, { timeout: 500 }),
  )
  return `${step} ${answer}`
})
const outcome = (asked) => asked.then(JSON.stringify, (thrown) => `${thrown.code}: ${thrown.message}`)
for (let n = 0; n < 201; n++) server.prompt(`p${n}`, {}, () => 'text')
server.prompt(
  'greet',
  { argsSchema: z.object({ who: z.string() }), complete: { who: (value) => [value, 'ada'] } },
  ({ who }) => `Hello ${who}`,
)
server.resource('one', 'test://one', {}, () => 'one')
server.resource('two', 'test://two', { mimeType: 'application/octet-stream' }, () => new Uint8Array([1, 2, 3]))
server.resourceTemplate('thing', 'thing://{id}', { complete: { id: () => ['a', 'b'] } }, (_uri, values) =>
  JSON.stringify(values),
)
server.resourceTemplate('list', 'list://x{/path*}{?tags*}{#rest}', {}, (_uri, values) => JSON.stringify(values))

/** What the fuzzer sends fails by itself in tools that throw; every other error that is reported is a fault of ours. */
const foreseen = /^the tool "(throws|crash)"$/
const report = (kind, thrown) => process.send({ kind, text: thrown instanceof Error ? thrown.stack : String(thrown) })

// Small, so that they are full soon and the memory of a short run shows what a long one would keep.
const limits = { sessionCache: 200, finishedBytes: 512 * 1024, parkedMs: 1_000 }
const common = {
  port: 0,
  signals: false,
  logger: () => {},
  limits,
  onError: (error, { where }) => {
    if (!foreseen.test(where)) report('error', error)
  },
}
const PEOPLE = { ada: 'ada', bob: 'bob' }
const auth = (request) => {
  const name = PEOPLE[request.header('authorization')?.replace('Bearer ', '')]
  return name && { issuer: 'https://example.com', subject: name }
}
const handles = {
  sse: await serve(server, common),
  json: await serve(server, { ...common, jsonResponse: true }),
  auto: await serve(server, { ...common, jsonResponse: 'auto', legacySse: true }),
  stateless: await serve(server, { ...common, stateless: true }),
  guarded: await serve(server, { ...common, auth, legacySse: true, cors: { origins: ['https://app.example.com'] } }),
  ...(await startReplicas()),
}
const fleet = ['replica0', 'replica1', 'replica2'].map((name) => handles[name].port)
const balancer = await balance(fleet)

/** Three replicas on one engine, with everything that crosses from one to another. */
async function startReplicas() {
  const store = await memoryEngine({
    now: () => Date.now(),
    setTimer(ms, run) {
      const timer = setTimeout(run, ms).unref()
      return { cancel: () => clearTimeout(timer) }
    },
    randomBytes: (length) => randomFillSync(new Uint8Array(length)),
  }).open(() => {})
  const replicas = {}
  for (let at = 0; at < 3; at++) {
    const engine = { open: async () => store, close: async () => {} }
    const options = { ...common, legacySse: true, engine, secrets: ['one secret for all three replicas'] }
    replicas[`replica${at}`] = await serve(server, options)
  }
  return replicas
}

/** A load balancer that knows nothing: each connection goes to the next one. */
async function balance(ports) {
  let next = 0
  const proxy = createTcpServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ port: ports[next++ % ports.length], host: '127.0.0.1', allowHalfOpen: true })
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ]) {
      from.setNoDelay(true)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroySoon())
      from.pipe(to)
    }
  })
  await new Promise((resolve) => proxy.listen(0, '127.0.0.1', resolve))
  return proxy.address().port
}

process.on('uncaughtException', (thrown) => {
  report('crash', thrown)
  process.exitCode = 1
})
process.on('unhandledRejection', (thrown) => report('crash', thrown))

/**
 * How long this thread has waited for a processor so far, in milliseconds: a busy machine holds up a loop as well, which
 * is no fault of what runs in it. Where the system does not say, all of the time counts.
 */
function queuedMs() {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}

let last = performance.now()
let queued = queuedMs()
let longestMs = 0
setInterval(() => {
  const now = performance.now()
  const queuedNow = queuedMs()
  const held = now - last - HEARTBEAT_MS - (queuedNow - queued)
  last = now
  queued = queuedNow
  longestMs = Math.max(longestMs, held)
  if (held > 200) process.send({ kind: 'stall', ms: held })
}, HEARTBEAT_MS)

let ticking
process.on('message', async (message) => {
  if (message === 'snapshot') {
    globalThis.gc()
    await sleep(10)
    globalThis.gc()
    const counters = Object.values(handles).map((handle) => handle.counters())
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage()
    process.send({ kind: 'snapshot', longestMs, counters, memory: { heapUsed, arrayBuffers, rss } })
  } else if (message === 'announce') {
    // What sessions hear about, now and then, while they are attacked.
    ticking ??= setInterval(() => {
      server.resourceUpdated('test://one')
    }, 250)
  } else if (message === 'quiet') {
    clearInterval(ticking)
  } else if (message === 'close') {
    await Promise.all(Object.values(handles).map((handle) => handle.close({ deadline: 1_000 })))
    process.disconnect()
    process.exit()
  }
})
// Without a parent there is nobody to answer.
process.on('disconnect', () => process.exit())
process.send({
  kind: 'listening',
  ports: {
    ...Object.fromEntries(
      Object.entries(handles).flatMap(([name, { port }]) => (fleet.includes(port) ? [] : [[name, port]])),
    ),
    replicas: balancer,
  },
})
