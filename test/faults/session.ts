/**
 * One client: a session with its stream, and calls one after the other. Every request is a connection of its own, so each
 * goes to another replica.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Message } from '../unit/fake-sink.ts'
import { type Ask, send } from './raw.ts'
import type { Tally } from './tally.ts'

/** How long a call may take, whatever happens: more than every time-out of the framework, and than any fault. */
const HANG_MS = 90_000

/** What the clients of a run share. */
export interface Around {
  readonly url: string
  readonly tally: Tally
  readonly random: () => number
  /** Deleted for certain. */
  readonly deleted: string[]
  /** Calls that ended because of their replica, and when. */
  readonly lost: { readonly tag: string; readonly began: number; readonly at: number }[]
  /** When the engine lost its data. */
  readonly emptied: number[]
  tags: number
  /** No new call begins. */
  stopping: boolean
  /** Everything ends at once. */
  readonly over: AbortSignal
}

export class ClientSession {
  readonly #around: Around
  #token: string | undefined
  #ids = 1
  #deleting = false
  #lastId: string | undefined
  /** When its subscription was acknowledged, once its stream had a place to come back to. */
  settledAt: number | undefined
  /** When it was told last that the resource has changed. */
  toldAt = 0
  /** Runs until the session is deleted, or the run is over. */
  readonly #listening: Promise<void>

  private constructor(around: Around, token: string) {
    this.#around = around
    this.#token = token
    this.#listening = this.#listen()
  }

  /** @returns nothing when the run is over before a session could be opened. */
  static async open(around: Around): Promise<ClientSession | undefined> {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: { elicitation: {} },
      clientInfo: { name: 'faults', version: '1' },
    }
    while (!around.over.aborted) {
      const reply = await send({
        url: around.url,
        body: { id: 0, method: 'initialize', params },
        signal: around.over,
      })
      const whole = await reply.whole
      if (reply.status === 200 && whole && reply.session !== undefined) {
        const session = new ClientSession(around, reply.session)
        await session.#subscribe()
        return session
      }
      if (reply.status !== 200 && reply.status !== 0 && reply.status !== 503) {
        around.tally.violate(`initialize is answered ${reply.status}`)
      }
      await sleep(200)
    }
    return undefined
  }

  get token(): string {
    return this.#token ?? ''
  }

  get deleting(): boolean {
    return this.#deleting
  }

  /** Sends again until there is a result: for what does no harm when it is done twice. */
  async request(method: string, params: object): Promise<boolean> {
    while (!this.#around.over.aborted && !this.#deleting) {
      let done = false
      const id = this.#nextId()
      const onEvent: Ask['onEvent'] = (_, message) => {
        if (message?.id === id && message.result !== undefined) done = true
      }
      const reply = await this.#send({ body: { id, method, params }, onEvent })
      await reply.whole
      if (done) return true
      this.#expect(reply.status, [200, 503], method)
      await sleep(300)
    }
    return false
  }

  /** Ends the session, if it can be: whether it did is known only when it is acknowledged. */
  async delete(): Promise<void> {
    const { tally, deleted } = this.#around
    this.#deleting = true
    for (let attempt = 0; attempt < 20; attempt++) {
      const reply = await this.#send({ method: 'DELETE' })
      await reply.whole
      // One whose acknowledgement did not arrive is deleted when the next attempt comes.
      if (reply.status === 204 || (attempt > 0 && reply.status === 404)) {
        tally.deletions++
        deleted.push(this.token)
        break
      }
      this.#expect(reply.status, [204, 503], 'DELETE')
      await sleep(300)
    }
    await this.#listening
  }

  async call(): Promise<void> {
    const { tally, random, over } = this.#around
    const dice = random()
    const call = new Call(this.#around, this.#nextId(), dice < 0.25 ? 'echo' : dice < 0.65 ? 'count' : 'ask')
    call.answer = (ask) => this.#answer(call, ask)
    call.mayBeGone = () => this.#deleting
    tally.calls++
    const { tag, tool, to, id } = call
    const signal = AbortSignal.any([over, AbortSignal.timeout(HANG_MS)])
    const params = { name: tool, arguments: { tag, to }, _meta: { progressToken: tag } }
    const reply = await this.#send({ body: { id, method: 'tools/call', params }, onEvent: call.take, signal })
    await reply.whole
    if (reply.status === 503 || reply.status === 429) {
      tally.refused++
      await sleep(200)
      return
    }
    this.#expect(reply.status, [200], `call of ${tool}`)
    while (!call.over && !over.aborted) {
      if (call.lastId === undefined) {
        tally.unresumable++
        return
      }
      if (this.#deleting) break
      if (Date.now() - call.began > HANG_MS) {
        tally.violate(`${tag} (${tool}) hangs after ${call.progress} events`)
        return
      }
      await sleep(100 + random() * 300)
      tally.resumed++
      const resumed = await this.#send({ method: 'GET', lastEventId: call.lastId, onEvent: call.take, signal })
      await resumed.whole
      if (resumed.status === 405 && !call.over) {
        tally.violate(`${tag} (${tool}): its answer is lost`)
        return
      }
      if (!this.#expect(resumed.status, [200, 503], 'resume')) return
    }
    if (!call.over && this.#deleting) tally.deleted++
  }

  /** The subscription is what streams are judged by at the end of each fault. */
  async #subscribe(): Promise<void> {
    if (!(await this.request('resources/subscribe', { uri: 'test://one' }))) return
    while (this.#lastId === undefined && !this.#around.over.aborted && !this.#deleting) await sleep(50)
    this.settledAt = Date.now()
  }

  async #listen(): Promise<void> {
    const { over, tally, random } = this.#around
    while (!over.aborted && !this.#deleting) {
      const reply = await this.#send({
        method: 'GET',
        lastEventId: this.#lastId,
        onEvent: (id, message) => {
          if (id !== undefined && id !== '') this.#lastId = id
          if (message === undefined) return
          if (message.method === 'notifications/resources/updated') this.toldAt = Date.now()
          else if (!message.method?.endsWith('list_changed'))
            tally.violate(`a session stream carries ${message.method}`)
        },
      })
      await reply.whole
      this.#expect(reply.status, [200, 503], 'GET')
      await sleep(100 + random() * 400)
    }
  }

  async #answer(call: Call, ask: Message): Promise<void> {
    const { random, tally, over } = this.#around
    await sleep(random() * 500)
    for (let attempt = 0; attempt < 60 && !over.aborted && !this.#deleting; attempt++) {
      const body = { id: ask.id, result: { action: 'accept', content: { text: call.tag } } }
      const reply = await this.#send({ body })
      await reply.whole
      if (reply.status === 202) {
        tally.answers++
        return
      }
      this.#expect(reply.status, [202, 503], 'answer')
      await sleep(300)
    }
  }

  #send(ask: Omit<Ask, 'url' | 'session'>): ReturnType<typeof send> {
    return send({ signal: this.#around.over, ...ask, url: this.#around.url, session: this.#token })
  }

  /** A broken connection is always possible; any other status that is not expected is wrong. */
  #expect(status: number, expected: readonly number[], what: string): boolean {
    if (status === 0 || expected.includes(status) || (status === 404 && this.#deleting)) return true
    this.#around.tally.violate(`${what} is answered ${status}`)
    return false
  }

  #nextId(): number {
    return this.#ids++
  }
}

class Call {
  readonly id: number
  readonly tool: 'echo' | 'count' | 'ask'
  readonly tag: string
  readonly to: number
  readonly began: number = Date.now()
  lastId: string | undefined
  progress = 0
  over = false
  answer: (ask: Message) => Promise<void> = async () => {}
  /** Whether its session may have been deleted. */
  mayBeGone: () => boolean = () => false
  readonly #around: Around
  readonly #asked = new Set<unknown>()

  constructor(around: Around, id: number, tool: Call['tool']) {
    this.#around = around
    this.id = id
    this.tool = tool
    this.tag = `t${++around.tags}`
    this.to = 1 + Math.floor(around.random() * 15)
  }

  readonly take = (eventId: string | undefined, message: Message | undefined): void => {
    if (eventId !== undefined && eventId !== '') this.lastId = eventId
    if (message === undefined) return
    const { params, method } = message
    if (this.over) this.#violate('something comes after its answer')
    else if (method === 'notifications/progress') this.#progressed(params ?? {})
    else if (method === 'elicitation/create') {
      if (params?.['message'] !== this.tag) this.#violate('a foreign question')
      else if (this.#asked.has(message.id)) this.#violate('a question comes twice')
      this.#asked.add(message.id)
      if (this.#asked.size > 1) this.#violate('more than one question')
      void this.answer(message)
    } else if (method === undefined && message.id === this.id) this.#end(message)
    // A call that is aborted withdraws its question.
    else if (method !== 'notifications/cancelled') this.#violate(`a foreign message: ${JSON.stringify(message)}`)
  }

  #progressed(params: { readonly [name: string]: unknown }): void {
    this.#around.tally.progress++
    const value = Number(params['progress'])
    if (params['progressToken'] !== this.tag) this.#violate('a foreign event')
    if (value > this.progress + 1) this.#violate(`events ${this.progress + 1} to ${value - 1} are lost`)
    if (value <= this.progress) this.#violate(`event ${value} comes twice`)
    this.progress = value
  }

  #end({ result, error }: Message): void {
    const { tally, lost, emptied } = this.#around
    this.over = true
    if (result !== undefined) {
      tally.results++
      const [content] = (result['content'] ?? []) as readonly { readonly text?: string }[]
      if (content?.text !== this.tag) this.#violate(`its answer is ${JSON.stringify(result)}`)
      if (this.tool === 'count' && this.progress !== this.to) this.#violate(`${this.progress} of ${this.to} events`)
      return
    }
    const { reason } = (error?.data ?? {}) as { readonly reason?: string }
    if (reason === 'replica_lost') {
      tally.replicaLost++
      lost.push({ tag: this.tag, began: this.began, at: Date.now() })
    } else if (reason === 'stream_lost' && emptied.some((at) => at > this.began)) tally.streamLost++
    else if (this.mayBeGone() && /session has ended|Session not found/.test(error?.message ?? '')) tally.deleted++
    else this.#violate(`it ends with ${JSON.stringify(error)}`)
  }

  #violate(what: string): void {
    this.#around.tally.violate(`${this.tag} (${this.tool}): ${what}`)
  }
}
