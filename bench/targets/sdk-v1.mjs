/** The official SDK v1 on `node:http`, sessions as its examples keep them: one server and one transport each. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import * as z from 'zod'
import { announce, extraToolNames, STEPS, targetOptions } from './target-options.mjs'

const options = targetOptions()
const transports = new Map()
const inputSchema = { message: z.string() }
const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const text = (value) => ({ content: [{ type: 'text', text: value }] })

function makeServer() {
  const server = new McpServer({ name: 'sdk-v1', version: '1.0.0' })
  server.registerTool('echo', { inputSchema }, async ({ message }) => text(message))
  server.registerTool('ask', { inputSchema }, async (_args, extra) => {
    // Without relatedRequestId the question would wait for a GET stream.
    const question = { message: 'Your name?', requestedSchema }
    const answer = await server.server.elicitInput(question, { relatedRequestId: extra.requestId })
    return text(answer.content.name)
  })
  server.registerTool('steps', { inputSchema }, async ({ message }, extra) => {
    const progressToken = extra._meta.progressToken
    for (let progress = 1; progress <= STEPS; progress += 1) {
      const params = { progressToken, progress, total: STEPS }
      await extra.sendNotification({ method: 'notifications/progress', params })
    }
    return text(message)
  })
  for (const name of extraToolNames(options.tools)) {
    server.registerTool(name, { inputSchema }, async ({ message }) => text(message))
  }
  return server
}

async function newTransport() {
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: randomUUID,
    enableJsonResponse: options.json,
    onsessioninitialized: (id) => transports.set(id, transport),
  })
  await makeServer().connect(transport)
  return transport
}

const server = createServer(async (request, response) => {
  const transport = transports.get(request.headers['mcp-session-id']) ?? (await newTransport())
  await transport.handleRequest(request, response)
})
server.listen(0, '127.0.0.1', () => announce(server.address().port))
