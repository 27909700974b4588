import { expect, test } from 'vitest'
import { FakeSink } from '../../test/unit/fake-sink.ts'
import { newSession, type TestReplicaOptions, testReplica } from '../../test/unit/replica.ts'
import { notificationMessage, requestMessage } from '../wire/jsonrpc.ts'
import { ConnectionStream } from './connection-stream.ts'
import { appendMailbox } from './mailbox.ts'

async function connected(options: TestReplicaOptions = {}) {
  const on = await testReplica(options)
  const sink = new FakeSink()
  let ended = 0
  const stream = new ConnectionStream(on.streams, '', sink, '/messages?sessionId=a', () => ended++)
  const session = await newSession(on, { revision: '2024-11-05' })
  stream.begin(session)
  return { ...on, sink, stream, session, ended: () => ended }
}

/** The endpoint event is no JSON. */
const messages = (sink: FakeSink) => sink.text.slice(sink.text.indexOf('retry:'))
const methodsOf = (sink: FakeSink) => [...messages(sink).matchAll(/"method":"([^"]+)"/g)].map(([, method]) => method)

test('the endpoint is said at once, and what is sent in one turn leaves in one write', async () => {
  const { sink, stream, platform } = await connected()
  expect(sink.writes).toEqual([
    expect.stringMatching(/^event: endpoint\ndata: \/messages\?sessionId=a\n\nretry: \d+\n\n$/),
  ])
  stream.report(notificationMessage('a'))
  stream.send(notificationMessage('b'))
  expect(sink.writes).toHaveLength(1)
  await platform.settle()
  expect(sink.writes).toHaveLength(2)
  expect(sink.writes[1]).toBe(
    'event: message\ndata: {"jsonrpc":"2.0","method":"a"}\n\nevent: message\ndata: {"jsonrpc":"2.0","method":"b"}\n\n',
  )
})

test('a slow reader gets what waited, in order, and every invalidation once after it', async () => {
  const { sink, stream, session, platform, cluster } = await connected()
  session.state = { level: undefined, subscriptions: new Set(['test://a']) }
  sink.slow = true
  stream.send(notificationMessage('first'))
  await platform.settle()
  stream.report(notificationMessage('second'))
  for (let n = 0; n < 3; n++) {
    await cluster.append({ v: 1, t: 'updated', uri: 'test://a' })
    await cluster.append({ v: 1, t: 'updated', uri: 'test://b' })
    await cluster.append({ v: 1, t: 'list', list: 'tools' })
  }
  await platform.settle()
  stream.send(notificationMessage('third'))
  await platform.settle()
  expect(methodsOf(sink)).toEqual(['first'])
  sink.drain()
  expect(methodsOf(sink)).toEqual([
    'first',
    'second',
    'third',
    'notifications/resources/updated',
    'notifications/tools/list_changed',
  ])
})

test('too many notifications end the connection of a slow reader; answers do not', async () => {
  const { sink, stream, platform, replica, ended } = await connected({
    limits: { windowEvents: 3, windowBytes: 1_000 },
  })
  sink.slow = true
  stream.send(notificationMessage('first'))
  await platform.settle()
  for (let n = 0; n < 10; n++) stream.send(notificationMessage('answer', { text: 'x'.repeat(1_000) }))
  await platform.settle()
  expect([sink.over, stream.full, ended()]).toEqual([undefined, true, 0])
  for (let n = 0; n < 3; n++) stream.report(notificationMessage('progress'))
  await platform.settle()
  expect(sink.over).toBeUndefined()
  stream.report(notificationMessage('progress'))
  await platform.settle()
  expect([sink.over, ended(), replica.counters.streamsLost, replica.openStreams]).toEqual(['destroy', 1, 1, 0])
})

test('too many bytes of notifications do so too', async () => {
  const { sink, stream, platform } = await connected({ limits: { windowBytes: 1_000 } })
  sink.slow = true
  stream.report(notificationMessage('large', { text: 'x'.repeat(5_000) }))
  await platform.settle()
  // It left before the reader was known to be slow.
  expect(sink.over).toBeUndefined()
  stream.report(notificationMessage('large', { text: 'x'.repeat(5_000) }))
  await platform.settle()
  expect(sink.over).toBe('destroy')
})

test('after a gap in the cluster log everything may have changed', async () => {
  const { sink, stream, session, platform, replica } = await connected()
  session.state = { level: undefined, subscriptions: new Set(['test://a']) }
  stream.clusterGap()
  await platform.settle()
  expect(methodsOf(sink)).toEqual([
    'notifications/tools/list_changed',
    'notifications/resources/list_changed',
    'notifications/resources/updated',
  ])
  expect(replica.counters.sessionStreamResyncs).toBe(1)
})

test('the mailbox is read on a hint, and stays where it is while the reader is slow', async () => {
  const { sink, session, stream, platform, store, streams, replica } = await connected()
  await streams.send(session, notificationMessage('one'))
  await platform.settle()
  expect(methodsOf(sink)).toEqual(['one'])
  sink.slow = true
  stream.send(notificationMessage('two'))
  await platform.settle()
  // Nobody waits for the answer to this question any more.
  const ask = {
    v: 1,
    t: 'ask',
    text: requestMessage('x', 'roots/list'),
    id: 'x',
    deadline: platform.now() + 1,
  } as const
  await appendMailbox(store, session.facts.uid, ask, replica.tags.next())
  for (let n = 0; n < 300; n++) await streams.send(session, notificationMessage(`mail/${n}`))
  await platform.settle()
  expect(methodsOf(sink)).toEqual(['one', 'two'])
  sink.drain()
  await platform.settle()
  expect(methodsOf(sink)).toEqual(['one', 'two', ...Array.from({ length: 300 }, (_, n) => `mail/${n}`)])
})

test('a connection without calls is let go at once, another one after its last call', async () => {
  const idle = await connected()
  idle.stream.letGo()
  await idle.platform.settle()
  expect([idle.sink.over, idle.ended()]).toEqual(['end', 1])

  const busy = await connected()
  const call = { requestId: 1, session: busy.session, abort: () => {} }
  busy.session.add(call)
  busy.stream.letGo()
  await busy.platform.settle()
  expect(busy.sink.over).toBeUndefined()
  busy.session.remove(call)
  busy.stream.send(notificationMessage('answer'))
  busy.stream.callEnded()
  await busy.platform.settle()
  expect([methodsOf(busy.sink), busy.sink.over]).toEqual([['answer'], 'end'])
})

test('a reader that takes nothing loses its connection; a silent one gets comments, a slow one none', async () => {
  const { sink, stream, platform, replica, session, ended } = await connected()
  await platform.pass(16_000, 500)
  expect(sink.comments).toBe(1)
  sink.slow = true
  stream.send(notificationMessage('taken'))
  await platform.pass(29_000, 500)
  expect([sink.comments, sink.over]).toEqual([1, undefined])
  await platform.pass(2_000, 500)
  expect([sink.over, ended(), replica.counters.streamsStalled]).toEqual(['destroy', 1, 1])
  expect([session.stream, session.openStreams, replica.openStreams]).toEqual([undefined, 0, 0])
  stream.send(notificationMessage('late'))
  stream.close()
  await platform.pass(60_000, 5_000)
  expect(ended()).toBe(1)
})

test('what a session had set goes with its connection', async () => {
  const { session, sessions, store, platform, stream } = await connected()
  await sessions.change(session, (entry) => ({ ...entry, level: 'debug' }))
  const key = `session/${session.facts.uid}`
  expect((await store.get(key))?.value).toContain('debug')
  stream.close()
  await sessions.release(session)
  expect((await store.get(key))?.value).not.toContain('debug')
  await expect(sessions.change(session, () => ({ v: 1 }))).rejects.toMatchObject({ code: 'session_not_found' })
  await expect(sessions.changeValues(session, () => ({ v: 1 }))).rejects.toMatchObject({ code: 'session_not_found' })
  await platform.pass(61_000, 1_000)
  expect(await store.get(key)).toBeUndefined()
})
