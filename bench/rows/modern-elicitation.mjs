/**
 * One call that asks the client a question in the way of 2026-07-28: the first answer asks for input, and the retry brings
 * the client's answer together with the state that came with the question.
 */
import { Connection } from '../lib/http-client.mjs'
import { PreparedRequest, uniqueNumber } from '../lib/messages.mjs'
import { modernCall } from '../lib/modern-messages.mjs'
import { expect } from '../lib/session-client.mjs'
import { expectComplete } from './modern-call.mjs'

/** The question of an interim answer, under whichever key the server gave it. */
function questionIn(message, id) {
  const result = message?.result
  const [entry] = Object.entries(result?.inputRequests ?? {})
  const right =
    message?.id === id && result?.resultType === 'input_required' && entry?.[1].method === 'elicitation/create'
  expect(right, `an input_required result for call ${id}`, message)
  return { key: entry[0], requestState: result.requestState }
}

export async function modernElicitationLane(port) {
  const connection = new Connection(port)
  await connection.opened()
  const { number } = PreparedRequest
  const request = new PreparedRequest(modernCall(port, number, 'ask', number))
  const lane = {
    run(done) {
      const id = uniqueNumber()
      let last
      const keep = (message) => {
        last = message
      }
      const onResult = (head, message) => {
        expect(head.status === 200, 'status 200', head)
        expectComplete(message ?? last, id + 1, `name ${id}`)
        done()
      }
      const onQuestion = (head, message) => {
        expect(head.status === 200, 'status 200', head)
        const { key, requestState } = questionIn(message ?? last, id)
        last = undefined
        const inputResponses = { [key]: { action: 'accept', content: { name: `name ${id}` } } }
        // A retry is a request of its own, with an id of its own.
        connection.send(modernCall(port, id + 1, 'ask', id, { inputResponses, requestState }), onResult, keep)
      }
      connection.send(request.withNumber(id), onQuestion, keep)
    },
    close: () => connection.close(),
  }
  connection.onError = (error) => lane.fail(error)
  return lane
}
