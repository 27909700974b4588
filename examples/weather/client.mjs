// A client without a library: the three phases of a session, as plain HTTP. `node examples/weather/client.mjs [URL]`
// For a walk that shows every header and event, of any server: `npx fairlead walk [URL]`.
const url = process.argv[2] ?? 'http://127.0.0.1:8000/mcp'
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }

async function post(message) {
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', ...message }) })
  const body = await response.text()
  if (!response.ok) throw new Error(`${response.status} ${body}`)
  return { response, message: answer(body) }
}

// An answer is one JSON object, or a stream of events of which the last one carries it.
function answer(body) {
  const data =
    body
      .match(/^data: ?\{.*$/gm)
      ?.at(-1)
      ?.replace(/^data: ?/, '') ?? body
  return data && JSON.parse(data)
}

// 1. Initialization: who is there, what can they do, which revision do they speak.
const initialize = await post({
  id: 1,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'plain-http', version: '1.0.0' } },
})
const { serverInfo, protocolVersion, capabilities } = initialize.message.result
headers['mcp-session-id'] = initialize.response.headers.get('mcp-session-id')
headers['mcp-protocol-version'] = protocolVersion
await post({ method: 'notifications/initialized' })
console.log(
  `1. ${serverInfo.name} ${serverInfo.version} speaks ${protocolVersion} and has ${Object.keys(capabilities)}`,
)

// 2. Operation.
const list = await post({ id: 2, method: 'tools/list' })
console.log(`2. tools: ${list.message.result.tools.map((tool) => tool.name).join(', ')}`)
const call = await post({ id: 3, method: 'tools/call', params: { name: 'get_forecast', arguments: { city: 'Paris' } } })
console.log(`   get_forecast: ${call.message.result.content[0].text}`)
const status = await post({ id: 4, method: 'tools/call', params: { name: 'server_status' } })
console.log(`   server_status: ${status.message.result.content[0].text}`)

// 3. Shutdown: the session is gone, and its id with it.
const gone = await fetch(url, { method: 'DELETE', headers })
const after = await post({ id: 5, method: 'ping' }).catch((error) => error.message)
console.log(`3. DELETE: ${gone.status}, a ping afterwards: ${after.slice(0, 3)}`)
