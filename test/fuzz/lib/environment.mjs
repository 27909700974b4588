/**
 * What an attacker may know: sessions that are open, ids of events, cursors. Opened afresh for every run; a case names
 * them by their place, so it means the same in the next run.
 */
import { Connection } from './connection.mjs'
import { envelope, MODERN, repeatedHeaders } from './messages.mjs'
import { readEvents, readMessages } from './oracle.mjs'

const REVISIONS = ['2025-11-25', '2025-06-18', '2025-03-26', '2025-11-25', MODERN]

/** How long a good request may take on a machine that is busy. */
export const ANSWER_MS = 5_000

/** @typedef {{ name: string, port: number, needsKey: boolean, sessions: { id: string, revision: string }[], events: string[], cursors: string[], states: string[], all: string[] }} Target */

/** @returns {Promise<Record<string, Target>>} */
export async function makeEnvironment(ports) {
  const targets = {}
  for (const [name, port] of Object.entries(ports)) targets[name] = await makeTarget(name, port)
  // What was made for one server is tried on the others as well.
  const everything = Object.values(targets).flatMap(({ all }) => all)
  for (const target of Object.values(targets)) target.all.push(...everything.slice(0, 40))
  return targets
}

async function makeTarget(name, port) {
  const needsKey = name === 'guarded'
  const target = { name, port, needsKey, sessions: [], events: [], cursors: [], states: [], all: [] }
  for (const revision of REVISIONS) {
    const id = name === 'stateless' || revision === MODERN ? undefined : await openSession(target, revision)
    target.sessions.push({ id, revision })
    const page = await exchange(target, { id, revision }, { jsonrpc: '2.0', id: 1, method: 'prompts/list' })
    target.cursors.push(page.messages.at(-1).result.nextCursor)
    target.events.push(...(await eventsOf(target, { id, revision })))
  }
  const asking = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'durable', arguments: {} } }
  const asked = await exchange(target, { revision: MODERN }, asking)
  target.states.push(asked.messages.at(-1).result.requestState)
  const ids = target.sessions.flatMap(({ id }) => id ?? [])
  target.all.push(...ids, ...target.events, ...target.cursors, ...target.states)
  return target
}

/**
 * Puts fresh ids of events in the places of those that the server may have let go of since.
 *
 * @param {Record<string, Target>} targets
 */
export async function refreshEvents(targets) {
  const fresh = new Map()
  for (const target of Object.values(targets)) {
    const events = []
    for (const session of target.sessions) events.push(...(await eventsOf(target, session)))
    for (const [at, id] of target.events.entries()) fresh.set(id, events[at] ?? id)
    target.events = events
  }
  for (const { all } of Object.values(targets)) {
    for (const [at, token] of all.entries()) all[at] = fresh.get(token) ?? token
  }
}

async function eventsOf(target, session) {
  const { ids } = await exchange(target, session, talking)
  return ids
}

const talking = {
  jsonrpc: '2.0',
  // One that no case uses: it would be in flight already, or cancelled.
  id: 'the environment',
  method: 'tools/call',
  params: { name: 'talks', arguments: {}, _meta: { progressToken: 1 } },
}
const everything = { sampling: {}, elicitation: { form: {}, url: {} }, roots: { listChanged: true } }

/** Opens a session on a connection of its own, and returns its id. */
export async function openSession(target, revision, capabilities = everything) {
  const params = { protocolVersion: revision, capabilities, clientInfo: { name: 'fuzzer', version: '1' } }
  const { headers } = await exchange(target, { revision }, { jsonrpc: '2.0', id: 0, method: 'initialize', params })
  return headers['mcp-session-id']
}

async function exchange(target, session, message) {
  const connection = new Connection(target.port)
  connection.send(messageBytes(target, session, message))
  const response = await connection.next('POST', ANSWER_MS)
  connection.close()
  if (response === undefined || response.status !== 200) throw new Error(`the environment: ${JSON.stringify(response)}`)
  const messages = readMessages(response, { method: 'POST' })
  const stream = response.headers['content-type'] === 'text/event-stream'
  return { headers: response.headers, messages, ids: stream ? readEvents(response.body, true).ids : [] }
}

/** A message as bytes, with everything that its revision asks for. */
export function messageBytes(target, session, message, more = []) {
  const modern = session.revision === MODERN
  const sent = modern ? { ...message, params: { ...message.params, _meta: envelope(message.params?._meta) } } : message
  const headers = [...sessionHeaders(target, session), ...(modern ? repeatedHeaders(sent) : []), ...more]
  return requestBytes('POST', '/mcp', headers, JSON.stringify(sent))
}

/** The headers of a request in a session. */
export function sessionHeaders(target, { id, revision }) {
  return [
    ['host', 'localhost'],
    ['content-type', 'application/json'],
    ['accept', 'application/json, text/event-stream'],
    ...(id === undefined ? [] : [['mcp-session-id', id]]),
    ...(revision === '2025-03-26' ? [] : [['mcp-protocol-version', revision]]),
    ...(target.needsKey ? [['authorization', 'Bearer ada']] : []),
  ]
}

/** A request as bytes. `body` is text; its length is added. */
export function requestBytes(method, path, headers, body) {
  const bytes = body === undefined ? undefined : Buffer.from(body, 'utf8').toString('latin1')
  return (
    headBytes(method, path, bytes === undefined ? headers : [...headers, ['content-length', String(bytes.length)]]) +
    (bytes ?? '')
  )
}

export function headBytes(method, path, headers) {
  return `${method} ${path} HTTP/1.1\r\n${headers.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`
}
