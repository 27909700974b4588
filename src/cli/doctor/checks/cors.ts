/**
 * What a browser is told before a page of another origin may call.
 *
 * @see the Fetch standard, "CORS protocol"
 * @module
 */
import { LATEST_LEGACY } from '../../../testing/client/revisions.ts'
import { listed } from '../../terminal/text.ts'
import { type Check, good, note, problem } from '../patient.ts'
import type { Finding } from '../report.ts'

/** What a client in a page sends. */
const SENT = ['content-type', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id', 'authorization']

/** Asked for where nobody names an origin. */
const SOME_PAGE = 'https://doctor.invalid'

export const cors: Check = {
  id: 'cors',
  title: 'Web pages (CORS)',
  async run({ talk, profile, origin, between }) {
    const page = origin ?? SOME_PAGE
    const preflight = await talk.wire.send({
      method: 'OPTIONS',
      headers: {
        origin: page,
        'access-control-request-method': 'POST',
        'access-control-request-headers': SENT.join(', '),
      },
    })
    const allowed = preflight.headers['access-control-allow-origin']
    const remedies = [{ where: 'the server', change: `serve(server, { cors: { origins: ['${page}'] } })` }]
    if (allowed === undefined) {
      if (origin === undefined) return [good('Pages of other origins may not call; --origin asks for one of them.')]
      return [
        problem(`Pages of ${page} may not call: the preflight is answered with HTTP ${preflight.status}.`, {
          remedies,
        }),
      ]
    }
    const findings: Finding[] = []
    const { reply } = await talk.initialize(profile.legacy ?? LATEST_LEGACY.name, { headers: { origin: page } })
    const doubled = [allowed, reply.headers['access-control-allow-origin'] ?? ''].find((value) => value.includes(','))
    if (doubled !== undefined) {
      findings.push(
        problem(`Access-Control-Allow-Origin comes twice (${doubled}): from the server and from the proxy.`, {
          breaks: 'Browsers refuse every answer.',
          remedies: between.remedies({
            nginx: 'remove add_header Access-Control-…: the server says it itself',
            HAProxy: 'remove http-response add-header Access-Control-…',
            Caddy: 'remove header Access-Control-…',
          }),
        }),
      )
    }
    const named = (preflight.headers['access-control-allow-headers'] ?? '').toLowerCase()
    const missing = named === '*' ? ['authorization'] : SENT.filter((header) => !named.includes(header))
    if (missing.length > 0) {
      findings.push(
        problem(`Pages may not send ${listed(missing)}.`, { breaks: 'Clients in browsers fail.', remedies }),
      )
    }
    const readable = (reply.headers['access-control-expose-headers'] ?? '').toLowerCase()
    if (profile.session !== undefined && readable !== '*' && !readable.includes('mcp-session-id')) {
      findings.push(problem('Pages may not read Mcp-Session-Id.', { breaks: 'Clients in browsers fail.', remedies }))
    }
    if (findings.length > 0) return findings
    if (allowed === '*' && origin === undefined) return [note('Pages of every origin may call.')]
    return [good(`Pages of ${page} may call.`)]
  },
}
