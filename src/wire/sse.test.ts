import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { expect, test } from 'vitest'
import { SSE_KEEP_ALIVE, sseEvent, ssePriming, sseRetry } from './sse.ts'

/** What a client of the standard sees. */
function read(text: string): { events: EventSourceMessage[]; retries: number[]; comments: number } {
  const events: EventSourceMessage[] = []
  const retries: number[] = []
  let comments = 0
  const parser = createParser({
    onEvent: (event) => events.push(event),
    onRetry: (ms) => retries.push(ms),
    onComment: () => comments++,
  })
  parser.feed(text)
  return { events, retries, comments }
}

test('a message is an event of no type, which clients take for message', () => {
  expect(read(sseEvent('id-1', '{"a":1}')).events).toEqual([{ event: undefined, id: 'id-1', data: '{"a":1}' }])
})

test('without an id the event has none', () => {
  expect(read(sseEvent(undefined, '{}')).events).toEqual([{ event: undefined, id: undefined, data: '{}' }])
})

test('the priming event has an id, the time to wait, and empty data', () => {
  const { events, retries } = read(ssePriming('id-0', 1_500))
  expect(events).toEqual([{ event: undefined, id: 'id-0', data: '' }])
  expect(retries).toEqual([1_500])
})

test('the time to wait alone and the keep-alive dispatch no event', () => {
  const { events, retries, comments } = read(sseRetry(60_000) + SSE_KEEP_ALIVE)
  expect(events).toEqual([])
  expect(retries).toEqual([60_000])
  expect(comments).toBe(1)
})

test('events one after the other stay apart', () => {
  const text = sseRetry(1) + sseEvent('1', '"a"') + SSE_KEEP_ALIVE + sseEvent('2', '"b"') + ssePriming('3', 2)
  expect(read(text).events.map(({ id, data }) => [id, data])).toEqual([
    ['1', '"a"'],
    ['2', '"b"'],
    ['3', ''],
  ])
})
