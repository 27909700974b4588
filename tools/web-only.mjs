/**
 * Loads `fairlead` and `fairlead/fetch` into a realm that has the globals of the web and none of Node, and serves a
 * session with a tool call in it. Usage: `node --experimental-vm-modules tools/web-only.mjs <dist folder>`.
 *
 * @module
 */
import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { resolve } from 'node:path'
import { createContext, SourceTextModule } from 'node:vm'

/** What WinterTC's minimum common API offers and this package uses. */
const WEB_GLOBALS = [
  'AbortController',
  'AbortSignal',
  'ByteLengthQueuingStrategy',
  'Headers',
  'ReadableStream',
  'Request',
  'Response',
  'TextDecoder',
  'TextEncoder',
  'URL',
  'atob',
  'btoa',
  'clearTimeout',
  'console',
  'crypto',
  'queueMicrotask',
  'setTimeout',
]

const dist = resolve(process.argv[2])
const realm = createContext(Object.fromEntries(WEB_GLOBALS.map((name) => [name, globalThis[name]])))
const modules = new Map()

async function load(path) {
  if (!modules.has(path)) {
    const text = await readFile(path, 'utf8')
    modules.set(path, new SourceTextModule(text, { identifier: path, context: realm, importModuleDynamically: link }))
  }
  return modules.get(path)
}

async function link(name, from) {
  assert.ok(name.startsWith('.'), `${from.identifier} imports ${name}`)
  return load(resolve(from.identifier, '..', name))
}

async function namespace(file) {
  const module = await load(resolve(dist, file))
  if (module.status === 'unlinked') await module.link(link)
  await module.evaluate()
  return module.namespace
}

const { createServer } = await namespace('bundle/index.js')
const { fetchHandler } = await namespace('bundle/fetch.js')
const server = createServer({ name: 'web', version: '1.0.0' })
server.tool('greet', {}, async (_, ctx) => {
  ctx.log.info('greeting')
  return 'Hello'
})
const handler = fetchHandler(server)

async function post(message, headers = {}) {
  const request = new Request('http://localhost/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', ...message }),
  })
  const response = await handler(request)
  assert.equal(response.status, 200)
  return { response, text: await response.text() }
}

const clientInfo = { name: 'web-only', version: '1.0.0' }
const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo }
const { response } = await post({ id: 1, method: 'initialize', params })
const session = { 'mcp-session-id': response.headers.get('mcp-session-id') }
const { text } = await post({ id: 2, method: 'tools/call', params: { name: 'greet' } }, session)
assert.match(text, /notifications\/message/)
assert.match(text, /"text":"Hello"/)
await handler.close()
