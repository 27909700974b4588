/**
 * Does the endpoint answer with and without a trailing slash: people type both.
 *
 * @module
 */
import { LATEST_LEGACY } from '../../../testing/client/revisions.ts'
import { type Check, good, note } from '../patient.ts'

export const slash: Check = {
  id: 'slash',
  title: 'Trailing slash',
  async run({ talk, between, profile }) {
    const { pathname, search } = talk.wire.url
    if (pathname === '/') return []
    const other = pathname.endsWith('/') ? pathname.slice(0, -1) : `${pathname}/`
    const revision = profile.legacy ?? LATEST_LEGACY.name
    const { reply, message } = await talk.initialize(revision, { path: `${other}${search}` })
    // A server of the modern era alone refuses initialize at either.
    if (message !== undefined && reply.status !== 404) return [good(`${pathname} and ${other} are both served.`)]
    const moved = reply.status >= 300 && reply.status < 400
    const seen = `${other} is ${moved ? `redirected (HTTP ${reply.status})` : `answered with HTTP ${reply.status}`}.`
    return [
      note(seen, {
        breaks: `Who configures ${other} ${moved ? 'depends on a client that follows redirects of a POST' : 'gets no server'}.`,
        remedies: between.remedies({
          nginx: `location ${pathname.replace(/\/$/, '')} { … } without "=", which serves both`,
          HAProxy: `path_beg ${pathname.replace(/\/$/, '')} instead of path`,
          Caddy: `handle ${pathname.replace(/\/$/, '')}* { … }`,
        }),
      }),
    ]
  },
}
