/** One `tools/call` in an open session; the text and the id of the answer are checked. */
import { Connection } from '../lib/http-client.mjs'
import { callBody, PreparedRequest, post, uniqueNumber } from '../lib/messages.mjs'
import { expect, openSession } from '../lib/session-client.mjs'

/** The last message of a tools/call must be its result with exactly this text. */
export function expectText(message, id, text) {
  const result = message?.result
  const right = message?.id === id && result?.content?.[0]?.text === text && result.isError !== true
  expect(right, `the result of call ${id} with the text "${text}"`, message)
}

export async function callLane(port, { accept, json }) {
  const connection = new Connection(port)
  await connection.opened()
  const session = await openSession(connection, port, { accept })
  const request = new PreparedRequest(post(port, callBody(PreparedRequest.number, 'echo'), { session, accept }))
  const lane = {
    run(done) {
      const id = uniqueNumber()
      let last
      connection.send(
        request.withNumber(id),
        (head, message) => {
          expect(head.status === 200 && head.eventStream === !json, `200 with ${json ? 'JSON' : 'SSE'}`, head)
          expectText(json ? message : last, id, `hello ${id}`)
          done()
        },
        (message) => {
          last = message
        },
      )
    },
    close: () => connection.close(),
  }
  connection.onError = (error) => lane.fail(error)
  return lane
}
