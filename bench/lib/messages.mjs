/** The requests that the load sends, as text or as bytes that are only patched between two sends. */

export const REVISION = '2025-11-25'

const ACCEPT_BOTH = 'application/json, text/event-stream'

/** Ids and texts carry this many digits, so that a prepared request keeps its length. */
const FIRST_NUMBER = 1_000_000
let nextNumber = FIRST_NUMBER

/** A number that is unique in this run: the JSON-RPC id, and part of the text that must come back. */
export function uniqueNumber() {
  nextNumber += 1
  return nextNumber
}

/** The text of one POST. `session` is { id, revision } or undefined before initialize. */
export function post(port, body, { session, accept = ACCEPT_BOTH } = {}) {
  const sessionHeaders =
    session === undefined ? '' : `Mcp-Session-Id: ${session.id}\r\nMCP-Protocol-Version: ${session.revision}\r\n`
  return (
    `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: ${accept}\r\nContent-Type: application/json\r\n` +
    `${sessionHeaders}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}

/** The text of the GET that opens the session stream. */
export function get(port, session) {
  return (
    `GET /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: text/event-stream\r\n` +
    `Mcp-Session-Id: ${session.id}\r\nMCP-Protocol-Version: ${session.revision}\r\n\r\n`
  )
}

export function initializeBody(id) {
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'initialize',
    params: {
      protocolVersion: REVISION,
      capabilities: { elicitation: { form: {} } },
      clientInfo: { name: 'bench', version: '1.0.0' },
    },
  })
}

export const INITIALIZED_BODY = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })

export function callBody(id, tool, { progress = false } = {}) {
  const meta = progress ? { _meta: { progressToken: id } } : {}
  return JSON.stringify({
    jsonrpc: '2.0',
    id,
    method: 'tools/call',
    params: { ...meta, name: tool, arguments: { message: `hello ${id}` } },
  })
}

export function elicitationAnswerBody(id, number) {
  return JSON.stringify({ jsonrpc: '2.0', id, result: { action: 'accept', content: { name: `name ${number}` } } })
}

/** A request whose number is written into ready bytes wherever it stands. */
export class PreparedRequest {
  #bytes
  #places = []

  /** @param text a request made with the number 1,000,000 */
  constructor(text) {
    const pattern = String(FIRST_NUMBER)
    this.#bytes = Buffer.from(text, 'latin1')
    for (let at = text.indexOf(pattern); at >= 0; at = text.indexOf(pattern, at + 1)) this.#places.push(at)
  }

  /** The bytes for this number. They are the same buffer each time: send them before asking again. */
  withNumber(number) {
    const digits = String(number)
    for (const place of this.#places) this.#bytes.latin1Write(digits, place)
    return this.#bytes
  }

  static number = FIRST_NUMBER
}
