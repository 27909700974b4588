/** Start-up of bare `node:http` that can answer initialize, with plain JSON Schema tools. */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'

const count = Number(process.argv[2] ?? 1)
const tools = new Map()
for (let index = 1; index <= count; index += 1) {
  const inputSchema = { type: 'object', properties: { message: { type: 'string' } }, required: ['message'] }
  tools.set(`tool_${index}`, { inputSchema, handler: ({ message }) => message })
}

const server = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8')
  request.on('data', (text) => {
    body += text
  })
  request.on('end', () => {
    const { id, params } = JSON.parse(body)
    const serverInfo = { name: 'bare', version: '1.0.0' }
    const result = { protocolVersion: params.protocolVersion, capabilities: { tools: {} }, serverInfo }
    response.writeHead(200, { 'Content-Type': 'application/json', 'Mcp-Session-Id': randomUUID() })
    response.end(JSON.stringify({ jsonrpc: '2.0', id, result }))
  })
})
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${server.address().port}\n`))
