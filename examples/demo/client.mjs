// A client that knows nothing of replicas: it posts messages, reads streams, and when a connection breaks it comes back
// after the time that the server has named, with the id of the last event that it has seen.
import { setTimeout as sleep } from 'node:timers/promises'
import { SERVED_BY } from './balancer.mjs'

const REVISION = '2025-11-25'
const ATTEMPTS = 8

export class Client {
  #url
  #session
  #ids = 0
  /** Whom the balancer chose for the last message. */
  servedBy

  constructor(url) {
    this.#url = url
  }

  async connect() {
    const reply = await this.#post({
      jsonrpc: '2.0',
      id: ++this.#ids,
      method: 'initialize',
      params: {
        protocolVersion: REVISION,
        capabilities: { elicitation: {} },
        clientInfo: { name: 'demo', version: '1.0.0' },
      },
    })
    this.#session = reply.headers.get('mcp-session-id')
    await reply.text()
    await this.send({ method: 'notifications/initialized' })
  }

  /** Sends a notification or an answer. */
  async send(message) {
    const reply = await this.#post({ jsonrpc: '2.0', ...message })
    const text = await reply.text()
    if (reply.status !== 202) throw new Error(`HTTP ${reply.status} for ${JSON.stringify(message)}: ${text}`)
  }

  /** Sends a request and reads its answer, whatever happens to the connection. */
  async request(method, params, on = {}) {
    const { result, error } = await (await this.begin(method, params, on)).answer
    if (error) throw new Error(`${method}: ${error.message}`)
    return result
  }

  /** The same, without waiting for the answer. */
  async begin(method, params, on = {}) {
    const id = ++this.#ids
    const reply = await this.#post({ jsonrpc: '2.0', id, method, params: { ...params, _meta: { progressToken: id } } })
    return new Following(this, reply, { ...on, isLast: (message) => message.id === id && message.method === undefined })
  }

  /** Opens the session stream. */
  async listen(on) {
    return new Following(this, await this.get(), on)
  }

  get(lastEventId, signal) {
    const resume = lastEventId === undefined ? {} : { 'last-event-id': lastEventId }
    return this.#fetch({ method: 'GET', headers: { accept: 'text/event-stream', ...resume }, signal })
  }

  #post(message) {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' }
    return this.#fetch({ method: 'POST', headers, body: JSON.stringify(message) })
  }

  async #fetch({ headers, ...init }) {
    const session = this.#session ? { 'mcp-session-id': this.#session, 'mcp-protocol-version': REVISION } : {}
    const reply = await fetch(this.#url, { ...init, headers: { ...headers, ...session } })
    this.servedBy = reply.headers.get(SERVED_BY)
    return reply
  }
}

/** One stream over as many connections as it takes. */
class Following {
  /** The replica that took the request. */
  runner
  /** The replica at the other end of the connection; `undefined` while there is none. */
  holder
  connections = 0
  answer
  /** What ended it for good before its answer, or with an error; `undefined` as long as all is well. */
  failure
  #client
  #on
  #reader
  #closed = false
  #lastEventId
  #retryMs = 1_000
  #gate

  constructor(client, reply, on) {
    this.#client = client
    this.#on = on
    this.runner = client.servedBy
    this.answer = this.#follow(reply)
    this.answer.then(
      (last) => {
        this.failure = last?.error?.message
      },
      (error) => {
        this.failure = error.message
      },
    )
  }

  /** Breaks the connection, as a network does. `gate` is given the function that comes back, once. */
  async cut(gate) {
    this.#gate = gate
    await this.#reader.cancel()
  }

  /** Done with it. */
  close() {
    this.#closed = true
    this.#reader?.cancel().catch(() => {})
  }

  async #follow(first) {
    for (let reply = first; ; reply = await this.#reopen()) {
      if (reply.status !== 200) throw new Error(`HTTP ${reply.status}: ${await reply.text()}`)
      this.holder = reply.headers.get(SERVED_BY)
      this.connections++
      this.#on.onConnection?.(this)
      const last = await this.#read(reply)
      this.holder = undefined
      if (last !== undefined || this.#closed) return last
      this.#on.onBreak?.(this)
    }
  }

  async #reopen() {
    for (let attempt = 1; ; attempt++) {
      await sleep(this.#retryMs)
      const comeBack = () => this.#client.get(this.#lastEventId)
      const gate = this.#gate ?? ((open) => open())
      this.#gate = undefined
      const reply = await gate(comeBack).catch(() => undefined)
      if (reply?.status === 200 || attempt === ATTEMPTS) return reply ?? Promise.reject(new Error('no connection'))
      // A balancer that has not noticed yet says 502 or 503.
      await reply?.text()
    }
  }

  /** Reads to the end of the connection, or to the last message. */
  async #read(reply) {
    this.#reader = reply.body.getReader()
    const decoder = new TextDecoder()
    let text = ''
    try {
      for (;;) {
        const { done, value } = await this.#reader.read()
        if (done) return undefined
        const events = `${text}${decoder.decode(value, { stream: true })}`.split('\n\n')
        text = events.pop()
        for (const event of events) {
          const message = this.#take(event)
          if (message !== undefined && this.#on.isLast?.(message)) return message
        }
      }
    } catch {
      return undefined
    }
  }

  #take(event) {
    let data
    for (const line of event.split('\n')) {
      if (line.startsWith('id: ')) this.#lastEventId = line.slice(4)
      else if (line.startsWith('retry: ')) this.#retryMs = Number(line.slice(7))
      else if (line.startsWith('data: ')) data = JSON.parse(line.slice(6))
    }
    if (data !== undefined) this.#on.onMessage?.(data)
    return data
  }
}
