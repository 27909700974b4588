/** Fairlead as built in this repository, on its node adapter. */
import * as z from 'zod'
import { createServer } from '../../dist/bundle/index.js'
import { serve } from '../../dist/bundle/node.js'
import { announce, extraToolNames, LISTENED_URI, STEPS, targetOptions } from './target-options.mjs'

const options = targetOptions()
const inputSchema = z.object({ message: z.string() })
const requestedSchema = z.object({ name: z.string() })

const server = createServer({ name: 'fairlead', version: '1.0.0' })
const echo = ({ message }) => message
server.tool('echo', { inputSchema }, echo)
server.tool('ask', { inputSchema }, async (_args, context) => {
  const answer = await context.elicit({ message: 'Your name?', requestedSchema })
  return answer.content.name
})
server.tool('steps', { inputSchema }, async ({ message }, context) => {
  for (let progress = 1; progress <= STEPS; progress += 1) context.progress(progress, STEPS)
  return message
})
for (const name of extraToolNames(options.tools)) server.tool(name, { inputSchema }, echo)

// Sends a kilobyte ten times a second, for as long as anybody listens, and at most a minute.
server.tool('ticks', { inputSchema }, async (_args, context) => {
  const message = 'x'.repeat(1_000)
  for (let tick = 1; tick <= 600 && !context.signal.aborted; tick += 1) {
    context.progress(tick, 600, message)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  return 'done'
})
// Tells every session that a list has changed.
let added = 0
server.tool('add', { inputSchema }, () => {
  added += 1
  server.tool(`added_${added}`, { inputSchema }, echo)
  return 'added'
})

if (options.modern) server.resource('listened', LISTENED_URI, {}, () => '')

// In the modern era it runs as it does unless told otherwise: JSON where nothing was sent before the result.
const answers = options.modern ? {} : { jsonResponse: options.json }
const shared = options.engine !== undefined && { engine: await redisAt(options.engine), secrets: ['s'.repeat(32)] }
const handle = await serve(server, { port: 0, host: '127.0.0.1', ...answers, ...shared })
globalThis[Symbol.for('bench.counters')] = () => handle.counters()
globalThis[Symbol.for('bench.update')] = () => server.resourceUpdated(LISTENED_URI)
announce(handle.port)

async function redisAt(url) {
  const { createClient } = await import('redis')
  const { redis } = await import('../../dist/bundle/redis.js')
  return redis(createClient({ url }))
}
