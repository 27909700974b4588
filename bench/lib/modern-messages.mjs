/** The requests of revision 2026-07-28: each says all about itself, in the envelope of its body and in its headers. */

export const MODERN_REVISION = '2026-07-28'

const ACCEPT_BOTH = 'application/json, text/event-stream'

const ENVELOPE = {
  'io.modelcontextprotocol/protocolVersion': MODERN_REVISION,
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': { elicitation: { form: {} } },
}

/** The text of one POST with the headers that the revision requires; `name` is what Mcp-Name mirrors, where it must. */
function modernPost(port, method, name, body) {
  const nameHeader = name === undefined ? '' : `Mcp-Name: ${name}\r\n`
  return (
    `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: ${ACCEPT_BOTH}\r\nContent-Type: application/json\r\n` +
    `MCP-Protocol-Version: ${MODERN_REVISION}\r\nMcp-Method: ${method}\r\n${nameHeader}` +
    `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** @param retry { inputResponses, requestState } of a retry */
export function modernCall(port, id, tool, number, retry = {}) {
  const params = { name: tool, arguments: { message: `hello ${number}` }, ...retry, _meta: ENVELOPE }
  return modernPost(port, 'tools/call', tool, JSON.stringify({ jsonrpc: '2.0', id, method: 'tools/call', params }))
}

export function listenRequest(port, id, uri) {
  const method = 'subscriptions/listen'
  const params = { notifications: { resourceSubscriptions: [uri] }, _meta: ENVELOPE }
  return modernPost(port, method, undefined, JSON.stringify({ jsonrpc: '2.0', id, method, params }))
}
