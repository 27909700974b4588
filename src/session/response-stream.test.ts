import { expect, test } from 'vitest'
import { FakeSink } from '../../test/unit/fake-sink.ts'
import { type TestReplica, testReplica } from '../../test/unit/replica.ts'
import type { Limits } from './limits.ts'
import { ResponseStream } from './response-stream.ts'

async function setUp(limits: Partial<Limits> = {}) {
  const on: TestReplica = await testReplica({ limits })
  let gone = 0
  const stream = new ResponseStream(on.replica, '', { streamGone: () => gone++ })
  return { ...on, stream, sink: new FakeSink(), gone: () => gone }
}

test('what is sent in one turn leaves in one write, in order and without ids', async () => {
  const { stream, sink, platform, replica } = await setUp()
  stream.send('{"a":1}')
  stream.attach(sink)
  expect(sink.writes).toEqual(['data: {"a":1}\n\n'])
  stream.send('{"b":2}')
  stream.send('{"c":3}')
  expect(sink.writes).toHaveLength(1)
  platform.endTurn()
  expect(sink.writes[1]).toBe('data: {"b":2}\n\ndata: {"c":3}\n\n')
  stream.finish('{"d":4}')
  expect([sink.over, sink.events.map(({ id, data }) => [id, data])]).toEqual([
    'end',
    ['{"a":1}', '{"b":2}', '{"c":3}', '{"d":4}'].map((data) => [undefined, data]),
  ])
  expect(replica.openStreams).toBe(0)
})

test('a stream that is finished before it has a connection is sent whole', async () => {
  const { stream, sink } = await setUp()
  stream.send('1')
  stream.finish('2')
  stream.attach(sink)
  expect([sink.text, sink.over]).toEqual(['data: 1\n\ndata: 2\n\n', 'end'])
})

test('an end without a message only ends', async () => {
  const { stream, sink } = await setUp()
  stream.attach(sink)
  stream.finish(undefined)
  expect([sink.events, sink.over]).toEqual([[], 'end'])
  stream.send('late')
  stream.finish('late')
  expect(sink.events).toEqual([])
})

test('its user hears once that the connection is gone, and nothing is sent after', async () => {
  const { stream, sink, gone, platform, replica } = await setUp()
  stream.attach(sink)
  stream.send('never')
  sink.cut()
  expect(gone()).toBe(1)
  platform.endTurn()
  stream.send('never')
  stream.finish('never')
  expect([sink.events, gone(), replica.openStreams]).toEqual([[], 1, 0])
})

test('a connection that closes after the end is no news', async () => {
  const { stream, sink, gone } = await setUp()
  stream.attach(sink)
  stream.finish('1')
  expect(sink.onClose).toBeUndefined()
  expect(gone()).toBe(0)
})

test('comments keep a silent stream open, and only a silent one', async () => {
  const { stream, sink, platform, replica } = await setUp()
  stream.attach(sink)
  await platform.pass(60_000, 1_000)
  const comments = () => sink.text.split(':\n\n').length - 1
  expect(comments()).toBeGreaterThanOrEqual(4)
  const before = comments()
  for (let second = 0; second < 30; second++) {
    stream.send('busy')
    await platform.pass(1_000)
  }
  expect(comments()).toBe(before)
  expect(replica.counters.keepAlives).toBe(before - 1)
  stream.finish(undefined)
  await platform.pass(60_000, 1_000)
})

test('a slow reader gets everything in order once it has caught up', async () => {
  const { stream, sink, platform } = await setUp()
  stream.attach(sink)
  sink.slow = true
  stream.send('1')
  platform.endTurn()
  stream.send('2')
  stream.send('3')
  platform.endTurn()
  expect(sink.events.map(({ data }) => data)).toEqual(['1'])
  sink.drain()
  expect(sink.events.map(({ data }) => data)).toEqual(['1', '2', '3'])
  sink.slow = true
  stream.send('4')
  platform.endTurn()
  stream.finish('5')
  expect(sink.over).toBeUndefined()
  sink.drain()
  expect([sink.over, sink.events.at(-1)?.data]).toEqual(['end', '5'])
})

test('a reader that takes nothing is let go: by time, or when too much waits for it', async () => {
  const byTime = await setUp({ stallMs: 1_000 })
  byTime.stream.attach(byTime.sink)
  byTime.sink.slow = true
  byTime.stream.send('1')
  await byTime.platform.pass(2_000, 100)
  expect([byTime.sink.over, byTime.gone()]).toEqual(['destroy', 1])

  const bySize = await setUp({ windowBytes: 100 })
  bySize.stream.attach(bySize.sink)
  bySize.sink.slow = true
  for (let at = 0; at < 40; at++) {
    bySize.stream.send('x'.repeat(20))
    bySize.platform.endTurn()
  }
  expect([bySize.sink.over, bySize.gone(), bySize.replica.counters.streamsStalled]).toEqual(['destroy', 1, 1])
})

test('a message of any size leaves, and a connection that comes too late is refused', async () => {
  const { stream, sink, gone } = await setUp({ windowBytes: 100 })
  stream.send('x'.repeat(10_000))
  stream.send('one too many')
  expect(gone()).toBe(1)
  stream.attach(sink)
  expect([sink.over, sink.writes]).toEqual(['destroy', []])
  const other = await setUp({ windowBytes: 100 })
  other.stream.send('x'.repeat(10_000))
  other.stream.attach(other.sink)
  expect(other.sink.events[0]!.data.length).toBe(10_000)
})
