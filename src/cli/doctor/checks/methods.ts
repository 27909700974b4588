/**
 * Do GET and DELETE reach the server: some proxies let only the usual methods pass.
 *
 * @module
 */
import { type Check, good, note, problem } from '../patient.ts'
import { refusalOf, type Talk } from '../talk.ts'

export const methods: Check = {
  id: 'methods',
  title: 'GET and DELETE',
  async run({ talk, between, profile, failed }) {
    const { session } = profile
    if (session === undefined) return []
    // A stream that is held back is a finding of its own.
    const get = failed.has('streaming') ? undefined : await talk.anywhere(() => talk.get(session))
    if (get !== undefined && get.status !== 200) await get.until(() => get.end !== undefined, 1_000)
    get?.close()
    const own = await ownSession(talk, session.revision)
    const removed = own && (await talk.anywhere(() => talk.delete(own)))
    const refused = [
      ...(get === undefined ? [] : [{ method: 'GET', status: get.status, text: get.text }]),
      ...(removed === undefined ? [] : [{ method: 'DELETE', ...removed }]),
    ].filter(
      ({ status, text }) => status >= 300 && !(status === 404 || status === 503 || answeredByServer(status, text)),
    )
    const remedies = between.remedies({
      nginx: 'remove limit_except, and conditions on $request_method, from the location',
      HAProxy: 'remove http-request deny … if METH_… for this path',
    })
    if (refused.length === 0) return [good(get === undefined ? 'DELETE reaches the server.' : 'Both reach the server.')]
    return refused.map(({ method, status }) => {
      // A server may do without; one of this package does not.
      if (status === 405 && !profile.ours) {
        return note(`The server does not offer ${method} (HTTP ${status}).`)
      }
      return problem(`${method} is answered with HTTP ${status}, and not by the server.`, {
        breaks:
          method === 'GET'
            ? 'Clients get no session stream and can not resume broken answers.'
            : 'Sessions can not be ended: they live until they expire.',
        remedies,
      })
    })
  },
}

/** Whatever is wrong with the request, it is the server that says so: in JSON-RPC. */
function answeredByServer(status: number, text: string): boolean {
  return status !== 405 && refusalOf(text) !== ''
}

/** A session that may be ended. */
async function ownSession(talk: Talk, revision: string) {
  const { reply } = await talk.initialize(revision)
  const id = reply.headers['mcp-session-id']
  return typeof id === 'string' ? { id, revision } : undefined
}
