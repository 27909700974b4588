/**
 * Do several replicas answer, and can each of them open the same session: the secret that seals session ids is shared.
 * The event ids of a server of this package say which replica has answered, and its session ids by which key they are
 * sealed; other servers are judged by whether they know the session.
 *
 * @module
 */
import { duration, listed, plural } from '../../terminal/text.ts'
import { type Check, good, note, type Patient, problem } from '../patient.ts'
import type { Finding } from '../report.ts'
import type { Session } from '../talk.ts'

/** How many sessions are tried: one could have been made by the one replica that is different. */
const SESSIONS = 3

interface Answer {
  readonly status: number
  readonly ms: number
  readonly replica: string | undefined
  readonly cookie: string | undefined
}

export const replicas: Check = {
  id: 'replicas',
  title: 'Replicas, secret',
  async run(patient) {
    const { talk, profile, tries } = patient
    if (profile.session === undefined) return []
    const { revision } = profile.session
    const opened = await Promise.all(Array.from({ length: tries }, () => talk.initialize(revision)))
    const ids = opened.flatMap(({ reply }) => reply.headers['mcp-session-id'] ?? []).map(String)
    const keys = new Map(ids.map((id) => [keyOf(id), id]))
    const chosen = [...new Set([...keys.values(), ...ids])].slice(0, SESSIONS).map((id) => ({ id, revision }))
    const answers = (await Promise.all(chosen.map((session) => pings(patient, session)))).flat()
    return [...answered(patient, answers), shared(patient, answers, profile.ours ? keys.size : 0)]
  },
}

/** The id of the key that has sealed a session id. It is in plain sight, and opens nothing. */
function keyOf(id: string): string {
  return id.split('.')[1] ?? ''
}

/** The replica that an event id names. */
export function replicaOf(eventId: string | undefined): string | undefined {
  return /^r\.([A-Za-z0-9_-]+)\./.exec(eventId ?? '')?.[1]
}

function pings({ talk, tries }: Patient, session: Session): Promise<Answer[]> {
  const ping = async (): Promise<Answer> => {
    const at = performance.now()
    const { reply, eventIds } = await talk.ping(session)
    return {
      status: reply.status,
      ms: performance.now() - at,
      replica: replicaOf(eventIds[0]),
      cookie: reply.headers['set-cookie']?.[0]?.split('=')[0],
    }
  }
  return Promise.all(Array.from({ length: tries }, ping))
}

/** Who has answered. */
function answered({ profile, tries }: Patient, answers: readonly Answer[]): Finding[] {
  const counts = new Map<string, number>()
  for (const { replica } of answers) if (replica !== undefined) counts.set(replica, (counts.get(replica) ?? 0) + 1)
  const cookie = answers.find((answer) => answer.cookie !== undefined)?.cookie
  const sticky =
    cookie === undefined
      ? []
      : [
          note(
            `Answers set the cookie ${cookie}. If that is for session affinity: nothing here needs it, and MCP clients keep no cookies.`,
          ),
        ]
  if (counts.size === 0) {
    const why = profile.ours ? 'the server answers with plain JSON' : 'only servers of this package say so'
    return [note(`Which replica has answered can not be told: ${why}.`), ...sticky]
  }
  const shares = listed([...counts.values()].sort((a, b) => b - a).map(String))
  if (counts.size === 1) {
    const seen = `One replica has answered all of ${plural(tries, 'connection')}. Where there are more, the balancer is sticky.`
    return [note(seen), ...sticky]
  }
  return [good(`${counts.size} replicas have answered (${shares} of ${answers.length} requests).`), ...sticky]
}

/** Whether each of them knows the sessions of the others. */
function shared({ profile }: Patient, answers: readonly Answer[], keys: number): Finding {
  const of = (status: number): readonly Answer[] => answers.filter((answer) => answer.status === status)
  const refused = answers.filter(({ status }) => status !== 200)
  const sealed = keys > 1 ? ` Their ids are sealed with ${keys} different keys.` : ''
  if (refused.length === 0) {
    const rotation = keys > 1 ? `${sealed} All replicas open both: a rotation that is going on.` : ''
    return good(`Every request of a session was served, ${answers.length} of ${answers.length}.${rotation}`)
  }
  const share = `${refused.length} of ${answers.length} requests`
  if (!profile.ours) {
    return problem(`${share} of a session were refused (HTTP ${statuses(refused)}), on connections of their own.`, {
      breaks: 'Clients lose their session again and again, and do not begin a new one by themselves.',
      remedies: [
        {
          where: 'the balancer',
          change: 'this server needs all requests of a session on one process: hash by Mcp-Session-Id',
        },
      ],
    })
  }
  if (of(503).length > 0) {
    const slow = duration(Math.max(...of(503).map(({ ms }) => ms)))
    return problem(
      `${share} of a session were refused with 503, after up to ${slow}: by replicas with another secret.${sealed}`,
      {
        breaks: 'Every request of a client is a game of chance.',
        remedies: [
          { where: 'the server', change: 'give all replicas the same secrets (FAIRLEAD_SECRET), and one engine' },
          { where: 'rotation', change: 'deploy the new one behind the old one, then in front of it, then alone' },
        ],
      },
    )
  }
  if (of(404).length > 0) {
    return problem(`${share} of a session were refused with 404: each replica has made a secret of its own.${sealed}`, {
      breaks: 'To clients their session is over; most do not begin a new one by themselves.',
      remedies: [
        {
          where: 'the server',
          change: 'serve(server, { engine, secrets }): the same secrets and one engine for all replicas',
        },
      ],
    })
  }
  return problem(`${share} of a session were refused (HTTP ${statuses(refused)}).`, {
    breaks: 'Every request of a client is a game of chance.',
    remedies: [
      { where: 'the balancer', change: 'look at the replicas one by one: this command takes the URL of each' },
    ],
  })
}

function statuses(answers: readonly Answer[]): string {
  return listed([...new Set(answers.map(({ status }) => String(status)))])
}
