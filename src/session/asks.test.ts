import { expect, test } from 'vitest'
import { newSession, testReplica } from '../../test/unit/replica.ts'

test('an answer is taken once, and only from the session that was asked', async () => {
  const on = await testReplica()
  const session = await newSession(on)
  const other = await newSession(on)
  let id = ''
  const route = {
    sendAsk(_: string, asked: string | undefined) {
      id = asked ?? id
    },
  }
  const times = { timeoutMs: 1_000, maxTimeoutMs: 1_000 }
  const answer = on.asks.ask(session, 1, route, 'elicitation/create', {}, times)
  const take = (from: typeof session, text: string): boolean =>
    on.asks.take(from.facts.uid, from.facts.principal, { jsonrpc: '2.0', id, result: { text } })
  expect(take(other, 'foreign')).toBe(false)
  expect(take(session, 'first')).toBe(true)
  expect(take(session, 'second')).toBe(false)
  expect(await answer).toEqual({ text: 'first' })
  expect(on.asks.size).toBe(0)
  expect(session.openAsks).toBe(0)
  expect(on.replica.counters.asksAnswered).toBe(1)
  expect(on.replica.counters.answersUnknown).toBe(2)
})
