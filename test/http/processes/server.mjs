/**
 * A server in a process of its own, for tests that send signals. It prints `listening <url>` and `closed` in lines.
 *
 * Environment: PORT, SECRET (none: one is made), SIGNALS=off (serve leaves signals alone), DEADLINE (this process takes
 * the signals itself, and closes with that deadline in milliseconds).
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { serve } from 'fairlead/node'

const server = createServer({ name: 'process', version: '1.0.0' })
const schema = { type: 'object', properties: { ms: { type: 'number' }, steps: { type: 'number' } } }

server.tool('work', { inputSchema: schema }, async ({ ms = 1_000, steps = 10 }, ctx) => {
  for (let step = 1; step <= steps; step++) {
    await sleep(ms / steps)
    ctx.progress(step, steps)
  }
  return 'worked'
})
server.tool('polled', { inputSchema: schema }, async ({ ms = 1_000 }, ctx) => {
  ctx.closeStream()
  await sleep(ms)
  return 'polled'
})
server.tool('endless', {}, async (_, ctx) => {
  ctx.progress(1)
  await new Promise(() => {})
})
server.tool('flood', {}, async (_, ctx) => {
  for (;;) {
    ctx.log.info('x'.repeat(64 * 1024))
    await sleep(1, undefined, { signal: ctx.signal })
  }
})
server.resource('one', 'test://one', {}, () => 'one')
server.onClose(async () => {
  await sleep(20)
  process.stdout.write('closed\n')
})

const { PORT = '0', SECRET, SIGNALS, DEADLINE } = process.env
const handle = await serve(server, {
  port: Number(PORT),
  signals: SIGNALS !== 'off' && DEADLINE === undefined,
  logger: () => {},
  ...(SECRET && { secrets: [SECRET] }),
})
if (DEADLINE !== undefined) process.once('SIGTERM', () => handle.close({ deadline: Number(DEADLINE) }))
process.stdout.write(`listening ${handle.url}\n`)
