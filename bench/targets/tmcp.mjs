/** tmcp with its HTTP transport and zod adapter, behind Hono's node server. It always answers requests with SSE. */
import { serve } from '@hono/node-server'
import { ZodJsonSchemaAdapter } from '@tmcp/adapter-zod'
import { HttpTransport } from '@tmcp/transport-http'
import { McpServer } from 'tmcp'
import * as z from 'zod'
import { announce, extraToolNames, LISTENED_URI, STEPS, targetOptions } from './target-options.mjs'

const options = targetOptions()
const schema = z.object({ message: z.string() })
const requestedSchema = z.object({ name: z.string() })
const text = (value) => ({ content: [{ type: 'text', text: value }] })

const server = new McpServer(
  { name: 'tmcp', version: '1.0.0' },
  { adapter: new ZodJsonSchemaAdapter(), capabilities: { tools: {}, resources: { subscribe: true } } },
)
const echo = async ({ message }) => text(message)
server.tool({ name: 'echo', description: 'echo', schema }, echo)
server.tool({ name: 'ask', description: 'ask', schema, replayable: true }, async () => {
  const answer = await server.elicitation('Your name?', requestedSchema)
  return text(answer.content.name)
})
server.tool({ name: 'steps', description: 'steps', schema }, async ({ message }) => {
  for (let progress = 1; progress <= STEPS; progress += 1) await server.progress(progress, STEPS)
  return text(message)
})
for (const name of extraToolNames(options.tools)) server.tool({ name, description: name, schema }, echo)

if (options.modern) {
  server.resource({ name: 'listened', description: 'listened', uri: LISTENED_URI }, async (uri) => ({
    contents: [{ uri, text: '' }],
  }))
}
globalThis[Symbol.for('bench.update')] = () => server.changed('resource', LISTENED_URI)

const transport = new HttpTransport(server, { path: '/mcp' })
const fetch = async (request) => (await transport.respond(request)) ?? new Response(null, { status: 404 })
serve({ fetch, port: 0, hostname: '127.0.0.1' }, ({ port }) => announce(port))
