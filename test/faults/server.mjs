/**
 * A replica for the fault tests: it notes everything that it does in a ledger, a file that outlives it.
 *
 * @module
 */
import { openSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { serve } from 'fairlead/node'
import { redis } from 'fairlead/redis'

const { NAME, PORT, ENGINE, LEASE, LEDGER, SECRET } = process.env
const ledger = openSync(LEDGER, 'a')

/** Written at once: what was done before a `kill -9` is known after it. */
const note = (what, tag) => void writeSync(ledger, `${what} ${tag} ${NAME}\n`)

const schema = { type: 'object', properties: { tag: { type: 'string' }, to: { type: 'number' } }, required: ['tag'] }
const form = { type: 'object', properties: { text: { type: 'string' } } }

const server = createServer({ name: 'faults', version: '1.0.0' })
server.resource('one', 'test://one', {}, () => 'one')
server.tool('echo', { inputSchema: schema }, ({ tag }) => {
  note('began', tag)
  return tag
})
server.tool('count', { inputSchema: schema }, async ({ tag, to }, ctx) => {
  note('began', tag)
  for (let step = 1; step <= to && !ctx.signal.aborted; step++) {
    ctx.progress(step, to)
    await sleep(100)
  }
  if (!ctx.signal.aborted) note('ended', tag)
  return tag
})
server.tool('ask', { inputSchema: schema }, async ({ tag }, ctx) => {
  note('began', tag)
  const answer = await ctx.elicit({ message: tag, requestedSchema: form }, { timeout: 60_000 })
  note('answered', tag)
  return answer.content?.text ?? answer.action
})
server.tool('update', {}, () => {
  server.resourceUpdated('test://one')
  return 'updated'
})

const handle = await serve(server, {
  port: Number(PORT),
  engine: redis(ENGINE),
  secrets: [SECRET],
  session: { lease: Number(LEASE) },
  signals: false,
  logger: () => {},
})
process.once('SIGTERM', async () => {
  // As long as by default, where the lease is.
  await handle.close({ deadline: 5 * Number(LEASE) })
  process.exit(0)
})
console.log(handle.url)
