/** One `tools/call` of revision 2026-07-28: no session, an envelope and headers that mirror it; the answer is checked. */
import { Connection } from '../lib/http-client.mjs'
import { PreparedRequest, uniqueNumber } from '../lib/messages.mjs'
import { modernCall } from '../lib/modern-messages.mjs'
import { expect } from '../lib/session-client.mjs'
import { expectText } from './call.mjs'

/** A result of this era says that it is complete. */
export function expectComplete(message, id, text) {
  expectText(message, id, text)
  expect(message.result.resultType === 'complete', 'a result of type complete', message)
}

export async function modernCallLane(port, { json }) {
  const connection = new Connection(port)
  await connection.opened()
  const { number } = PreparedRequest
  const request = new PreparedRequest(modernCall(port, number, 'echo', number))
  const lane = {
    run(done) {
      const id = uniqueNumber()
      let last
      connection.send(
        request.withNumber(id),
        (head, message) => {
          expect(head.status === 200 && head.eventStream === !json, `200 with ${json ? 'JSON' : 'SSE'}`, head)
          expectComplete(json ? message : last, id, `hello ${id}`)
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
