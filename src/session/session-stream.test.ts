import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FakeSink, messagesOf, readEvents } from '../../test/unit/fake-sink.ts'
import { manualPlatform } from '../../test/unit/manual-platform.ts'
import { twistStore } from '../../test/unit/memory-harness.ts'
import { newSession, type TestReplica, testReplica } from '../../test/unit/replica.ts'
import { EngineError, type TableEntry } from '../engine/engine.ts'
import { memoryEngine } from '../engine/memory.ts'
import type { McpError } from '../wire/errors.ts'
import { readEventId } from './event-id.ts'
import { readMailbox } from './mailbox.ts'
import type { Peers } from './peers.ts'
import { REPLACED_RETRY_MS } from './retry.ts'
import type { Session } from './session.ts'

const message = (n: number): string => JSON.stringify({ jsonrpc: '2.0', method: 'n', params: { n } })

/** A client of the session stream: what it has read, and the connection that it has open. */
class Listener {
  read = ''
  sink: FakeSink | undefined
  readonly #on: TestReplica
  readonly #session: Session

  constructor(on: TestReplica, session: Session) {
    this.#on = on
    this.#session = session
  }

  async listen(resume: boolean): Promise<FakeSink> {
    this.take()
    const last = resume ? readEvents(this.read).events.findLast(({ id }) => id !== undefined)?.id : undefined
    const from = last === undefined ? undefined : readEventId(this.#session.eventKey, last)
    if (from?.stream === 'request') throw new Error('an id of another kind of stream')
    this.sink = new FakeSink()
    this.#on.streams.open(this.#session, this.sink, from)
    await this.#on.platform.settle()
    return this.sink
  }

  take(lost = 0): void {
    if (this.sink === undefined) return
    this.read += this.sink.writes.slice(0, this.sink.writes.length - lost).join('')
    this.sink.writes.splice(0)
  }

  get seen(): readonly unknown[] {
    return messagesOf(this.read).flatMap(({ method, params }) => (method === 'n' ? [params?.['n']] : []))
  }

  get methods(): readonly (string | undefined)[] {
    return messagesOf(this.read).map(({ method }) => method)
  }
}

async function listening(): Promise<{ on: TestReplica; session: Session; one: Listener }> {
  const on = await testReplica()
  const session = await newSession(on)
  const one = new Listener(on, session)
  await one.listen(false)
  return { on, session, one }
}

describe('messages to a session', () => {
  const steps = fc.array(
    fc.oneof(
      fc.record({ does: fc.constant('send' as const), count: fc.integer({ min: 1, max: 3 }) }),
      fc.record({ does: fc.constant('cut' as const), count: fc.integer({ min: 0, max: 2 }) }),
      fc.record({ does: fc.constantFrom('resume' as const, 'slow', 'drain'), count: fc.constant(0) }),
    ),
    { maxLength: 25 },
  )

  test('case 25: reach a client that resumes once each and in order, whatever happens to its connections', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const { on, session, one } = await listening()
        let sent = 0
        for (const { does, count } of all) {
          if (does === 'send') for (let n = 0; n < count; n++) await on.streams.send(session, message(sent++))
          else if (does === 'resume') await one.listen(true)
          else if (does === 'slow' && one.sink?.over === undefined) one.sink!.slow = true
          else if (does === 'drain' && one.sink?.over === undefined) one.sink!.drain()
          else if (does === 'cut' && one.sink?.over === undefined) {
            // The priming event has been read, else there is nothing to come back with.
            one.take(Math.min(count, Math.max(0, one.sink!.writes.length - 2)))
            one.sink!.cut()
          }
          await on.platform.settle()
        }
        await one.listen(true)
        one.take()
        expect(one.seen).toEqual(Array.from({ length: sent }, (_, n) => n))
        expect(on.reported).toEqual([])
      }),
      { numRuns: 60 },
    )
  })

  test('that came while nobody listened reach the next GET, and only once', async () => {
    const { on, session, one } = await listening()
    one.sink!.cut()
    await on.streams.send(session, message(0))
    await one.listen(false)
    one.take()
    one.sink!.cut()
    await one.listen(false)
    one.take()
    expect(one.seen).toEqual([0])
  })
})

describe('the newest GET', () => {
  test('has the stream: the older one ends cleanly and is told to stay away', async () => {
    const { on, session, one } = await listening()
    const older = one.sink!
    const newer = await one.listen(true)
    expect(older.over).toBe('end')
    expect(readEvents(older.text).retries.at(-1)).toBe(REPLACED_RETRY_MS)
    await on.streams.send(session, message(0))
    await on.platform.settle()
    expect(messagesOf(newer.text)).toHaveLength(1)
    expect(on.streams.size).toBe(1)
  })

  test('without an id gets one re-sync of what it may have missed', async () => {
    const { on, one } = await listening()
    one.sink!.cut()
    await one.listen(false)
    await on.platform.settle()
    one.take()
    expect(one.methods).toEqual(['notifications/tools/list_changed', 'notifications/resources/list_changed'])
  })

  test('with an id from before the lists changed gets the news of them', async () => {
    const { on, one } = await listening()
    one.take()
    one.sink!.cut()
    on.catalogue.hash = 'hash2'
    await one.listen(true)
    one.take()
    expect(one.methods).toEqual(['notifications/tools/list_changed', 'notifications/resources/list_changed'])
  })
})

describe('claims that are slow', () => {
  /** Two replicas on one store; what the first one puts takes until it is let through. */
  async function pair() {
    const platform = manualPlatform()
    const store = await memoryEngine(platform).open(() => {})
    const held: (() => void)[] = []
    const slow = twistStore(store, {
      put: (key, value, options) =>
        new Promise((resolve, reject) => {
          held.push(() => store.put(key, value, options).then(resolve, reject))
        }),
    })
    const here = await testReplica({ platform, store: slow })
    const there = await testReplica({ platform, store })
    for (const [own, other] of [
      [here, there],
      [there, here],
    ] as const) {
      const hint: Peers['hint'] = (to, record) => {
        const target = to === other.replica.id ? other : own
        if (record.t === 'replaced') target.streams.replaced(record.uid, record.connection)
      }
      own.replica.peers = { isDead: () => false, hint } as unknown as Peers
    }
    const session = await newSession(there)
    const twin = await here.sessions.open(session.token, '')
    if (typeof twin === 'string') throw new Error(twin)
    /** Lets everything through that the first replica puts, the newest first, until it puts no more. */
    const letThrough = async () => {
      await platform.settle()
      while (held.length > 0) {
        for (const put of held.splice(0).reverse()) put()
        await platform.settle()
      }
    }
    return { there: new Listener(there, session), here: new Listener(here, twin), letThrough }
  }

  test('a connection that ends while it claims does not end the one that has the stream', async () => {
    const { there, here, letThrough } = await pair()
    const gone = await here.listen(false)
    const lives = await there.listen(false)
    gone.cut()
    await letThrough()
    expect(lives.over).toBeUndefined()
  })

  test('of connections that come at once to two replicas one is left', async () => {
    const { there, here, letThrough } = await pair()
    const sinks: FakeSink[] = []
    for (let n = 0; n < 4; n++) sinks.push(await here.listen(false), await there.listen(false))
    await letThrough()
    expect(sinks.filter(({ over }) => over === undefined)).toHaveLength(1)
  })
})

test('an idle session holds nothing once its stream is gone', async () => {
  const { on, session, one } = await listening()
  const timers = on.platform.timers
  one.sink!.cut()
  await on.platform.settle()
  expect(on.streams.size).toBe(0)
  expect(session.stream).toBeUndefined()
  expect(session.busy).toBe(false)
  expect(on.platform.timers).toBeLessThanOrEqual(timers)
})

test('a question for which no stream is found in time is not asked, even if the last look falls on that moment', async () => {
  const on = await testReplica()
  const session = await newSession(on)
  on.replica.peers = { isDead: () => false, hint: () => {} } as unknown as Peers
  const asked = Promise.resolve(on.streams.route(session, 60_000).sendAsk('{}', 'question'))
  const outcome = asked.then(
    () => 'asked',
    ({ code }: McpError) => code,
  )
  await on.platform.pass(5_000, 250)
  expect(await Promise.race([outcome, 'waiting'])).toBe('ask_unreachable')
  expect(await readMailbox(on.store, session.facts.uid, 'birth', 1)).toMatchObject({ entries: [] })
})

describe('a change of a subscribed resource', () => {
  const URI = 'test://one'

  /** Two replicas on one store, of which the first reads it through `get`. */
  async function pair(
    get: (key: string, read: () => Promise<TableEntry | undefined>) => Promise<TableEntry | undefined>,
  ) {
    const platform = manualPlatform()
    const store = await memoryEngine(platform).open(() => {})
    const slow = twistStore(store, { get: (key) => get(key, () => store.get(key)) })
    const on = await testReplica({ platform, store: slow })
    const other = await testReplica({ platform, store })
    const session = await newSession(on)
    const there = await other.sessions.open(session.token, '')
    if (typeof there === 'string') throw new Error(there)
    const subscribe = () => other.sessions.change(there, (entry) => ({ ...entry, subscriptions: [URI] }))
    return { platform, on, other, session, one: new Listener(on, session), subscribe }
  }

  const updates = (one: Listener) => one.methods.filter((method) => method === 'notifications/resources/updated')

  test('is told though it comes before the new connection has the stream', async () => {
    let go: () => void = () => {}
    const gate = new Promise<void>((resolve) => {
      go = resolve
    })
    const { platform, other, one, subscribe } = await pair((key, read) =>
      key.startsWith('holder/') ? gate.then(read) : read(),
    )
    await subscribe()
    await one.listen(false)
    await other.cluster.append({ v: 1, t: 'updated', uri: URI })
    await platform.settle()
    go()
    await platform.settle()
    one.take()
    expect(updates(one)).toHaveLength(1)
  })

  test('is told though the subscription, made elsewhere, could not be read at first', async () => {
    let failures = 0
    const { platform, other, on, one, subscribe } = await pair(async (key, read) => {
      if (key.startsWith('session/') && failures-- > 0) throw new EngineError('unavailable', 'away')
      return read()
    })
    await one.listen(false)
    failures = 1
    await subscribe()
    await platform.settle()
    expect(on.reported).toHaveLength(1)
    await other.cluster.append({ v: 1, t: 'updated', uri: URI })
    await platform.settle()
    one.take()
    expect(updates(one)).toHaveLength(1)
  })
})
