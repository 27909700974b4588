/**
 * The last phase: DELETE, and the proof that the session is gone.
 *
 * @see the specification, basic/lifecycle, "Shutdown", and basic/transports, "Session Management"
 * @module
 */
import { ClientError } from '../../../testing/client/index.ts'
import type { Walker } from '../walker.ts'

export async function walkShutdown(walker: Walker): Promise<void> {
  const { client, report, silence } = walker
  report.phase('shutdown', 'The client ends the session. There is no message for it: HTTP itself is the signal.')
  if (client.session?.sessionId === undefined) {
    report.note('There is no session to end: a client of this server just stops.')
    return
  }
  report.step('DELETE', 'The client no longer needs the session.')
  const ended = await client.end()
  if (ended?.status === 405) {
    report.note('The server keeps its sessions until they expire: it does not let clients end them (405).')
    return
  }
  if (ended && ended.status >= 300) {
    report.problem(`DELETE should end the session, or be refused with 405. It was answered with ${ended.status}.`)
    return
  }
  // The server ends the session stream by itself; where it does not, the client does.
  await silence()
  client.closeStream()
  report.good('The server ended the session.')
  report.step('Proof', 'A message with the old session id must find nothing: 404.')
  await prove(walker)
}

async function prove({ request, report }: Walker): Promise<void> {
  try {
    await request('ping')
    report.problem('The server still answers in a session that was ended; the specification demands 404.')
  } catch (error) {
    if (!(error instanceof ClientError) || error.status === undefined) throw error
    if (error.status === 404) report.good('The session is gone (404).')
    else report.problem(`The server refuses the old session with ${error.status}; the specification demands 404.`)
  }
}
