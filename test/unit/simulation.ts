/**
 * Several replicas in one process on a manual clock, clients that roam between them, and what can go wrong, all chosen by
 * a seed. What must hold whatever happened is checked at the end; a seed that fails fails again.
 *
 * @module
 */
import { Endpoint } from '../../src/http/endpoint.ts'
import type { HttpReply, HttpRequest } from '../../src/http/http-message.ts'
import type { Server } from '../../src/index.ts'
import { createServer, definitionOf } from '../../src/server/server.ts'
import { FakeSink, type Message, readEvents } from './fake-sink.ts'
import { type ManualPlatform, manualPlatform, seededRandom } from './manual-platform.ts'
import { SimulatedData, SimulatedEngine } from './simulated-engine.ts'

const SECRET = 'a secret of 32 bytes and a few more'
const LEASE_MS = 5_000
const RESOURCE = 'test://one'

/** A replica that was killed this soon after it announced something may not have said it to anybody. */
const SAID_MS = 500

/** What a run may do besides calling: each switched off leaves the others as they are. */
export interface Mischief {
  readonly kills: boolean
  readonly isolation: boolean
  readonly outages: boolean
  readonly emptying: boolean
  readonly deletions: boolean
}

export interface Outcome {
  readonly violations: readonly string[]
  /** What happened, to be read when something is violated. */
  readonly history: readonly string[]
  readonly calls: number
  readonly resumed: number
  readonly lost: number
}

class Sink extends FakeSink {
  readonly #over: () => void

  constructor(over: () => void) {
    super()
    this.#over = over
  }

  override end(text?: string): void {
    super.end(text)
    this.#over()
  }

  override destroy(): void {
    super.destroy()
    this.#over()
  }
}

interface SimReplica {
  readonly name: string
  readonly endpoint: Endpoint
  readonly server: Server
  readonly engine: SimulatedEngine
  killedAt: number
  dead: boolean
  /** When it was cut off from the engine on its own. */
  isolatedAt: number | undefined
  /** Whether the others had a reason to take it for dead. */
  mayBeLost: boolean
  readonly sinks: Set<Sink>
}

interface SimSession {
  readonly token: string
  nextId: number
  /** Its deletion was asked for; whether it happened may be unknown. */
  deleting: boolean
  /** When its deletion was acknowledged. */
  deletedAt: number | undefined
  /** Its session stream, and what it was told: when the one resource last changed, and when it was subscribed to. */
  listener: Sink | undefined
  lastId: string | undefined
  subscribedAt: number | undefined
  toldAt: number
}

interface SimCall {
  readonly session: SimSession
  readonly id: number
  readonly tag: string
  readonly tool: 'count' | 'ask' | 'hold'
  readonly to: number
  readonly owner: SimReplica
  sink: Sink | undefined
  read: string
  lastId: string | undefined
  readonly messages: Message[]
  readonly answered: Set<string>
  cancelled: boolean
  /** How it ended, once it has. */
  outcome: string | undefined
}

export async function simulate(seed: number, mischief: Mischief, seconds = 40): Promise<Outcome> {
  const world = new World(seed, mischief)
  await world.run(seconds)
  return world.outcome()
}

class World {
  readonly #random: () => number
  readonly #platform: ManualPlatform
  readonly #mischief: Mischief
  readonly #replicas: SimReplica[] = []
  readonly #sessions: SimSession[] = []
  readonly #calls: SimCall[] = []
  readonly #effects = new Map<string, number>()
  readonly #violations: string[] = []
  readonly #history: string[] = []
  readonly #updates: { readonly at: number; readonly by: SimReplica }[] = []
  #data!: SimulatedData
  #tags = 0
  #resumed = 0
  #emptied = false
  #outage = false

  constructor(seed: number, mischief: Mischief) {
    this.#random = seededRandom(seed)
    this.#platform = manualPlatform(seed)
    this.#mischief = mischief
  }

  async run(seconds: number): Promise<void> {
    this.#data = await SimulatedData.make(this.#platform)
    for (let at = 0; at < 3; at++) await this.#boot(`r${at}`)
    for (let at = 0; at < 3; at++) await this.#openSession()
    const end = this.#platform.now() + seconds * 1_000
    while (this.#platform.now() < end) {
      await this.#step()
      await this.#pass(20 + this.#random() * 400)
    }
    this.#note('everything is mended')
    for (const replica of this.#replicas) if (!replica.dead) replica.engine.heal()
    await this.#pass(60_000)
    await this.#check()
    for (const { endpoint, dead } of this.#replicas) {
      if (!dead) endpoint.drain(0).catch(() => {})
    }
    await this.#pass(10_000)
    await Promise.all(this.#replicas.map(({ endpoint }) => endpoint.close()))
  }

  outcome(): Outcome {
    return {
      violations: this.#violations,
      history: this.#history,
      calls: this.#calls.length,
      resumed: this.#resumed,
      lost: this.#calls.filter(({ outcome }) => outcome?.includes('gone')).length,
    }
  }

  async #boot(name: string): Promise<void> {
    const engine = new SimulatedEngine(this.#data, this.#random)
    const options = {
      engine,
      secrets: [SECRET],
      session: { lease: LEASE_MS },
      logger: () => {},
    }
    const server = this.#server()
    const starting = Endpoint.create(definitionOf(server), options, this.#platform)
    let endpoint: Endpoint | undefined
    void starting.then((made) => {
      endpoint = made
    })
    while (endpoint === undefined) await this.#pass(20)
    this.#replicas.push({
      name,
      endpoint,
      server,
      engine,
      killedAt: Number.POSITIVE_INFINITY,
      dead: false,
      isolatedAt: undefined,
      mayBeLost: false,
      sinks: new Set(),
    })
  }

  #server(): Server {
    const server = createServer({ name: 'simulated', version: '1.0.0' })
    server.resource('one', RESOURCE, {}, () => 'one')
    const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
      new Promise((resolve) => {
        const over = (): void => {
          timer.cancel()
          signal.removeEventListener('abort', over)
          resolve()
        }
        const timer = this.#platform.setTimer(ms, over)
        signal.addEventListener('abort', over)
      })
    const schema = {
      type: 'object',
      properties: { tag: { type: 'string' }, to: { type: 'number' } },
      required: ['tag', 'to'],
    } as const
    const begin = (tag: string): void => {
      this.#effects.set(tag, (this.#effects.get(tag) ?? 0) + 1)
    }
    server.tool('count', { inputSchema: schema }, async (input, ctx) => {
      const { tag, to } = input as { tag: string; to: number }
      begin(tag)
      for (let step = 1; step <= to && !ctx.signal.aborted; step++) {
        ctx.progress(step, to)
        await sleep(300, ctx.signal)
      }
      return tag
    })
    server.tool('ask', { inputSchema: schema }, async (input, ctx) => {
      const { tag } = input as { tag: string }
      begin(tag)
      const answer = await ctx.elicit(
        { message: tag, requestedSchema: { type: 'object', properties: { text: { type: 'string' } } } },
        { timeout: 30_000 },
      )
      return answer.action === 'accept' ? String((answer.content as { text: unknown }).text) : answer.action
    })
    server.tool('hold', { inputSchema: schema }, async (input, ctx) => {
      const { tag, to } = input as { tag: string; to: number }
      begin(tag)
      ctx.progress(1)
      await sleep(to * 500, ctx.signal)
      return tag
    })
    return server
  }

  async #step(): Promise<void> {
    const dice = this.#random()
    const { kills, isolation, outages, emptying, deletions } = this.#mischief
    if (dice < 0.35) this.#call()
    else if (dice < 0.6) this.#cut()
    else if (dice < 0.65) this.#cancel()
    else if (dice < 0.7) await this.#openSession()
    else if (dice < 0.73 && deletions) this.#delete()
    else if (dice < 0.75 && kills) await this.#kill()
    else if (dice < 0.8 && isolation) this.#isolate()
    else if (dice < 0.83 && outages) this.#breakEngine()
    else if (dice < 0.84 && emptying) await this.#empty()
    else if (dice < 0.9) this.#update()
    else if (dice < 0.95) this.#unplug(this.#pick(this.#sessions))
  }

  #alive(): SimReplica[] {
    return this.#replicas.filter(({ dead }) => !dead)
  }

  #pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.#random() * from.length)]!
  }

  async #openSession(): Promise<void> {
    const replica = this.#pick(this.#alive())
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: { elicitation: {} },
      clientInfo: { name: 'simulated', version: '1' },
    }
    const reply = await this.#send(replica, 'POST', undefined, { id: 0, method: 'initialize', params })
    const at = reply.headers.findIndex((name) => name.toLowerCase() === 'mcp-session-id')
    const session: SimSession = {
      token: reply.headers[at + 1]!,
      nextId: 1,
      deleting: false,
      deletedAt: undefined,
      listener: undefined,
      lastId: undefined,
      subscribedAt: undefined,
      toldAt: 0,
    }
    this.#sessions.push(session)
    this.#listen(session)
    this.#subscribe(session)
  }

  #subscribe(session: SimSession): void {
    const replica = this.#pick(this.#alive())
    const body = { id: `s${session.nextId++}`, method: 'resources/subscribe', params: { uri: RESOURCE } }
    this.#background(
      this.#send(replica, 'POST', session.token, body).then(async (reply) => {
        // Answered at once, or on a stream that is read to its end here.
        const text = 'open' in reply ? await this.#wholeOf(reply, replica) : reply.body
        if (text.includes('"result"')) session.subscribedAt = this.#platform.now()
        else if (!session.deleting) this.#platform.setTimer(2_000, () => this.#subscribe(session))
      }),
    )
  }

  #wholeOf(reply: { open(sink: Sink): void }, replica: SimReplica): Promise<string> {
    return new Promise((resolve) => {
      const sink: Sink = new Sink(() => resolve(sink.text))
      if (replica.dead) resolve('')
      else reply.open(sink)
      this.#platform.setTimer(10_000, () => resolve(''))
    })
  }

  #listen(session: SimSession): void {
    if (session.deleting || session.listener !== undefined) return
    const replica = this.#pick(this.#alive())
    this.#background(
      this.#send(replica, 'GET', session.token, undefined, session.lastId).then((reply) => {
        if (!('open' in reply)) {
          if (reply.status !== 404) this.#listenLater(session)
          return
        }
        const sink: Sink = new Sink(() => {
          replica.sinks.delete(sink)
          this.#hear(session, sink)
          if (session.listener !== sink) return
          session.listener = undefined
          this.#listenLater(session)
        })
        if (replica.dead) return this.#listenLater(session)
        session.listener = sink
        replica.sinks.add(sink)
        reply.open(sink)
      }),
    )
  }

  #listenLater(session: SimSession): void {
    this.#platform.setTimer(500 + this.#random() * 2_000, () => this.#listen(session))
  }

  /** What has arrived on the session stream. */
  #hear(session: SimSession, sink: Sink): void {
    const text = sink.writes.splice(0).join('')
    if (session.listener !== sink) return
    for (const { id, data } of readEvents(text).events) {
      if (id !== undefined && id !== '') session.lastId = id
      if (data.includes('resources/updated')) session.toldAt = this.#platform.now()
    }
  }

  #unplug(session: SimSession): void {
    const sink = session.listener
    if (sink === undefined || sink.over !== undefined) return
    if (this.#random() < 0.5) sink.writes.splice(Math.floor(this.#random() * (sink.writes.length + 1)))
    this.#hear(session, sink)
    session.listener = undefined
    sink.cut()
    this.#note(`session ${this.#sessions.indexOf(session)}: stream cut`)
    this.#listenLater(session)
  }

  #update(): void {
    const replica = this.#pick(this.#alive())
    this.#note(`updated on ${replica.name}`)
    replica.server.resourceUpdated(RESOURCE)
    this.#updates.push({ at: this.#platform.now(), by: replica })
  }

  #call(): void {
    const open = this.#sessions.filter(({ deleting }) => !deleting)
    if (open.length === 0) return
    const session = this.#pick(open)
    const owner = this.#pick(this.#alive())
    const tool = this.#pick(['count', 'ask', 'hold'] as const)
    const to = 1 + Math.floor(this.#random() * 20)
    const call: SimCall = {
      session,
      id: session.nextId++,
      tag: `t${++this.#tags}`,
      tool,
      to,
      owner,
      sink: undefined,
      read: '',
      lastId: undefined,
      messages: [],
      answered: new Set(),
      cancelled: false,
      outcome: undefined,
    }
    this.#calls.push(call)
    this.#note(`${call.tag}: ${tool} ${to} on ${owner.name}`)
    const args = { tag: call.tag, to }
    const params = { name: tool, arguments: args, _meta: { progressToken: call.tag } }
    this.#background(
      this.#send(owner, 'POST', session.token, { id: call.id, method: 'tools/call', params }).then((reply) =>
        this.#attach(call, owner, reply, true),
      ),
    )
  }

  #attach(call: SimCall, replica: SimReplica, reply: HttpReply, first: boolean): void {
    if (call.outcome !== undefined) return
    if (!('open' in reply)) {
      if (reply.status === 200) {
        this.#take(call, reply.body)
        if (call.outcome === undefined) this.#resumeLater(call)
      } else if (first || reply.status === 404) {
        call.outcome = `refused ${reply.status}`
      } else if (reply.status === 405) {
        call.outcome = 'complete'
      } else {
        this.#resumeLater(call)
      }
      return
    }
    const sink: Sink = new Sink(() => {
      // What was written last arrives before the end does.
      this.#drainSink(call, sink)
      replica.sinks.delete(sink)
      if (call.sink === sink) this.#broken(call)
    })
    call.sink = sink
    call.read = ''
    if (replica.dead) {
      this.#broken(call)
      return
    }
    replica.sinks.add(sink)
    reply.open(sink)
  }

  #drainSink(call: SimCall, sink: Sink): void {
    const text = sink.writes.splice(0).join('')
    if (call.sink === sink) this.#take(call, text)
  }

  /** What has arrived at the client. */
  #take(call: SimCall, text: string): void {
    if (call.outcome !== undefined) return
    for (const { id, data } of readEvents(text).events) {
      if (id !== undefined && id !== '') call.lastId = id
      if (data === '') continue
      const message = JSON.parse(data) as Message
      call.messages.push(message)
      if (message.method === 'elicitation/create') this.#answerLater(call, message)
      else if (message.id === call.id && message.method === undefined) {
        call.outcome = message.error === undefined ? 'result' : `error ${message.error.message}`
      }
    }
  }

  #answerLater(call: SimCall, ask: Message): void {
    const id = String(ask.id)
    if (call.answered.has(id)) this.#violate(`${call.tag} was asked twice`)
    call.answered.add(id)
    const text = String(ask.params?.['message'])
    const attempt = (left: number): void => {
      const replica = this.#pick(this.#alive())
      const body = { id, result: { action: 'accept', content: { text } } }
      this.#background(
        this.#send(replica, 'POST', call.session.token, body).then((reply) => {
          this.#note(`${call.tag}: answered on ${replica.name}: ${reply.status}`)
          if (reply.status === 503 && left > 0) this.#platform.setTimer(1_000, () => attempt(left - 1))
        }),
      )
    }
    this.#platform.setTimer(this.#random() * 2_000, () => attempt(5))
  }

  #broken(call: SimCall): void {
    call.sink = undefined
    if (call.outcome === undefined) this.#resumeLater(call)
  }

  #resumeLater(call: SimCall): void {
    this.#platform.setTimer(200 + this.#random() * 2_000, () => {
      if (call.outcome !== undefined || call.sink !== undefined) return
      if (call.lastId === undefined) {
        call.outcome = 'cut before the first event'
        return
      }
      const replica = this.#pick(this.#alive())
      this.#resumed++
      this.#note(`${call.tag}: resumed on ${replica.name} after ${call.messages.length} messages`)
      this.#background(
        this.#send(replica, 'GET', call.session.token, undefined, call.lastId).then((reply) =>
          this.#attach(call, replica, reply, false),
        ),
      )
    })
  }

  #cut(): void {
    const open = this.#calls.filter(({ sink }) => sink !== undefined && sink.over === undefined)
    if (open.length === 0) return
    const call = this.#pick(open)
    const sink = call.sink!
    // Some of what was written last never arrives.
    if (this.#random() < 0.5) sink.writes.splice(Math.floor(this.#random() * (sink.writes.length + 1)))
    this.#drainSink(call, sink)
    this.#note(`${call.tag}: cut`)
    if (this.#random() < 0.7) sink.cut()
    else {
      // The server has not noticed.
      sink.writes.splice(0)
      call.sink = undefined
      this.#platform.setTimer(20_000, () => sink.over === undefined && sink.cut())
    }
    this.#broken(call)
  }

  #cancel(): void {
    const open = this.#calls.filter(({ outcome, cancelled }) => outcome === undefined && !cancelled)
    if (open.length === 0) return
    const call = this.#pick(open)
    const replica = this.#pick(this.#alive())
    call.cancelled = true
    this.#note(`${call.tag}: cancelled on ${replica.name}`)
    const body = { method: 'notifications/cancelled', params: { requestId: call.id } }
    this.#background(this.#send(replica, 'POST', call.session.token, body))
  }

  #delete(): void {
    const open = this.#sessions.filter(({ deleting }) => !deleting)
    if (open.length < 2) return
    const session = this.#pick(open)
    const replica = this.#pick(this.#alive())
    session.deleting = true
    this.#note(`session ${this.#sessions.indexOf(session)}: deleted on ${replica.name}`)
    this.#background(
      this.#send(replica, 'DELETE', session.token, undefined).then((reply) => {
        if (reply.status === 204) session.deletedAt = this.#platform.now()
      }),
    )
  }

  async #kill(): Promise<void> {
    if (this.#alive().length < 3) return
    const replica = this.#pick(this.#alive())
    this.#note(`${replica.name}: killed`)
    replica.dead = true
    replica.killedAt = this.#platform.now()
    replica.mayBeLost = true
    replica.engine.sever()
    for (const sink of [...replica.sinks]) {
      replica.sinks.delete(sink)
      const call = this.#calls.find((other) => other.sink === sink)
      if (call !== undefined) this.#drainSink(call, sink)
      if (sink.over === undefined) sink.cut()
      if (call !== undefined) this.#broken(call)
      const session = this.#sessions.find(({ listener }) => listener === sink)
      if (session !== undefined) {
        session.listener = undefined
        this.#listenLater(session)
      }
    }
    if (!this.#outage) await this.#boot(`r${this.#replicas.length}`)
  }

  #isolate(): void {
    const candidates = this.#alive().filter(({ engine }) => !engine.cut)
    if (candidates.length < 2) return
    const replica = this.#pick(candidates)
    const ms = 500 + this.#random() * 10_000
    this.#note(`${replica.name}: cut off for ${Math.round(ms)} ms`)
    if (ms > LEASE_MS - 2_500) replica.mayBeLost = true
    replica.engine.sever()
    this.#platform.setTimer(ms, () => {
      if (!this.#outage && !replica.dead) replica.engine.heal()
    })
  }

  #breakEngine(): void {
    if (this.#outage || this.#alive().some(({ engine }) => engine.cut)) return
    const ms = 500 + this.#random() * 12_000
    this.#outage = true
    this.#note(`engine away for ${Math.round(ms)} ms`)
    for (const { engine } of this.#alive()) engine.sever()
    this.#platform.setTimer(ms, () => {
      this.#outage = false
      for (const { engine } of this.#alive()) engine.heal()
    })
  }

  async #empty(): Promise<void> {
    if (this.#outage || this.#alive().some(({ engine }) => engine.cut)) return
    this.#note('engine emptied')
    this.#emptied = true
    await this.#data.empty()
  }

  async #check(): Promise<void> {
    for (const call of this.#calls) this.#checkCall(call)
    for (const [at, session] of this.#sessions.entries()) this.#checkSession(session, at)
    for (const [tag, count] of this.#effects) if (count > 1) this.#violate(`${tag} ran ${count} times`)
    for (const replica of this.#alive()) {
      const counters = replica.endpoint.counters()
      for (const name of ['openCalls', 'openAsks'] as const) {
        if (counters[name] !== 0) this.#violate(`${replica.name}: ${name} is ${counters[name]}`)
      }
      if (counters.openStreams !== counters.openSessionStreams) {
        this.#violate(`${replica.name}: ${counters.openStreams} streams, ${counters.openSessionStreams} of sessions`)
      }
      if (!this.#replicas.some(({ mayBeLost }) => mayBeLost) && counters.replicasLost > 0) {
        this.#violate(`${replica.name} took somebody for dead`)
      }
      for (const session of this.#sessions) {
        const reply = this.#send(replica, 'POST', session.token, { id: `last ${replica.name}`, method: 'ping' })
        let status: number | undefined
        void reply.then((settled) => {
          status = settled.status
        })
        await this.#pass(1_000)
        const expected = session.deletedAt === undefined ? 200 : 404
        const unknown = session.deleting && session.deletedAt === undefined
        if (!unknown && status !== expected)
          this.#violate(`${replica.name}: a session answers ${status}, not ${expected}`)
      }
    }
  }

  /** A session that was subscribed when something changed is told so at some time after. */
  #checkSession({ deleting, subscribedAt, toldAt, listener }: SimSession, at: number): void {
    if (deleting) return
    if (listener === undefined) this.#violate(`session ${at} has no stream`)
    if (subscribedAt === undefined) this.#violate(`session ${at} could not subscribe`)
    // What a killed replica was about to say is lost with it, and so is what was said to an engine that lost its data.
    const due = this.#updates.filter(({ at: when, by }) => {
      const said = by.killedAt - when > SAID_MS && !by.mayBeLost
      return said && !this.#emptied && subscribedAt !== undefined && when > subscribedAt
    })
    const last = due.at(-1)
    if (last !== undefined && toldAt < last.at) this.#violate(`session ${at} was not told of the update at ${last.at}`)
  }

  #checkCall(call: SimCall): void {
    const { tag, outcome, messages, session } = call
    const say = (what: string): void => this.#violate(`${tag} (${call.tool} on ${call.owner.name}): ${what}`)
    const finals = messages.filter((message) => message.id === call.id && message.method === undefined)
    if (finals.length > 1) say(`${finals.length} answers`)
    const progress = messages.flatMap(({ method, params }) =>
      method === 'notifications/progress' ? [Number(params?.['progress'])] : [],
    )
    progress.forEach((value, at) => {
      if (value !== at + 1) say(`progress ${progress.join(' ')}`)
    })
    for (const { method, params } of messages) {
      if (method === 'notifications/progress' && params?.['progressToken'] !== tag) say('a foreign message')
    }
    const ended = session.deleting || outcome?.startsWith('refused 404')
    if (outcome === undefined) {
      if (!call.cancelled && !ended) say('no end')
    } else if (outcome === 'result') {
      const [final] = finals
      const content = final?.result?.['content'] as { text: string }[] | undefined
      const text = content?.[0]?.text
      if (text !== tag) say(`the answer is ${JSON.stringify(final)}`)
      if (call.tool === 'count' && progress.length !== call.to) say(`${progress.length} of ${call.to} steps`)
    } else if (outcome.includes('Events of this stream')) {
      if (!this.#emptied) say('events were lost')
    } else if (outcome.includes('is gone')) {
      if (!call.owner.mayBeLost) say('its replica was taken for dead')
    } else if (outcome === 'complete' && !call.cancelled) {
      say('nothing to resume, though there was no answer')
    }
  }

  /** One HTTP request, with a head that every client sends. */
  async #send(
    replica: SimReplica,
    method: string,
    token: string | undefined,
    body: object | undefined,
    lastEventId?: string,
  ): Promise<HttpReply> {
    const headers: Record<string, string | undefined> = {
      host: 'localhost',
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-session-id': token,
      'mcp-protocol-version': '2025-11-25',
      'last-event-id': lastEventId,
    }
    const request: HttpRequest = {
      method,
      path: '/mcp',
      header: (name) => headers[name],
      query: () => undefined,
    }
    if (replica.dead) return { status: 200, headers: [], body: '' }
    const admission = await replica.endpoint.begin(request)
    if ('status' in admission) return admission
    return replica.endpoint.post(request, admission, JSON.stringify({ jsonrpc: '2.0', ...body }))
  }

  #background(promise: Promise<unknown>): void {
    promise.catch((thrown: unknown) => this.#violate(`thrown: ${String(thrown)}`))
  }

  /** Lets time go by; what was written arrives meanwhile. */
  async #pass(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= 20) {
      await this.#platform.pass(Math.min(20, left))
      for (const call of this.#calls) if (call.sink !== undefined) this.#drainSink(call, call.sink)
      for (const session of this.#sessions) if (session.listener !== undefined) this.#hear(session, session.listener)
    }
  }

  #note(what: string): void {
    this.#history.push(`${((this.#platform.now() - Date.UTC(2025, 10, 25)) / 1_000).toFixed(2)} ${what}`)
  }

  #violate(what: string): void {
    this.#violations.push(what)
    this.#note(`VIOLATION ${what}`)
  }
}
