/**
 * One call that asks the client a question: an SSE stream brings the question, the answer is a POST on the client's second
 * connection, and the result comes on the stream of the call.
 */
import { Connection } from '../lib/http-client.mjs'
import { callBody, elicitationAnswerBody, get, PreparedRequest, post, uniqueNumber } from '../lib/messages.mjs'
import { expect, openSession } from '../lib/session-client.mjs'
import { expectText } from './call.mjs'

/** @param asksOnSessionStream the server sends questions on the GET stream, so the client has one open */
export async function elicitationLane(port, { asksOnSessionStream }) {
  const calls = new Connection(port)
  const answers = new Connection(port)
  const stream = asksOnSessionStream ? new Connection(port) : undefined
  const connections = [calls, answers, ...(stream ? [stream] : [])]
  await Promise.all(connections.map((connection) => connection.opened()))
  const session = await openSession(calls, port)
  const request = new PreparedRequest(post(port, callBody(PreparedRequest.number, 'ask'), { session }))

  let id
  let last
  let waiting
  let done
  const oneEnded = () => {
    waiting -= 1
    if (waiting === 0) done()
  }
  const onAnswered = ({ status }) => {
    expect(status === 202, 'status 202 for the answer', status)
    oneEnded()
  }
  const onMessage = (message) => {
    last = message
    if (message.method !== 'elicitation/create') return
    answers.send(post(port, elicitationAnswerBody(message.id, id), { session }), onAnswered)
  }
  const onResult = (head) => {
    expect(head.status === 200, 'status 200', head)
    expectText(last, id, `name ${id}`)
    oneEnded()
  }

  await stream?.openStream(get(port, session), onMessage)
  const lane = {
    run(whenDone) {
      id = uniqueNumber()
      done = whenDone
      waiting = 2
      calls.send(request.withNumber(id), onResult, onMessage)
    },
    close() {
      for (const connection of connections) connection.close()
    },
  }
  for (const connection of connections) connection.onError = (error) => lane.fail(error)
  return lane
}
