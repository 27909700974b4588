/**
 * The limit: bare `node:http` that does what no MCP server can leave out, and nothing else.
 *
 * Read the body, JSON.parse, look the session up in a Set, zod safeParse of the arguments, JSON.stringify, one writeHead and
 * one end. No Host, Origin, Accept, Content-Type, version or JSON-RPC checks, no limits, no replay, no time-outs.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import * as z from 'zod'
import { announce, extraToolNames, STEPS, targetOptions } from './target-options.mjs'

const options = targetOptions()
const sessions = new Set()
const asks = new Map()
const streams = new Map()
let lastEvent = 0

const echoArguments = z.object({ message: z.string() })
const answerContent = z.object({ name: z.string() })

const tools = new Map([
  ['echo', (response, request) => answer(response, request, request.params.arguments.message)],
  ['ask', ask],
  ['steps', steps],
])
for (const name of extraToolNames(options.tools)) tools.set(name, tools.get('echo'))

function textResult(request, text) {
  return JSON.stringify({ jsonrpc: '2.0', id: request.id, result: { content: [{ type: 'text', text }] } })
}

function event(json) {
  lastEvent += 1
  return `id: ${lastEvent}\ndata: ${json}\n\n`
}

/** What a 2025-11-25 stream begins with. */
function priming() {
  lastEvent += 1
  return `id: ${lastEvent}\nretry: 1000\ndata: \n\n`
}

function sendJson(response, json, sessionId) {
  const headers = ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(json))]
  if (sessionId !== undefined) headers.push('Mcp-Session-Id', sessionId)
  response.writeHead(200, headers)
  response.end(json)
}

const STREAM_HEADERS = ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-cache']

/** A stream whose events come one by one. Node gathers what is written within one tick into one write. */
function beginStream(response) {
  response.writeHead(200, STREAM_HEADERS)
  response.write(priming())
}

/** A stream that is complete at once needs no chunks. */
function sendStream(response, text) {
  response.writeHead(200, [...STREAM_HEADERS, 'Content-Length', String(Buffer.byteLength(text))])
  response.end(text)
}

function answer(response, request, text) {
  if (options.json) sendJson(response, textResult(request, text))
  else sendStream(response, priming() + event(textResult(request, text)))
}

function steps(response, request) {
  const progressToken = request.params._meta.progressToken
  beginStream(response)
  for (let progress = 1; progress <= STEPS; progress += 1) {
    const params = { progressToken, progress, total: STEPS }
    response.write(event(JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params })))
  }
  response.end(event(textResult(request, request.params.arguments.message)))
}

function ask(response, request) {
  // Whoever could guess it could answer in another client's name.
  const id = randomUUID()
  asks.set(id, (message) => {
    const parsed = answerContent.safeParse(message.result.content)
    response.end(event(textResult(request, parsed.data.name)))
  })
  const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
  const params = { mode: 'form', message: 'Your name?', requestedSchema }
  beginStream(response)
  response.write(event(JSON.stringify({ jsonrpc: '2.0', id, method: 'elicitation/create', params })))
}

function accepted(response) {
  response.writeHead(202, ['Content-Length', '0'])
  response.end()
}

function initialize(response, request) {
  const sessionId = randomUUID()
  sessions.add(sessionId)
  const result = {
    protocolVersion: request.params.protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: 'limit', version: '1.0.0' },
  }
  sendJson(response, JSON.stringify({ jsonrpc: '2.0', id: request.id, result }), sessionId)
}

function handle(response, sessionId, body) {
  const message = JSON.parse(body)
  if (message.method === 'initialize') return initialize(response, message)
  if (!sessions.has(sessionId)) return response.writeHead(404).end()
  if (message.method === 'tools/call') {
    if (!echoArguments.safeParse(message.params.arguments).success) return response.writeHead(400).end()
    return tools.get(message.params.name)(response, message)
  }
  accepted(response)
  if (message.method === undefined) {
    const settle = asks.get(message.id)
    asks.delete(message.id)
    settle?.(message)
  }
}

/** The session stream: kept open, and kept in a map so that something could be sent on it. */
function openStream(response, sessionId) {
  beginStream(response)
  streams.set(sessionId, response)
  response.on('close', () => streams.delete(sessionId))
}

const server = createServer((request, response) => {
  const sessionId = request.headers['mcp-session-id']
  if (request.method === 'GET') {
    openStream(response, sessionId)
    return
  }
  let body
  request.on('data', (bytes) => {
    body = body === undefined ? bytes : Buffer.concat([body, bytes])
  })
  request.on('end', () => handle(response, sessionId, body.toString()))
})
server.listen(0, '127.0.0.1', () => announce(server.address().port))
