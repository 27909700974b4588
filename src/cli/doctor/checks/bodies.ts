/**
 * How large may a request be, and must its length be known: proxies have limits of their own.
 *
 * @module
 */
import { LATEST_LEGACY } from '../../../testing/client/revisions.ts'
import { type Check, good, note, type Patient, problem } from '../patient.ts'
import type { Finding } from '../report.ts'
import { errorOf } from '../talk.ts'
import { NoAnswer } from '../wire.ts'

const MIB = 1024 * 1024

/** What a server of this package takes unless `limits.bodyBytes` says otherwise; a little is left for the rest. */
const OUR_BYTES = 4 * MIB - 4096

/** Enough for a picture; more is nothing to send to a stranger. */
const OTHER_BYTES = 2 * MIB

export const bodies: Check = {
  id: 'bodies',
  title: 'Request bodies',
  run: async (patient) => [await large(patient), ...(await unmeasured(patient))],
}

async function large({ talk, profile, between }: Patient): Promise<Finding> {
  const bytes = profile.ours ? OUR_BYTES : OTHER_BYTES
  const size = `${(bytes / MIB).toFixed(1)} MiB`
  const revision = profile.legacy ?? LATEST_LEGACY.name
  const remedies = between.remedies({
    nginx: 'client_max_body_size 4m;',
    Caddy: 'request_body { max_size 4MiB }',
    'AWS ALB': 'the limit is 1 MiB for Lambda targets only',
  })
  try {
    const answer = await talk.initialize(revision, {}, bytes)
    const { status } = answer.reply
    if (status !== 413) return good(`A request of ${size} reaches the server.`)
    const why = errorOf(answer)
    if (why !== '') return note(`The server takes no ${size} in one request (413): ${why}`)
    return problem(`A request of ${size} is refused with 413, and not by the server.`, { breaks: LARGE, remedies })
  } catch (thrown) {
    if (!(thrown instanceof NoAnswer)) throw thrown
    return problem(`A request of ${size} gets no answer: ${thrown.message}.`, { breaks: LARGE, remedies })
  }
}

const LARGE = 'Calls with an image or a file among their arguments fail.'

/** A body whose length is not known when it begins. */
async function unmeasured({ talk, profile, between }: Patient): Promise<Finding[]> {
  const { reply } = await talk.initialize(profile.legacy ?? LATEST_LEGACY.name, { chunked: true })
  if (reply.status !== 411 && reply.status !== 501) return []
  return [
    note(`A request with Transfer-Encoding: chunked is refused (HTTP ${reply.status}).`, {
      breaks: 'Clients that stream what they send can not call.',
      remedies: between.remedies({ nginx: 'chunked_transfer_encoding on; proxy_http_version 1.1;' }),
    }),
  ]
}
