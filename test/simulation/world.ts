/**
 * Several replicas in one process on a clock of their own, clients that roam between them, and what can go wrong, all
 * chosen by a seed. What must hold whatever happened is checked at the end; a seed that fails fails again.
 *
 * @module
 */
import { Endpoint } from '../../src/http/endpoint.ts'
import type { HttpReply, HttpRequest } from '../../src/http/http-message.ts'
import { definitionOf } from '../../src/server/server.ts'
import { type Message, readEvents } from '../unit/fake-sink.ts'
import { seededRandom } from '../unit/manual-platform.ts'
import { SimulatedData, SimulatedEngine } from '../unit/simulated-engine.ts'
import { Clock } from './clock.ts'
import { RESOURCE, simulatedServer } from './definition.ts'
import { type SimCall, type SimReplica, type SimSession, type SimUpdate, Sink } from './model.ts'
import { faultsOfCall, faultsOfRecovery, faultsOfReplica, faultsOfSession } from './oracle.ts'

/** What a client gets from a replica that is killed. */
const NOTHING: HttpReply = { status: 200, headers: [], body: '' }

const SECRET = 'a secret of 32 bytes and a few more'
const LEASE_MS = 5_000

/** How long mischief is made. */
const MISCHIEF_MS = 3_500

/** How long everything has to come to an end afterwards: more than any patience or time-out. */
const PATIENCE_MS = 60_000

/** How long is waited once everything has, for what comes twice. */
const AFTERWARDS_MS = 600

/** What a run may do besides calling: each switched off leaves the others as they are. */
export interface Mischief {
  readonly kills: boolean
  readonly pauses: boolean
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

export async function simulate(seed: number, mischief: Mischief): Promise<Outcome> {
  const world = new World(seed, mischief)
  await world.run()
  return world.outcome()
}

class World {
  readonly #random: () => number
  readonly #platform: Clock
  readonly #mischief: Mischief
  readonly #replicas: SimReplica[] = []
  readonly #sessions: SimSession[] = []
  readonly #calls: SimCall[] = []
  readonly #effects = new Map<string, number>()
  readonly #violations: string[] = []
  readonly #history: string[] = []
  readonly #updates: SimUpdate[] = []
  /** Reads what has arrived. */
  readonly #unread: (() => void)[] = []
  #data!: SimulatedData
  #tags = 0
  #resumed = 0
  #emptied = false
  #outage = false

  constructor(seed: number, mischief: Mischief) {
    this.#random = seededRandom(seed)
    this.#platform = new Clock(seed)
    this.#mischief = mischief
  }

  async run(): Promise<void> {
    this.#data = await SimulatedData.make(this.#platform)
    for (let at = 0; at < 3; at++) await this.#boot(`r${at}`)
    for (let at = 0; at < 3; at++) await this.#openSession()
    const end = this.#platform.now() + MISCHIEF_MS
    while (this.#platform.now() < end) {
      await this.#step()
      await this.#pass(10 + this.#random() * 130)
    }
    this.#note('no more mischief')
    await this.#comeToRest()
    await this.#check()
    await this.#shut()
    this.#platform.giveBack()
  }

  /** Goes on until nothing is open any more, or is late. */
  async #comeToRest(): Promise<void> {
    const end = this.#platform.now() + PATIENCE_MS
    const open = (): boolean =>
      this.#outage ||
      this.#alive().some(({ engine, stoppedUntil }) => engine.cut || stoppedUntil > this.#platform.now()) ||
      this.#calls.some(({ outcome, cancelled }) => outcome === undefined && !cancelled) ||
      !this.#faults().next().done
    do {
      while (this.#platform.now() < end && open()) await this.#pass(250)
      await this.#pass(AFTERWARDS_MS)
    } while (this.#platform.now() < end && open())
  }

  async #shut(): Promise<void> {
    for (const { endpoint, dead } of this.#replicas) {
      if (!dead) endpoint.drain(0).catch(() => {})
    }
    let open = this.#alive().length
    for (const { endpoint } of this.#alive()) {
      endpoint.close().then(
        () => open--,
        (thrown: unknown) => this.#violate(`close: ${String(thrown)}`),
      )
    }
    for (let round = 0; round < 100 && open > 0; round++) await this.#pass(100)
    if (open > 0) this.#violate(`${open} replicas do not close`)
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
    const program = this.#platform.process()
    const { platform } = program
    const engine = new SimulatedEngine(this.#data, this.#random, platform)
    let kill!: () => void
    const death = new Promise<HttpReply>((resolve) => {
      kill = () => {
        program.kill()
        resolve(NOTHING)
      }
    })
    const options = {
      engine,
      secrets: [SECRET],
      session: { lease: LEASE_MS },
      logger: () => {},
    }
    const server = simulatedServer(platform, (tag) => {
      this.#effects.set(tag, (this.#effects.get(tag) ?? 0) + 1)
    })
    const starting = Endpoint.create(definitionOf(server), options, platform)
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
      program,
      kill,
      death,
      bootedAt: this.#platform.now(),
      killedAt: Number.POSITIVE_INFINITY,
      dead: false,
      mayBeLost: false,
      stoppedSince: 0,
      stoppedUntil: 0,
      cutSince: 0,
      cutUntil: 0,
      sinks: new Set(),
    })
  }

  async #step(): Promise<void> {
    const dice = this.#random()
    const { kills, pauses, isolation, outages, emptying, deletions } = this.#mischief
    if (dice < 0.35) this.#call()
    else if (dice < 0.6) this.#cut()
    else if (dice < 0.65) this.#cancel()
    else if (dice < 0.7) this.#background(this.#openSession())
    else if (dice < 0.73 && deletions) this.#delete()
    else if (dice < 0.75 && kills) await this.#kill()
    else if (dice < 0.77 && pauses) this.#stop()
    else if (dice < 0.8 && isolation) this.#isolate()
    else if (dice < 0.83 && outages) this.#breakEngine()
    else if (dice < 0.84 && emptying) await this.#empty()
    else if (dice < 0.9) this.#update()
    else if (dice < 0.95) this.#unplug(this.#pick(this.#sessions))
    else if (dice < 0.98) this.#forge()
  }

  /** Another session answers a question, and comes back for a stream, that are not its own. */
  #forge(): void {
    const call = this.#pick(this.#calls.filter(({ lastId }) => lastId !== undefined))
    const others = this.#sessions.filter((session) => session !== call?.session)
    if (call === undefined || others.length === 0) return
    const { token } = this.#pick(others)
    for (const id of call.answered) {
      const body = { id, result: { action: 'accept', content: { text: 'forged' } } }
      this.#background(this.#send(this.#pick(this.#alive()), 'POST', token, body))
    }
    const replica = this.#pick(this.#alive())
    this.#background(
      this.#send(replica, 'GET', token, undefined, call.lastId).then((reply) => {
        if (reply !== NOTHING && reply.status === 200) this.#violate(`${call.tag}: its stream was served to a stranger`)
      }),
    )
  }

  #alive(): SimReplica[] {
    return this.#replicas.filter(({ dead }) => !dead)
  }

  /** Nothing of nothing. */
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
    if (reply === NOTHING) return
    const at = reply.headers.findIndex((name) => name.toLowerCase() === 'mcp-session-id')
    const session: SimSession = {
      token: reply.headers[at + 1]!,
      nextId: 1,
      deleting: false,
      deletedAt: undefined,
      listener: undefined,
      lastId: undefined,
      subscribedAt: undefined,
      listeningSince: undefined,
      openedAt: 0,
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
      const sink: Sink = new Sink(
        () => {},
        () => resolve(sink.text),
      )
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
        const sink: Sink = this.#sink(
          () => this.#hear(session, sink),
          () => {
            replica.sinks.delete(sink)
            this.#hear(session, sink)
            if (session.listener !== sink) return
            session.listener = undefined
            this.#listenLater(session)
          },
        )
        if (replica.dead) return this.#listenLater(session)
        session.listener = sink
        session.openedAt = this.#platform.now()
        replica.sinks.add(sink)
        reply.open(sink)
      }),
    )
  }

  /** A connection that is at times slow to arrive. */
  #sink(arrive: () => void, over: () => void): Sink {
    const lag = this.#random() < 0.5 ? 0 : this.#random() * 300
    const read = (sink: Sink): void => {
      sink.waiting = false
      arrive()
    }
    return new Sink((sink) => {
      if (lag === 0) this.#unread.push(() => read(sink))
      else this.#platform.setTimer(lag, () => read(sink))
    }, over)
  }

  #listenLater(session: SimSession): void {
    this.#platform.setTimer(500 + this.#random() * 2_000, () => this.#listen(session))
  }

  /** What has arrived on the session stream. */
  #hear(session: SimSession, sink: Sink): void {
    const text = sink.writes.splice(0).join('')
    if (session.listener !== sink) return
    for (const { id, data } of readEvents(text).events) {
      if (id !== undefined && id !== '') {
        session.lastId = id
        session.listeningSince ??= session.openedAt
      }
      if (data.includes('resources/updated')) session.toldAt = this.#platform.now()
    }
  }

  #unplug(session: SimSession): void {
    const sink = session.listener
    if (sink === undefined || sink.over !== undefined) return
    this.#lose(sink)
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
    const to = 1 + Math.floor(this.#random() * 10)
    const call: SimCall = {
      session,
      id: session.nextId++,
      tag: `t${++this.#tags}`,
      tool,
      to,
      owner,
      sink: undefined,
      lastId: undefined,
      messages: [],
      answered: new Set(),
      attachedAt: 0,
      endedAt: 0,
      answerTaken: false,
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
    const sink: Sink = this.#sink(
      () => this.#drainSink(call, sink),
      () => {
        // What was written last arrives before the end does.
        this.#drainSink(call, sink)
        replica.sinks.delete(sink)
        if (call.sink === sink) this.#broken(call)
      },
    )
    call.sink = sink
    call.attachedAt = this.#platform.now()
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
        call.endedAt = this.#platform.now()
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
          if (reply.status === 202) {
            // Some proxies send what was acknowledged again.
            if (!call.answerTaken && this.#random() < 0.3) attempt(left)
            call.answerTaken = true
          }
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
    if (call.cancelled) return
    this.#platform.setTimer(200 + this.#random() * 2_000, () => {
      if (call.outcome !== undefined || call.sink !== undefined) return
      if (call.lastId === undefined) {
        call.outcome = 'cut before the first event'
        this.#giveUp(call)
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

  /** Nothing more can come of a call whose stream has no place to come back to: its client cancels it. */
  #giveUp(call: SimCall, attempts = 8): void {
    const body = { method: 'notifications/cancelled', params: { requestId: call.id } }
    this.#background(
      this.#send(this.#pick(this.#alive()), 'POST', call.session.token, body).then(({ status }) => {
        if (status !== 202 && attempts > 0) this.#platform.setTimer(1_000, () => this.#giveUp(call, attempts - 1))
      }),
    )
  }

  #cut(): void {
    const open = this.#calls.filter(({ sink }) => sink !== undefined && sink.over === undefined)
    if (open.length === 0) return
    const call = this.#pick(open)
    const sink = call.sink!
    this.#lose(sink)
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

  /** Some of what was written last never arrives. */
  #lose(sink: Sink): void {
    if (this.#random() < 0.5) sink.writes.splice(Math.floor(this.#random() * (sink.writes.length + 1)))
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
    replica.kill()
    for (const sink of [...replica.sinks]) {
      replica.sinks.delete(sink)
      this.#lose(sink)
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

  #stop(): void {
    const replica = this.#pick(this.#alive())
    const now = this.#platform.now()
    if (replica.stoppedUntil > now) return
    const ms = this.#span()
    this.#note(`${replica.name}: stands still for ${Math.round(ms)} ms`)
    if (now - replica.stoppedUntil > 2_000) replica.stoppedSince = now
    replica.stoppedUntil = now + ms
    // What is cut off before or afterwards has not renewed its lease either.
    if (replica.stoppedUntil - replica.stoppedSince > LEASE_MS - 2_500 || this.#mischief.isolation)
      replica.mayBeLost = true
    replica.program.stop(ms)
  }

  #isolate(): void {
    const candidates = this.#alive().filter(({ engine }) => !engine.cut)
    if (candidates.length < 2) return
    const replica = this.#pick(candidates)
    const ms = this.#span()
    this.#note(`${replica.name}: cut off for ${Math.round(ms)} ms`)
    this.#cutOff(replica, ms)
    this.#platform.setTimer(ms, () => {
      if (!this.#outage && !replica.dead) replica.engine.heal()
    })
  }

  /** What is away again before it could renew its lease has been away all the time. */
  #cutOff(replica: SimReplica, ms: number): void {
    const now = this.#platform.now()
    if (now - replica.cutUntil > 2_000) replica.cutSince = now
    replica.cutUntil = now + ms
    if (replica.cutUntil - replica.cutSince > LEASE_MS - 2_500 && !this.#outage) replica.mayBeLost = true
    replica.engine.sever()
  }

  /** How long something is away: mostly less than a lease, and than what is tried again. */
  #span(): number {
    return 200 + this.#random() ** 3 * 11_000
  }

  #breakEngine(): void {
    if (this.#outage || this.#alive().some(({ engine }) => engine.cut)) return
    const ms = this.#span()
    this.#outage = true
    this.#note(`engine away for ${Math.round(ms)} ms`)
    for (const replica of this.#alive()) this.#cutOff(replica, ms)
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
    if (replica.dead) return NOTHING
    const answer = async (): Promise<HttpReply> => {
      await replica.program.runs()
      const admission = await replica.endpoint.begin(request)
      if ('status' in admission) return admission
      return replica.endpoint.post(request, admission, JSON.stringify({ jsonrpc: '2.0', ...body }))
    }
    return Promise.race([answer(), replica.death])
  }

  #background(promise: Promise<unknown>): void {
    promise.catch((thrown: unknown) => this.#violate(`thrown: ${String(thrown)}`))
  }

  /** Lets time go by; what was written arrives meanwhile. */
  #pass(ms: number): Promise<void> {
    return this.#platform.pass(ms, this.#read)
  }

  readonly #read = (): void => {
    for (const read of this.#unread.splice(0)) read()
  };

  *#faults(): Generator<string> {
    const { pauses, isolation, outages, emptying } = this.#mischief
    const timed = !(pauses || isolation || outages || emptying)
    for (const call of this.#calls) {
      yield* faultsOfCall(call, this.#emptied)
      if (timed) yield* faultsOfRecovery(call, LEASE_MS, this.#alive())
    }
    for (const [at, session] of this.#sessions.entries()) {
      yield* faultsOfSession(session, `session ${at}`, this.#updates, this.#emptied)
    }
    for (const [tag, count] of this.#effects) if (count > 1) yield `${tag} ran ${count} times`
    const anyMayBeLost = this.#replicas.some(({ mayBeLost }) => mayBeLost)
    for (const replica of this.#alive()) yield* faultsOfReplica(replica, anyMayBeLost)
  }

  async #check(): Promise<void> {
    for (const fault of this.#faults()) this.#violate(fault)
    const asked = this.#alive().flatMap((replica) =>
      this.#sessions.map((session, at) => {
        const answer: { status?: number; name: string } = { name: `${replica.name}, session ${at}` }
        const body = { id: `last ${replica.name}`, method: 'ping' }
        this.#background(
          this.#send(replica, 'POST', session.token, body).then(({ status }) => {
            answer.status = status
          }),
        )
        return { session, answer }
      }),
    )
    for (let round = 0; round < 100 && asked.some(({ answer }) => answer.status === undefined); round++) {
      await this.#pass(10)
    }
    for (const { session, answer } of asked) {
      // Whether a deletion happened that was not acknowledged is unknown.
      if (session.deleting && session.deletedAt === undefined) continue
      const expected = session.deletedAt === undefined ? 200 : 404
      if (answer.status !== expected) this.#violate(`${answer.name}: answers ${answer.status}, not ${expected}`)
    }
  }

  #note(what: string): void {
    this.#history.push(`${(this.#platform.elapsed / 1_000).toFixed(2)} ${what}`)
  }

  #violate(what: string): void {
    this.#violations.push(what)
    this.#note(`VIOLATION ${what}`)
  }
}
