/**
 * Do the headers that MCP needs arrive as they were sent. Each is sent with a value that a server must refuse: whoever
 * accepts it has not seen it.
 *
 * @module
 */
import { LAST_EVENT_ID, PROTOCOL_VERSION } from '../../../wire/headers.ts'
import { listed } from '../../terminal/text.ts'
import type { Between } from '../between.ts'
import { type Check, good, note, type Patient, problem } from '../patient.ts'
import type { Finding } from '../report.ts'
import type { Session } from '../talk.ts'
import { NoAnswer } from '../wire.ts'

interface Probe {
  readonly header: string
  readonly breaks: string
  /** Whether the header has arrived. */
  arrives(patient: Patient, session: Session): Promise<boolean>
}

/** No refusal takes that long, unless it is one that a replica thinks about for 5 s. */
const HELD_MS = 6_000

/** The status of a GET with these headers. */
async function statusOfGet(patient: Patient, session: Session, headers: Record<string, string>): Promise<number> {
  const { talk } = patient
  try {
    const reply = await talk.anywhere(() => talk.get(session, headers, HELD_MS))
    reply.close()
    return reply.status
  } catch (thrown) {
    // A stream has begun that something holds back; a refusal would have come.
    if (thrown instanceof NoAnswer && thrown.silent) return 200
    throw thrown
  }
}

/** Nobody has this name. */
const FOREIGN_ORIGIN = 'https://doctor.invalid'

const PROBES: readonly Probe[] = [
  {
    header: 'MCP-Protocol-Version',
    breaks: 'Requests are taken for those of an older revision, and get its behaviour.',
    arrives: async (patient, session) =>
      (await statusOfGet(patient, session, { [PROTOCOL_VERSION]: '1999-01-01' })) === 400,
  },
  {
    header: 'Last-Event-ID',
    breaks: 'Clients whose connection broke do not get what they missed: answers are lost.',
    arrives: async (patient, session) =>
      (await statusOfGet(patient, session, { [LAST_EVENT_ID]: 'no-such-id' })) === 400,
  },
  {
    header: 'Accept',
    breaks: 'The server can not tell what a client understands.',
    arrives: async (patient, session) => (await statusOfGet(patient, session, { accept: 'text/plain' })) === 406,
  },
  {
    header: 'Origin',
    breaks: 'Web pages can reach the server by DNS rebinding: what protects it does not see them.',
    async arrives({ talk }, session) {
      const headers = { origin: FOREIGN_ORIGIN }
      const reply = await talk.anywhere(async () => (await talk.ping(session, { headers })).reply)
      // Every origin is let in on purpose where CORS says so.
      return reply.status === 403 || reply.headers['access-control-allow-origin'] !== undefined
    },
  },
]

export const headers: Check = {
  id: 'headers',
  title: 'Headers',
  async run(patient) {
    const { session, ours } = patient.profile
    if (session === undefined) return []
    // Other servers may accept these values although they see them.
    const probes = ours ? PROBES : []
    const findings: Finding[] = []
    // Nothing would have come so far without this one.
    const passed = ['Mcp-Session-Id']
    for (const { header, breaks, arrives } of probes) {
      if (await arrives(patient, session)) passed.push(header)
      else findings.push(lost(patient.between, header, breaks))
    }
    findings.unshift(good(`${listed(passed)} ${passed.length === 1 ? 'arrives' : 'arrive'}.`))
    if (!ours) findings.push(note('The server is none of this package: what only its identifiers tell is left out.'))
    return findings
  },
}

/** A header of requests that is not passed on. */
export function lost(between: Between, header: string, breaks: string): Finding {
  return problem(`${header} does not arrive at the server.`, {
    breaks,
    remedies: between.remedies({
      nginx: `remove proxy_set_header ${header} …; and proxy_pass_request_headers off;`,
      HAProxy: `remove http-request del-header ${header.toLowerCase()}, and set-header of it`,
      Caddy: `remove header_up -${header}`,
    }),
  })
}
