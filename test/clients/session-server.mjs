/**
 * A server of the official SDK as it is mostly deployed: sessions, each in the memory of this process.
 *
 * @module
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { McpServer } from 'sdk-1.32/server/mcp.js'
import { StreamableHTTPServerTransport } from 'sdk-1.32/server/streamableHttp.js'

const transports = new Map()
let opened = 0

async function transportFor(id) {
  const known = transports.get(id)
  if (known || id !== undefined) return known
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: () => randomUUID(),
    onsessioninitialized: (session) => {
      opened++
      transports.set(session, transport)
    },
    onsessionclosed: (session) => void transports.delete(session),
  })
  const server = new McpServer({ name: 'official', version: '1.32.2' })
  server.registerTool('nothing', {}, () => ({ content: [] }))
  await server.connect(transport)
  return transport
}

const http = createServer(async (incoming, response) => {
  const transport = await transportFor(incoming.headers['mcp-session-id'])
  if (transport) await transport.handleRequest(incoming, response)
  else response.writeHead(404).end()
})
http.listen(0, '127.0.0.1', () => console.log(`Serving on http://127.0.0.1:${http.address().port}/mcp`))
process.on('SIGTERM', () => {
  console.log(`${transports.size} of ${opened} sessions are left`)
  http.close()
  http.closeAllConnections()
})
