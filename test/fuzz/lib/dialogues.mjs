/** Conversations of several requests in a session of their own: what single requests can't reach. */
import { Connection } from './connection.mjs'
import { ANSWER_MS, headBytes, messageBytes, openSession, requestBytes, sessionHeaders } from './environment.mjs'
import { anyMessage, MODERN } from './messages.mjs'
import { checkResponse, readEvents, readMessages } from './oracle.mjs'
import { mutateValue, oddValue, withoutProto } from './values.mjs'

/** How long a question on a stream of its own is waited for: less than the tools wait for its answer. */
const QUESTION_MS = 300

/** Who talks: counts what it sends, and checks everything that it hears. */
class Talk {
  requests = 0
  statuses = []
  #target
  #session
  #open = []

  constructor(target, session) {
    this.#target = target
    this.#session = session
  }

  get headers() {
    return sessionHeaders(this.#target, this.#session)
  }

  bytes(message, more) {
    return messageBytes(this.#target, this.#session, message, more)
  }

  /** Sends a request and takes its whole response. */
  async post(message, more = []) {
    const connection = this.connect()
    connection.send(this.bytes(message, more))
    return await this.take(connection, 'POST')
  }

  /** Sends a request and takes its response as far as `enough` says; the connection stays. */
  async start(method, message, enough, more = []) {
    const connection = this.connect()
    const headers = method === 'POST' ? this.headers : this.headers.filter(([name]) => name !== 'content-type')
    connection.send(
      message === undefined ? headBytes(method, '/mcp', [...headers, ...more]) : this.bytes(message, more),
    )
    const response = await this.take(connection, method, enough)
    return { connection, response }
  }

  connect() {
    const connection = new Connection(this.#target.port)
    this.#open.push(connection)
    return connection
  }

  async take(connection, method, enough) {
    const response = await connection.next(method, ANSWER_MS, enough)
    if (response === undefined) throw new Error(`no answer to ${method}`)
    return this.check(response, method)
  }

  check(response, method) {
    this.requests++
    this.statuses.push(response.status)
    checkResponse(response, { method })
    return response
  }

  close() {
    for (const connection of this.#open) connection.close()
  }
}

const call = (name, args = {}, id = 'd') => ({
  jsonrpc: '2.0',
  id,
  method: 'tools/call',
  params: { name, arguments: args, _meta: { progressToken: 'p' } },
})
const messagesOf = (response) => readMessages(response, { method: 'POST' })
const answersTo = (id, response) =>
  messagesOf(response).filter((message) => message.method === undefined && message.id === id)
const holds = (text) => (response) => response.body.includes(text)
const idsOf = ({ body }) => readEvents(body.slice(0, body.lastIndexOf('\n\n') + 2), false).ids

function expect(condition, what) {
  if (!condition) throw new Error(what)
}

/** Plays a conversation. @returns {Promise<{ requests: number, statuses: number[] }>} */
export async function playDialogue(name, random, target) {
  const sessionless = SESSIONLESS[name]
  if (sessionless !== undefined) {
    const talk = new Talk(target, { revision: MODERN })
    try {
      await sessionless(talk, random, target)
    } finally {
      talk.close()
    }
    return talk
  }
  const revision = random.pick(['2025-11-25', '2025-11-25', '2025-06-18', '2025-03-26'])
  const id = await openSession(target, revision)
  const talk = new Talk(target, { id, revision })
  talk.requests++
  talk.statuses.push(200)
  try {
    await DIALOGUES[name](talk, random, { target, revision })
  } finally {
    // Most clients never say goodbye.
    if (id !== undefined && random.chance(0.3)) await talk.start('DELETE').catch(() => {})
    talk.close()
  }
  return talk
}

const good = {
  samples: { role: 'assistant', model: 'm', content: { type: 'text', text: 'x' } },
  elicits: { action: 'accept', content: { name: 'ada' } },
  durable: { action: 'accept', content: { name: 'ada' } },
  lists: { roots: [{ uri: 'file:///' }] },
}

const DIALOGUES = {
  async life(talk, random, { target }) {
    const stateless = target.name === 'stateless'
    await talk.post({ jsonrpc: '2.0', method: 'notifications/initialized' })
    const answer = await talk.post(call('echo', { a: withoutProto(oddValue(random)) }))
    expect(answersTo('d', answer).length === 1, 'a call of a session was not answered')
    const { response } = await talk.start('GET', undefined, holds('\n\n'))
    expect(response.status === (stateless ? 405 : 200), `GET was answered ${response.status}`)
    const deleted = await talk.start('DELETE')
    expect(deleted.response.status === (stateless ? 405 : 204), `DELETE was answered ${deleted.response.status}`)
    if (stateless) return
    const late = await talk.post({ jsonrpc: '2.0', id: 1, method: 'ping' })
    expect(late.status === 404, `a deleted session was answered ${late.status}`)
  },

  async ask(talk, random, { target }) {
    const json = target.name === 'json'
    // In JSON mode the question comes on the session stream.
    const listening = json ? await talk.start('GET', undefined, holds('\n\n')) : undefined
    const tool = random.pick(['samples', 'elicits', 'lists'])
    const asking = talk.connect()
    asking.send(talk.bytes(call(tool)))
    const source = listening?.connection ?? asking
    // On the session stream nothing is heard where the client can't be asked.
    const heard = await source.next('POST', json ? QUESTION_MS : ANSWER_MS, (response) =>
      /"id":"[^"]+\.0","method":|"id":"d",/.test(response.body),
    )
    const question =
      heard &&
      messagesOf({ ...heard, complete: false }).find(({ id, method }) => id !== undefined && method !== undefined)
    if (question !== undefined) {
      let answer = { jsonrpc: '2.0', id: question.id, result: good[tool] }
      if (random.chance(0.3)) answer = { jsonrpc: '2.0', id: question.id, error: { code: -1, message: 'no' } }
      for (let changes = random.below(4); changes > 0; changes--) answer = mutateValue(random, answer)
      if (random.chance(0.3))
        await talk.post({
          jsonrpc: '2.0',
          method: 'notifications/progress',
          params: { progressToken: question.id, progress: oddValue(random) },
        })
      await talk.post(answer)
      if (random.chance(0.3)) await talk.post(answer)
    }
    // A client that can't be asked gets its answer at once, which has been taken from the connection then.
    const answered = source === asking && heard?.complete ? talk.check(heard, 'POST') : await talk.take(asking, 'POST')
    expect(answersTo('d', answered).length === 1, `a call that asked was not answered: ${answered.body.slice(0, 500)}`)
  },

  async resume(talk) {
    const { connection, response } = await talk.start('POST', call('talks', { text: 'x' }), holds('"progress":1'))
    const first = messagesOf({ ...response, complete: false })
    if (response.complete) return
    connection.reset()
    const last = idsOf(response).at(-1)
    if (last === undefined) return
    const { response: rest } = await talk.start('GET', undefined, undefined, [['last-event-id', last]])
    expect(rest.status === 200, `a resume was answered ${rest.status}: ${rest.body.slice(0, 300)}`)
    const all = [...first, ...messagesOf(rest)]
    const progress = all
      .filter(({ method }) => method === 'notifications/progress')
      .map(({ params }) => params.progress)
    expect(progress.join() === '1,2,3', `progress over a resume: ${progress}`)
    expect(
      all.filter(({ id, method }) => id === 'd' && method === undefined).length === 1,
      'not one answer over a resume',
    )
  },

  async cancel(talk, random, { target }) {
    const waiting = talk.connect()
    waiting.send(talk.bytes(call('waits')))
    if (random.chance(0.8)) await new Promise((resolve) => setTimeout(resolve, random.below(4)))
    const requestId = random.chance(0.9) ? 'd' : oddValue(random)
    await talk.post({
      jsonrpc: '2.0',
      method: 'notifications/cancelled',
      params: { requestId, reason: withoutProto(oddValue(random)) },
    })
    const response = await talk.take(waiting, 'POST')
    const answers = messagesOf(response).filter(({ method }) => method === undefined)
    expect(
      answers.length <= 1 && (target.name !== 'sse' || requestId !== 'd' || answers.length === 0),
      'a cancelled request was answered',
    )
  },

  async replace(talk, random) {
    const streams = []
    for (let n = random.between(2, 4); n > 0; n--) streams.push(await talk.start('GET', undefined, holds('\n\n')))
    for (const { connection } of streams.slice(0, -1)) {
      const rest = await connection.next('GET', ANSWER_MS)
      expect(rest?.complete && rest.body.endsWith('retry: 60000\n\n'), 'a stream that was replaced did not end cleanly')
    }
    const { response } = await talk.start('DELETE')
    expect(response.status === 204, `DELETE was answered ${response.status}`)
    const ended = await streams.at(-1).connection.next('GET', ANSWER_MS)
    expect(ended?.complete, 'the stream of a deleted session did not end')
  },

  async poll(talk, _random, { target, revision }) {
    const first = await talk.post(call('polled'))
    if (answersTo('d', first).length === 1) return
    expect(revision === '2025-11-25' && target.name !== 'json', 'a stream was closed that can not be resumed')
    const last = idsOf(first).at(-1)
    const { response } = await talk.start('GET', undefined, undefined, [['last-event-id', last]])
    expect(
      answersTo('d', response).length === 1,
      `a polled call was not answered: ${response.status} ${response.body.slice(0, 300)}`,
    )
  },
}

/** Without sessions: the modern revision, and the transport of 2024-11-05, whose session is its connection. */
const SESSIONLESS = {
  async rounds(talk, random, target) {
    const name = random.pick(['samples', 'elicits', 'lists', 'durable'])
    const first = answersTo('d', await talk.post(call(name)))[0]
    if (target.name === 'stateless' && name !== 'durable') {
      expect(first?.result?.resultType === 'complete', 'a question that nobody can wait for')
      return
    }
    const { resultType, inputRequests, requestState } = first?.result ?? {}
    expect(resultType === 'input_required', `no question: ${JSON.stringify(first).slice(0, 300)}`)
    const [key] = Object.keys(inputRequests)
    const odd = random.chance(0.5)
    let params = { inputResponses: { [key]: good[name] }, requestState }
    if (odd) for (let changes = random.between(1, 3); changes > 0; changes--) params = mutateValue(random, params)
    const retry = call(name)
    Object.assign(retry.params, withoutProto(params))
    const answered = await talk.post(retry)
    const [answer] = answersTo('d', answered)
    // One that can't be read at all is refused without its id.
    if (odd && answered.status === 400) return
    expect(answer !== undefined, `a retry was not answered: ${answered.status} ${answered.body.slice(0, 300)}`)
    if (!odd) expect(answer.result?.resultType === 'complete', `not done: ${JSON.stringify(answer).slice(0, 300)}`)
    if (random.chance(0.3)) expect(answersTo('d', await talk.post(retry)).length === 1, 'a second retry without answer')
  },

  async listen(talk, random) {
    const notifications = { toolsListChanged: true, resourceSubscriptions: ['test://one', 'thing://a'] }
    const params = { notifications: random.chance(0.7) ? notifications : mutateValue(random, notifications) }
    const message = { jsonrpc: '2.0', id: 'l', method: 'subscriptions/listen', params: withoutProto(params) }
    const { connection, response } = await talk.start('POST', message, holds('\n\n'))
    const acknowledged = messagesOf({ ...response, complete: false })[0]?.method
    if (params.notifications === notifications)
      expect(acknowledged === 'notifications/subscriptions/acknowledged', `listening: ${response.body.slice(0, 300)}`)
    if (response.complete) return
    await new Promise((resolve) => setTimeout(resolve, random.below(50)))
    if (random.chance(0.5)) connection.reset()
    else connection.finish()
  },

  /** Leaving is cancelling. */
  async leave(talk, random) {
    const connection = talk.connect()
    connection.send(talk.bytes(call(random.pick(['waits', 'talks', 'later', 'elicits']))))
    await new Promise((resolve) => setTimeout(resolve, random.below(6)))
    if (random.chance(0.5)) connection.reset()
    else connection.finish()
    await talk.post({ jsonrpc: '2.0', id: 1, method: 'server/discover' })
  },

  async events(talk, random, target) {
    const headers = talk.headers.filter(([name]) => !name.startsWith('mcp-') && name !== 'content-type')
    const stream = talk.connect()
    stream.send(headBytes('GET', '/sse', headers))
    const hear = async (enough) => {
      const response = await stream.next('GET', ANSWER_MS, enough)
      expect(response !== undefined && enough(response), `not on the stream: ${response?.body.slice(-300)}`)
      checkResponse(response, { method: 'GET', legacy: true })
      return response
    }
    const { body } = await hear(holds('\n\n'))
    const path = /^data: (.*)$/m.exec(body)[1]
    const post = async (text) => {
      const connection = talk.connect()
      connection.send(requestBytes('POST', path, [...headers, ['content-type', 'application/json']], text))
      return (await talk.take(connection, 'POST')).status
    }
    const params = { protocolVersion: '2024-11-05', capabilities: {}, clientInfo: { name: 'fuzzer', version: '1' } }
    expect(
      (await post(JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params }))) === 202,
      'not accepted',
    )
    await hear(holds('"id":0,'))
    for (let messages = random.below(6); messages > 0; messages--)
      await post(JSON.stringify(anyMessage(random, target)) ?? '')
    expect((await post(JSON.stringify(call('later', {}, 'last')))) === 202, 'a call was not accepted')
    await hear(holds('"id":"last",'))
    if (random.chance(0.5)) stream.reset()
    else stream.finish()
  },
}
