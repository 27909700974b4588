/** fastmcp with its own HTTP server. It wants a port, so a free one is looked for first. */
import { createServer } from 'node:net'
import { FastMCP } from 'fastmcp'
import * as z from 'zod'
import { announce, extraToolNames, STEPS, targetOptions } from './target-options.mjs'

const options = targetOptions()
const parameters = z.object({ message: z.string() })
const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }

function freePort() {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address()
      probe.close(() => resolve(port))
    })
  })
}

const server = new FastMCP({ name: 'fastmcp', version: '1.0.0' })
const echo = async ({ message }) => message
server.addTool({ name: 'echo', parameters, execute: echo })
server.addTool({
  name: 'ask',
  parameters,
  execute: async (_args, { elicit }) => (await elicit({ message: 'Your name?', requestedSchema })).content.name,
})
server.addTool({
  name: 'steps',
  parameters,
  execute: async ({ message }, { reportProgress }) => {
    for (let progress = 1; progress <= STEPS; progress += 1) await reportProgress({ progress, total: STEPS })
    return message
  },
})
for (const name of extraToolNames(options.tools)) server.addTool({ name, parameters, execute: echo })

const port = await freePort()
await server.start({
  transportType: 'httpStream',
  httpStream: { port, host: '127.0.0.1', enableJsonResponse: options.json },
})
announce(port)
