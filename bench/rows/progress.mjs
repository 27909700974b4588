/** One call that sends 20 progress notifications on its SSE stream, which must come in order, and then the result. */
import { Connection } from '../lib/http-client.mjs'
import { callBody, PreparedRequest, post, uniqueNumber } from '../lib/messages.mjs'
import { expect, openSession } from '../lib/session-client.mjs'
import { STEPS } from '../targets/target-options.mjs'
import { expectText } from './call.mjs'

export async function progressLane(port) {
  const connection = new Connection(port)
  await connection.opened()
  const session = await openSession(connection, port)
  const body = callBody(PreparedRequest.number, 'steps', { progress: true })
  const request = new PreparedRequest(post(port, body, { session }))
  const lane = {
    run(done) {
      const id = uniqueNumber()
      let seen = 0
      let last
      connection.send(
        request.withNumber(id),
        (head) => {
          expect(head.status === 200, 'status 200', head)
          expect(seen === STEPS, `${STEPS} progress notifications`, seen)
          expectText(last, id, `hello ${id}`)
          done()
        },
        (message) => {
          last = message
          if (message.method === undefined) return
          seen += 1
          const right = message.params?.progressToken === id && message.params.progress === seen
          expect(right, `progress ${seen} of call ${id}`, message)
        },
      )
    },
    close: () => connection.close(),
  }
  connection.onError = (error) => lane.fail(error)
  return lane
}
