/** Conversations of several requests in a session of their own: what single requests can't reach. */
import { Connection } from './connection.mjs'
import { ANSWER_MS, headBytes, openSession, requestBytes, sessionHeaders } from './environment.mjs'
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

  /** Sends a request and takes its whole response. */
  async post(message, more = []) {
    const connection = this.connect()
    connection.send(requestBytes('POST', '/mcp', [...this.headers, ...more], JSON.stringify(message)))
    return await this.take(connection, 'POST')
  }

  /** Sends a request and takes its response as far as `enough` says; the connection stays. */
  async start(method, message, enough, more = []) {
    const connection = this.connect()
    const headers = method === 'POST' ? this.headers : this.headers.filter(([name]) => name !== 'content-type')
    const bytes =
      message === undefined
        ? headBytes(method, '/mcp', [...headers, ...more])
        : requestBytes(method, '/mcp', headers, JSON.stringify(message))
    connection.send(bytes)
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
    asking.send(requestBytes('POST', '/mcp', talk.headers, JSON.stringify(call(tool))))
    const source = listening?.connection ?? asking
    // On the session stream nothing is heard where the client can't be asked.
    const heard = await source.next('POST', json ? QUESTION_MS : ANSWER_MS, (response) =>
      /"id":"[^"]+\.0","method":|"id":"d",/.test(response.body),
    )
    const question =
      heard &&
      messagesOf({ ...heard, complete: false }).find(({ id, method }) => id !== undefined && method !== undefined)
    if (question !== undefined) {
      const good = {
        samples: { role: 'assistant', model: 'm', content: { type: 'text', text: 'x' } },
        elicits: { action: 'accept', content: { name: 'ada' } },
        lists: { roots: [{ uri: 'file:///' }] },
      }
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
    waiting.send(requestBytes('POST', '/mcp', talk.headers, JSON.stringify(call('waits'))))
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
