// What the replicas of the demo serve: a long call with progress, a call that asks its user, and something to follow.
import { setTimeout as sleep } from 'node:timers/promises'
import { createServer } from 'fairlead'
import { z } from 'zod'

const server = createServer({ name: 'harbour', version: '1.0.0' })

server.resource('tide', 'harbour://tide', {}, () => 'high water at noon')

server.tool(
  'unload',
  { description: 'Unloads a ship, crate by crate', inputSchema: z.object({ crates: z.number(), ms: z.number() }) },
  async ({ crates, ms }, ctx) => {
    for (let crate = 1; crate <= crates; crate++) {
      await sleep(ms)
      ctx.progress(crate, crates)
    }
    return `${crates} crates are on the quay.`
  },
)

server.tool('book_berth', { description: 'Books a berth, and asks for the boat' }, async (_, ctx) => {
  const answer = await ctx.elicit(
    { message: 'Which boat is coming?', requestedSchema: z.object({ boat: z.string() }) },
    { timeout: 120_000 },
  )
  return answer.action === 'accept' ? `Berth A2 is booked for ${answer.content.boat}.` : 'Nothing was booked.'
})

server.tool('turn_tide', { description: 'Tells who follows the tide that it has changed' }, () => {
  server.resourceUpdated('harbour://tide')
  return 'The tide has turned.'
})

export default server
