/** A client's whole way in: initialize, the initialized notification, one call. Each operation is a new session. */
import { Connection } from '../lib/http-client.mjs'
import { callBody, INITIALIZED_BODY, initializeBody, post, uniqueNumber } from '../lib/messages.mjs'
import { expect, sessionOf } from '../lib/session-client.mjs'
import { expectText } from './call.mjs'

/** @param withCall false leaves the call out: what remains is a session that idles */
export async function initializeLane(port, { accept, withCall = true }) {
  const connection = new Connection(port)
  await connection.opened()
  const lane = {
    run(done) {
      const id = uniqueNumber()
      let last
      const keep = (message) => {
        last = message
      }
      const called = (_head, message) => {
        expectText(message ?? last, id, `hello ${id}`)
        done()
      }
      const initialized = (head, message) => {
        const session = sessionOf(head, message ?? last, id)
        connection.send(post(port, INITIALIZED_BODY, { session, accept }), ({ status }) => {
          expect(status === 202, 'status 202 for initialized', status)
          if (withCall) connection.send(post(port, callBody(id, 'echo'), { session, accept }), called, keep)
          else done()
        })
      }
      connection.send(post(port, initializeBody(id), { accept }), initialized, keep)
    },
    close: () => connection.close(),
  }
  connection.onError = (error) => lane.fail(error)
  return lane
}
