/** Opens sessions as a client does: initialize, then the initialized notification. Every answer is checked. */
import { INITIALIZED_BODY, initializeBody, post, uniqueNumber } from './messages.mjs'

/** Throws unless the condition holds. The message says what was expected and what came. */
export function expect(condition, expected, actual) {
  if (!condition) throw new Error(`expected ${expected}, got ${JSON.stringify(actual)?.slice(0, 600)}`)
}

/** Reads the session out of the answer to initialize. */
export function sessionOf(head, message, id) {
  expect(head.status === 200, 'status 200 for initialize', { head, message })
  expect(message?.id === id && typeof message.result?.protocolVersion === 'string', 'an initialize result', message)
  expect(head.sessionId !== undefined, 'a session id', head)
  // A peer that knows only older revisions answers with its own; what follows is in that one.
  return { id: head.sessionId, revision: message.result.protocolVersion }
}

/** @returns { id, revision } of a session that is ready for requests */
export async function openSession(connection, port, { accept } = {}) {
  const id = uniqueNumber()
  const { head, messages } = await connection.exchange(post(port, initializeBody(id), { accept }))
  const session = sessionOf(head, messages[0], id)
  const notified = await connection.exchange(post(port, INITIALIZED_BODY, { session, accept }))
  expect(notified.head.status === 202, 'status 202 for initialized', notified)
  return session
}
