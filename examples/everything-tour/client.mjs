// As much of a client as the tour needs, on `fetch` alone: it shows what travels. Applications use a real client.
import { createParser } from 'eventsource-parser'

/**
 * Opens a session.
 *
 * @param {string} url
 * @param {object} capabilities what this client can do; the server asks for nothing else
 * @param {Record<string, (params: object) => object>} answers how to answer the server's questions, by method
 */
export async function connect(url, capabilities, answers) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
  const notifications = []
  const waiting = new Map()
  const listening = new AbortController()
  let lastId = 0

  async function post(message) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    const response = await fetch(url, { method: 'POST', headers, body })
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`)
    if (response.headers.has('mcp-session-id')) headers['mcp-session-id'] = response.headers.get('mcp-session-id')
    if (response.status === 202) return
    if (response.headers.get('content-type').startsWith('application/json')) receive(await response.json())
    else await readEvents(response)
  }

  async function readEvents(response) {
    const parser = createParser({ onEvent: ({ data }) => data && receive(JSON.parse(data)) })
    const text = new TextDecoder()
    for await (const chunk of response.body) parser.feed(text.decode(chunk, { stream: true }))
  }

  function receive(message) {
    if (message.method === undefined) {
      waiting.get(message.id)?.(message)
      waiting.delete(message.id)
    } else if (message.id === undefined) {
      notifications.push(message)
    } else {
      // A question of the server. Its answer is a POST of its own, in the same session.
      const answer = answers[message.method]
      const error = { code: -32601, message: 'Not known here' }
      post(answer ? { id: message.id, result: answer(message.params) } : { id: message.id, error })
    }
  }

  async function request(method, params) {
    const id = ++lastId
    let answer
    waiting.set(id, (message) => {
      answer = message
    })
    await post({ id, method, params })
    // A cancelled request gets no answer: its stream just ends.
    if (answer === undefined) throw new Error(`${method} was not answered`)
    const { result, error } = answer
    if (error) throw Object.assign(new Error(error.message), { code: error.code, data: error.data })
    return result
  }

  const clientInfo = { name: 'tour', version: '1.0.0' }
  const server = await request('initialize', { protocolVersion: '2025-11-25', capabilities, clientInfo })
  headers['mcp-protocol-version'] = server.protocolVersion
  await post({ method: 'notifications/initialized' })

  // The session stream: what belongs to no request, such as list changes and updates of resources.
  const stream = await fetch(url, { headers: { ...headers, accept: 'text/event-stream' }, signal: listening.signal })
  readEvents(stream).catch(() => {})

  return {
    server,
    notifications,
    request,
    notify: (method, params) => post({ method, params }),
    lastId: () => lastId,
    async close() {
      listening.abort()
      return (await fetch(url, { method: 'DELETE', headers })).status
    },
  }
}
