import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeSink, messagesOf, readEvents } from '../../test/unit/fake-sink.ts'
import { newSession, type TestReplica, testReplica } from '../../test/unit/replica.ts'
import { readEventId } from './event-id.ts'
import type { Limits } from './limits.ts'
import { RequestStream } from './request-stream.ts'
import type { Session } from './session.ts'
import { skipEvents } from './stream-window.ts'

const message = (n: number): string => JSON.stringify({ jsonrpc: '2.0', method: 'n', params: { n } })
const ANSWER = JSON.stringify({ jsonrpc: '2.0', id: 7, result: {} })

/** A stream with a client that remembers the last id, as a client would. */
class Followed {
  readonly stream: RequestStream
  /** Everything that the client has read, over all connections. */
  read = ''
  sink: FakeSink | undefined
  broken = false
  readonly #on: TestReplica
  readonly #session: Session

  constructor(on: TestReplica, session: Session) {
    this.#on = on
    this.#session = session
    this.stream = new RequestStream(on.replica, session, on.replica.nextCall(), 7, true)
    this.stream.prime()
    this.stream.owner = {
      streamBroken: () => {
        this.broken = true
      },
    }
    this.stream.opener = { openStream: (stream) => this.connect((sink) => stream.attach(sink, -1)) }
  }

  connect(attach: (sink: FakeSink) => boolean): boolean {
    this.sink = new FakeSink()
    return attach(this.sink)
  }

  /** Reads what has arrived so far; `lost`: the last writes never arrived, as happens to a connection that breaks. */
  take(lost = 0): void {
    if (this.sink === undefined) return
    const arrived = this.sink.writes.slice(0, this.sink.writes.length - lost)
    this.sink.writes.splice(0)
    this.read += arrived.join('')
  }

  cut(lost: number): void {
    if (this.sink?.over !== undefined) return
    this.take(lost)
    this.sink?.cut()
  }

  /** Comes back with the last id, to a stream that goes on or one that is finished. `false`: what was missed is gone. */
  resume(): boolean {
    this.take()
    const last = readEvents(this.read).events.findLast(({ id }) => id !== undefined)?.id
    if (last === undefined) throw new Error('nothing to resume from')
    const id = readEventId(this.#session.eventKey, last)
    if (id?.stream !== 'request') throw new Error(`an id that does not verify: ${last}`)
    if (id.final) return true
    if (this.#on.replica.streams.has(id.call)) {
      return this.stream.canAttach(id.sequence) && this.connect((sink) => this.stream.attach(sink, id.sequence))
    }
    const finished = this.#on.replica.finished.get(id.call)
    if (finished === undefined || finished.first > id.sequence + 1) return false
    this.sink = undefined
    this.read += skipEvents(finished.text, id.sequence + 1 - finished.first)
    return true
  }

  get seen(): readonly unknown[] {
    return messagesOf(this.read).map(({ params, id }) => (id === undefined ? params?.['n'] : 'answer'))
  }
}

async function follow(limits: Partial<Limits> = {}): Promise<{ on: TestReplica; one: Followed }> {
  const on = await testReplica({ limits })
  const one = new Followed(on, await newSession(on))
  one.stream.open()
  return { on, one }
}

type Step =
  | { readonly does: 'send'; readonly count: number }
  | { readonly does: 'turn' | 'resume' | 'slow' | 'drain' | 'close' }
  | { readonly does: 'cut'; readonly lost: number }

const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    { weight: 4, arbitrary: fc.record({ does: fc.constant('send' as const), count: fc.integer({ min: 1, max: 5 }) }) },
    { weight: 4, arbitrary: fc.record({ does: fc.constant('turn' as const) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constant('cut' as const), lost: fc.integer({ min: 0, max: 3 }) }) },
    { weight: 2, arbitrary: fc.record({ does: fc.constantFrom('resume' as const, 'slow', 'drain', 'close') }) },
  ),
  { maxLength: 60 },
)

describe('whatever happens to its connections', () => {
  test('case 25: a client that comes back gets every message once and in order, and the answer last', async () => {
    const on = await testReplica()
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const one = new Followed(on, await newSession(on))
        let sent = 0
        one.stream.open()
        one.take()
        for (const step of all) {
          if (step.does === 'send') for (let n = 0; n < step.count; n++) one.stream.send(message(sent++))
          else if (step.does === 'turn') on.platform.endTurn()
          else if (step.does === 'cut') one.cut(step.lost)
          else if (step.does === 'close') one.stream.closeConnection()
          else if (step.does === 'slow' && one.sink?.over === undefined) one.sink!.slow = true
          else if (step.does === 'drain' && one.sink?.over === undefined) one.sink!.drain()
          else if (step.does === 'resume') expect(one.resume()).toBe(true)
        }
        one.stream.finish(ANSWER)
        on.platform.endTurn()
        if (one.sink?.over === undefined) one.sink?.drain()
        one.cut(1)
        for (let again = 0; again < 2; again++) expect(one.resume()).toBe(true)
        one.take()
        expect(one.seen).toEqual([...Array.from({ length: sent }, (_, n) => n), 'answer'])
        const ids = readEvents(one.read).events.map(({ id }) => id)
        expect(new Set(ids).size).toBe(ids.length)
        expect(one.stream.connected).toBe(false)
        expect(one.broken).toBe(false)
      }),
      { numRuns: 300 },
    )
    expect(on.replica.openStreams).toBe(0)
    expect(on.replica.streams.size).toBe(0)
    expect(on.reported).toEqual([])
  })

  test('an id of each event resumes with exactly what came after it', async () => {
    const { on, one } = await follow()
    for (let n = 0; n < 6; n++) one.stream.send(message(n))
    on.platform.endTurn()
    const { events } = readEvents(one.sink!.text)
    for (const [at, { id }] of events.entries()) {
      one.read = `id: ${id}\ndata:\n\n`
      expect(one.resume()).toBe(true)
      one.take()
      expect(one.seen).toEqual([0, 1, 2, 3, 4, 5].slice(at))
    }
  })
})

describe('the window', () => {
  test('a client that stays away for more events than it holds is told, and never shown a hole', async () => {
    const { on, one } = await follow({ windowEvents: 10 })
    one.cut(0)
    for (let n = 0; n < 30; n++) {
      one.stream.send(message(n))
      on.platform.endTurn()
    }
    expect(one.resume()).toBe(false)
  })

  test('nor for longer', async () => {
    const { on, one } = await follow({ windowMs: 1_000 })
    one.cut(0)
    one.stream.send(message(0))
    on.platform.endTurn()
    on.platform.advance(1_500)
    one.stream.send(message(1))
    on.platform.endTurn()
    expect(one.resume()).toBe(false)
  })

  test('a reader that is too slow for it gets the error as its last event, and the call hears of it', async () => {
    const { on, one } = await follow({ windowBytes: 2_000 })
    one.sink!.slow = true
    for (let n = 0; n < 200 && !one.broken; n++) {
      one.stream.send(message(n))
      on.platform.endTurn()
    }
    expect(one.broken).toBe(true)
    expect(one.sink!.over).toBe('end')
    const last = messagesOf(one.sink!.text).at(-1)
    expect(last).toMatchObject({ id: 7, error: { data: { reason: 'stream_lost' } } })
    one.stream.send(message(999))
    one.stream.finish(ANSWER)
    expect(messagesOf(one.sink!.text).at(-1)).toEqual(last)
    expect(on.replica.streams.size).toBe(0)
    expect(on.replica.counters.streamsLost).toBe(1)
  })

  test('a question that has no answer yet is not counted out', async () => {
    const { on, one } = await follow({ windowEvents: 5 })
    one.cut(0)
    for (let n = 0; n < 8; n++) {
      one.stream.sendAsk(message(n), `ask-${n}`)
      on.platform.endTurn()
    }
    expect(one.resume()).toBe(true)
    one.take()
    expect(one.seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
  })
})

describe('a silent connection', () => {
  test('gets a comment every 15 s, and one timer in all', async () => {
    const { on, one } = await follow()
    const timers = on.platform.timers
    for (let second = 0; second < 46; second++) on.platform.advance(1_000)
    expect(one.sink!.comments).toBe(3)
    expect(on.platform.timers).toBe(timers)
    one.stream.finish(ANSWER)
    expect(one.sink!.over).toBe('end')
  })

  test('a reader that takes nothing for the stall time is cut off, and can come back', async () => {
    const { on, one } = await follow({ stallMs: 1_000 })
    one.take()
    one.sink!.slow = true
    one.stream.send(message(0))
    on.platform.endTurn()
    on.platform.advance(1_200)
    expect(one.sink!.over).toBe('destroy')
    expect(on.replica.counters.streamsStalled).toBe(1)
    one.sink!.writes.splice(0)
    expect(one.resume()).toBe(true)
    one.take()
    expect(one.seen).toEqual([0])
  })
})
