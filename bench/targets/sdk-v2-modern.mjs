/** The official SDK v2 in the modern era: its handler, which builds a server per request, behind its guards on `node:http`. */
import { createServer } from 'node:http'
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from '@modelcontextprotocol/node'
import { acceptedContent, createMcpHandler, inputRequired, McpServer } from '@modelcontextprotocol/server'
import * as z from 'zod'
import { announce, extraToolNames, LISTENED_URI, targetOptions } from './target-options.mjs'

const options = targetOptions()
const inputSchema = z.object({ message: z.string() })
const answerSchema = z.object({ name: z.string() })
const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
const text = (value) => ({ content: [{ type: 'text', text: value }] })

function makeServer() {
  const server = new McpServer(
    { name: 'sdk-v2', version: '1.0.0' },
    { capabilities: { tools: {}, resources: { subscribe: true } } },
  )
  server.registerTool('echo', { inputSchema }, async ({ message }) => text(message))
  // The shortest form of its documentation: one question needs no requestState, so nothing is sealed here.
  server.registerTool('ask', { inputSchema }, async (_args, context) => {
    const answer = acceptedContent(context.mcpReq.inputResponses, 'name', answerSchema)
    if (answer !== undefined) return text(answer.name)
    return inputRequired({ inputRequests: { name: inputRequired.elicit({ message: 'Your name?', requestedSchema }) } })
  })
  server.registerResource('listened', LISTENED_URI, {}, async (uri) => ({ contents: [{ uri: uri.href, text: '' }] }))
  for (const name of extraToolNames(options.tools)) {
    server.registerTool(name, { inputSchema }, async ({ message }) => text(message))
  }
  return server
}

const handler = createMcpHandler(makeServer)
globalThis[Symbol.for('bench.update')] = () => handler.notify.resourceUpdated(LISTENED_URI)

const nodeHandler = toNodeHandler(handler)
const validateHost = localhostHostValidation()
const validateOrigin = localhostOriginValidation()
const server = createServer((request, response) => {
  if (!validateHost(request, response) || !validateOrigin(request, response)) return
  void nodeHandler(request, response)
})
server.listen(0, '127.0.0.1', () => announce(server.address().port))
