/** mcp-lite behind Hono's node server, the fastest of the usual bridges from `node:http` to its fetch handler. */
import { serve } from '@hono/node-server'
import { InMemoryClientRequestAdapter, InMemorySessionAdapter, McpServer, StreamableHttpTransport } from 'mcp-lite'
import * as z from 'zod'
import { announce, extraToolNames, STEPS, targetOptions } from './target-options.mjs'

const options = targetOptions()
const inputSchema = z.object({ message: z.string() })
// A plain schema: a zod one would be converted again for every question.
const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const text = (value) => ({ content: [{ type: 'text', text: value }] })

const server = new McpServer({
  name: 'mcp-lite',
  version: '1.0.0',
  schemaAdapter: (schema) => z.toJSONSchema(schema),
})
const echo = { inputSchema, handler: ({ message }) => text(message) }
server.tool('echo', echo)
server.tool('ask', {
  inputSchema,
  handler: async (_args, context) => {
    const answer = await context.elicit({ message: 'Your name?', schema: requestedSchema })
    return text(answer.content.name)
  },
})
server.tool('steps', {
  inputSchema,
  handler: async ({ message }, context) => {
    for (let progress = 1; progress <= STEPS; progress += 1) await context.progress({ progress, total: STEPS })
    return text(message)
  },
})
for (const name of extraToolNames(options.tools)) server.tool(name, echo)

const transport = new StreamableHttpTransport({
  sessionAdapter: new InMemorySessionAdapter({ maxEventBufferSize: 1024 }),
  clientRequestAdapter: new InMemoryClientRequestAdapter({ defaultTimeoutMs: 30_000 }),
})
const fetch = transport.bind(server)
serve({ fetch: (request) => fetch(request), port: 0, hostname: '127.0.0.1' }, ({ port }) => announce(port))
