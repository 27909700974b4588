/** Plays a case over a connection and checks what comes back. Throws what is wrong, in a sentence. */
import { setImmediate as turn } from 'node:timers/promises'
import { Connection } from './connection.mjs'
import { playDialogue } from './dialogues.mjs'
import { ANSWER_MS } from './environment.mjs'
import { checkResponse } from './oracle.mjs'
import { Random } from './random.mjs'

/** How long bytes that may be no whole request get for an answer. */
const LOOSE_MS = 20

/** One connection per endpoint, kept for as long as it lasts. */
export class Player {
  requests = 0
  /** Responses by status; `none` for what was cut off or ended without one. */
  statuses = {}
  #seed
  #targets
  #kept = {}

  constructor(seed, targets) {
    this.#seed = seed
    this.#targets = targets
  }

  /** @param {import('./cases.mjs').Case} one */
  async play(one) {
    const target = this.#targets[one.target]
    if (one.dialogue !== undefined) {
      const talk = await playDialogue(one.dialogue, new Random(this.#seed + 1, one.index), target)
      this.requests += talk.requests
      for (const status of talk.statuses) this.#count(status)
      return
    }
    this.requests += one.sent.length
    const connection = this.#connection(target, one.whole)
    for (const [at, bytes] of one.writes.entries()) {
      if (at > 0) await turn()
      connection.send(bytes)
    }
    try {
      if (one.whole) await this.#answers(connection, one)
      else await this.#whatever(connection, one)
    } catch (thrown) {
      connection.close()
      throw thrown
    }
    if (connection.over && !connection.ended) connection.close()
  }

  close() {
    for (const connection of Object.values(this.#kept)) connection.close()
  }

  /** Bytes that may leave the connection in any state get one of their own. */
  #connection(target, keep) {
    if (!keep) return new Connection(target.port)
    const kept = this.#kept[target.name]
    if (kept !== undefined && !kept.over) return kept
    this.#kept[target.name] = new Connection(target.port)
    return this.#kept[target.name]
  }

  async #answers(connection, { sent, end }) {
    for (const one of sent) {
      const response = await connection.next(one.method, ANSWER_MS)
      if (response === undefined) throw new Error('a complete request was not answered')
      this.#count(response.status)
      checkResponse(response, one)
    }
    if (connection.rest !== '')
      throw new Error(`more than was asked for: ${JSON.stringify(connection.rest.slice(0, 300))}`)
    if (end !== 'keep') connection.close()
  }

  /** Bytes that may be one request, several or none, and may make the server hang up. */
  async #whatever(connection, { sent: [one], writes, single, end }) {
    const sent = { ...one, bytes: writes.join('') }
    let answered = single ? await this.#single(connection, sent) : await this.#loose(connection, sent, LOOSE_MS)
    if (end === 'finish') {
      connection.finish()
      answered = (await this.#loose(connection, sent, ANSWER_MS, answered)) || answered
      // A client that has ended its side must not be kept waiting.
      if (!connection.ended) throw new Error('a connection that its client has ended stays open')
      connection.close()
    } else {
      connection.reset()
    }
    if (!answered) this.#count('none')
  }

  /** One request that is complete, so it is answered. What follows the head of a stream is looked at for a moment. */
  async #single(connection, sent) {
    const head = await connection.next(sent.method, ANSWER_MS, () => true)
    if (head === undefined) {
      // Nobody makes tunnels: that connection just ends.
      if (sent.method === 'CONNECT' && connection.ended) return false
      throw new Error(connection.ended ? 'hung up without an answer' : 'a complete request was not answered')
    }
    this.#count(head.status)
    const response = head.complete ? head : await connection.next(sent.method, LOOSE_MS)
    checkPart(response, sent)
    return true
  }

  /**
   * What comes within a time, whatever it is.
   *
   * @param begun the first response has been counted already
   * @returns {Promise<boolean>} whether anything came
   */
  async #loose(connection, sent, limitMs, begun = false) {
    let responses = 0
    while (responses < 20 && !(connection.ended && connection.rest === '')) {
      const response = await connection.next(sent.method, limitMs)
      if (response === undefined) break
      if (responses++ > 0 || !begun) this.#count(response.status)
      checkPart(response, sent)
      if (!response.complete) break
    }
    return responses > 0
  }

  #count(status) {
    this.statuses[status] = (this.statuses[status] ?? 0) + 1
  }
}

/** One that was cut off by our haste is looked at as far as that is possible. */
function checkPart(response, sent) {
  if (response.complete || response.headers['content-type'] === 'text/event-stream') checkResponse(response, sent)
}
