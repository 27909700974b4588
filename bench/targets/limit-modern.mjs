/**
 * The limit in the modern era: bare `node:http` that does what no server of 2026-07-28 can leave out, and nothing else.
 *
 * Read the body, JSON.parse, compare the headers that mirror it, zod safeParse of the arguments, JSON.stringify, one
 * writeHead and one end. A question waits as a promise in a Map, under a name that nobody can guess. No Host, Origin, Accept
 * or JSON-RPC checks, nothing sealed, no limits, no time-outs.
 */
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import * as z from 'zod'
import { announce, extraToolNames, LISTENED_URI, targetOptions } from './target-options.mjs'

const options = targetOptions()
const waiting = new Map()
const listeners = new Map()

const echoArguments = z.object({ message: z.string() })
const answerContent = z.object({ name: z.string() })

const SERVER = { 'io.modelcontextprotocol/serverInfo': { name: 'limit', version: '1.0.0' } }
const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId'

const tools = new Map([
  ['echo', (exchange, { message }) => complete(exchange, message)],
  ['ask', ask],
])
for (const name of extraToolNames(options.tools)) tools.set(name, tools.get('echo'))

function sendJson({ response, id }, result) {
  const json = JSON.stringify({ jsonrpc: '2.0', id, result })
  response.writeHead(200, ['Content-Type', 'application/json', 'Content-Length', String(Buffer.byteLength(json))])
  response.end(json)
}

function complete(exchange, text) {
  sendJson(exchange, { resultType: 'complete', _meta: SERVER, content: [{ type: 'text', text }] })
}

/** The handler goes on in the exchange of the retry. */
async function ask(exchange) {
  const { retry, answer } = await new Promise((resolve) => {
    const requestState = randomUUID()
    waiting.set(requestState, resolve)
    const requestedSchema = { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] }
    const params = { mode: 'form', message: 'Your name?', requestedSchema }
    const inputRequests = { 'elicitation-1': { method: 'elicitation/create', params } }
    sendJson(exchange, { resultType: 'input_required', _meta: SERVER, inputRequests, requestState })
  })
  complete(retry, answerContent.safeParse(answer.content).data.name)
}

function resume(retry, { requestState, inputResponses }) {
  const resolve = waiting.get(requestState)
  waiting.delete(requestState)
  resolve({ retry, answer: inputResponses['elicitation-1'] })
}

function call(exchange, params) {
  if (!echoArguments.safeParse(params.arguments).success) return exchange.response.writeHead(400).end()
  if (params.requestState !== undefined) return resume(exchange, params)
  return tools.get(params.name)(exchange, params.arguments)
}

function event(method, params) {
  return `data: ${JSON.stringify({ jsonrpc: '2.0', method, params })}\n\n`
}

function listen({ response, id }, { notifications }) {
  const meta = { [SUBSCRIPTION]: id }
  response.writeHead(200, ['Content-Type', 'text/event-stream', 'Cache-Control', 'no-cache'])
  response.write(event('notifications/subscriptions/acknowledged', { _meta: meta, notifications }))
  listeners.set(response, { meta, uris: new Set(notifications.resourceSubscriptions) })
  response.on('close', () => listeners.delete(response))
}

globalThis[Symbol.for('bench.update')] = () => {
  for (const [response, { meta, uris }] of listeners) {
    if (!uris.has(LISTENED_URI)) continue
    response.write(event('notifications/resources/updated', { _meta: meta, uri: LISTENED_URI }))
  }
}

function handle(response, headers, body) {
  const { id, method, params } = JSON.parse(body)
  const mirrored =
    headers['mcp-protocol-version'] === params._meta['io.modelcontextprotocol/protocolVersion'] &&
    headers['mcp-method'] === method &&
    (params.name === undefined || headers['mcp-name'] === params.name)
  if (!mirrored) return response.writeHead(400).end()
  if (method === 'tools/call') return call({ response, id }, params)
  if (method === 'subscriptions/listen') return listen({ response, id }, params)
  response.writeHead(404).end()
}

const server = createServer((request, response) => {
  let body
  request.on('data', (bytes) => {
    body = body === undefined ? bytes : Buffer.concat([body, bytes])
  })
  request.on('end', () => handle(response, request.headers, body.toString()))
})
server.listen(0, '127.0.0.1', () => announce(server.address().port))
