/** What every response must be, whatever was asked. Throws what is wrong, in a sentence. */

/** Statuses that a server may answer with. A 5xx other than a 503 that says when to come back is a fault. */
const STATUSES = new Set([200, 202, 204, 400, 401, 403, 404, 405, 406, 408, 413, 415, 417, 429, 431])

/**
 * @typedef {object} Sent
 * @property {string} method
 * @property {string} [body] the body's bytes
 * @property {string} [bytes] everything that was written, where it may be no good HTTP
 * @property {boolean} [strict] a good request, which is answered with its id
 * @property {unknown} [id]
 * @property {unknown} [token] its progress token
 * @property {boolean} [legacy] the answer is a stream of HTTP+SSE, which begins with where to post
 */

/** @param {import('./connection.mjs').Response} response @param {Sent} sent */
export function checkResponse(response, sent) {
  const { status, headers, body } = response
  if (status === 503 && headers['retry-after'] !== undefined) return
  if (!STATUSES.has(status)) throw new Error(`status ${status}: ${body.slice(0, 300)}`)
  const messages = readMessages(response, sent)
  for (const message of messages) checkMessage(message)
  if (sent.body !== undefined) checkIds(messages, sent)
  if (sent.strict && status !== 429) checkAnswer(response, messages, sent)
}

/** The messages of a body, from JSON or from events. */
export function readMessages({ status, headers, body, complete }, sent) {
  if (body === '') {
    const bare = headers['content-length'] === '0' || status === 417 || isHostMissing(status, headers, sent)
    if (complete && status >= 400 && !bare && sent.method !== 'HEAD') {
      throw new Error(`an error ${status} without a body`)
    }
    return []
  }
  const text = Buffer.from(body, 'latin1')
  if (headers['content-type'] === 'application/json') {
    const parsed = JSON.parse(text.toString('utf8'))
    return Array.isArray(parsed) ? parsed : [parsed]
  }
  if (headers['content-type'] === 'text/event-stream')
    return readEvents(text.toString('utf8'), complete, sent.legacy).messages
  if (headers['content-type'] === 'text/plain' && (status === 200 || status === 503)) return []
  throw new Error(`a body of type ${headers['content-type']}`)
}

/** HTTP/1.1 without `Host` is no HTTP: Node refuses it by itself, before anything of ours runs, and hangs up. */
function isHostMissing(status, headers, { bytes }) {
  if (status !== 400 || headers.connection !== 'close' || bytes === undefined) return false
  const [head] = bytes.split(/\r?\n\r?\n/, 1)
  return !/^host:/im.test(head)
}

/** The events of a stream; what follows the last empty line is ignored where the stream goes on. */
export function readEvents(text, complete, legacy = false) {
  const blocks = text.split('\n\n')
  const rest = blocks.pop()
  if (complete && rest !== '')
    throw new Error(`a stream that ends within an event: ${JSON.stringify(rest.slice(0, 200))}`)
  const messages = []
  const ids = []
  if (legacy && blocks.length > 0 && !/^event: endpoint\ndata: \/[!-~]+$/.test(blocks.shift()))
    throw new Error('no endpoint event')
  for (const block of blocks) {
    for (const line of block.split('\n')) {
      if (line.startsWith('data: ')) {
        const data = JSON.parse(line.slice(6))
        // The answers to a batch, where all answers come on one stream.
        if (legacy && Array.isArray(data)) messages.push(...data)
        else messages.push(data)
      } else if (line.startsWith('id: ')) {
        const id = line.slice(4)
        if (!/^[!-~]{1,512}$/.test(id)) throw new Error(`an event id ${JSON.stringify(id)}`)
        ids.push(id)
      } else if (!/^(data:|:|retry: \d+|event: message)$/.test(line)) {
        throw new Error(`a line of a stream: ${JSON.stringify(line.slice(0, 200))}`)
      }
    }
  }
  if (new Set(ids).size < ids.length) throw new Error('an event id twice on one stream')
  return { messages, ids }
}

function checkMessage(message) {
  if (message?.jsonrpc !== '2.0') throw new Error(`no JSON-RPC message: ${JSON.stringify(message).slice(0, 200)}`)
  const { id, method, result, error } = message
  if (id !== undefined && typeof id !== 'string' && !Number.isSafeInteger(id))
    throw new Error(`an id ${JSON.stringify(id)}`)
  if (method !== undefined) {
    if (typeof method !== 'string') throw new Error('a method that is no text')
    return
  }
  if ((result === undefined) === (error === undefined))
    throw new Error('a response with neither or both of result and error')
  if (error === undefined) return
  if (!Number.isInteger(error.code) || typeof error.message !== 'string' || error.message === '') {
    throw new Error(`an error ${JSON.stringify(error).slice(0, 200)}`)
  }
  if (JSON.stringify(error).length > 5_000) throw new Error('an error of more than 5,000 characters')
  // Declared failures have a sentence of their own. This one means that something was not foreseen.
  if (error.message === 'Internal error') throw new Error('an internal error')
}

/** A response names no other id than one that was sent. */
function checkIds(messages, { body }) {
  let sent
  try {
    sent = JSON.parse(Buffer.from(body, 'latin1').toString('utf8'))
  } catch {
    sent = undefined
  }
  const known = new Set((Array.isArray(sent) ? sent : [sent]).map((message) => message?.id))
  for (const { id, method } of messages) {
    if (method === undefined && id !== undefined && !known.has(id)) {
      throw new Error(`an answer to ${JSON.stringify(id)}, which was not asked: ${body.slice(0, 300)}`)
    }
  }
}

function checkAnswer({ status, complete, body }, messages, { id, token }) {
  if (status !== 200) throw new Error(`a good request was answered ${status}: ${body.slice(0, 300)}`)
  if (!complete) throw new Error('an answer that does not end')
  const answers = messages.filter(({ method }) => method === undefined)
  if (answers.length !== 1 || answers[0].id !== id) {
    throw new Error(`answers to ${JSON.stringify(id)}: ${JSON.stringify(answers).slice(0, 300)}`)
  }
  if (messages.at(-1) !== answers[0]) throw new Error('a message after the answer')
  let progress = Number.NEGATIVE_INFINITY
  for (const { method, params } of messages) {
    if (method !== 'notifications/progress') continue
    if (params.progressToken !== token) throw new Error(`progress of ${JSON.stringify(params.progressToken)}`)
    if (!(params.progress > progress)) throw new Error('progress that does not increase')
    progress = params.progress
  }
}
