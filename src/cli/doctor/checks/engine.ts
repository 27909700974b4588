/**
 * Do the replicas share an engine: what one of them is told has to hold on the others. Seen by three effects: a newer
 * session stream ends the older one, an ended session is gone everywhere, an answer is read again from another replica.
 *
 * @module
 */
import { duration } from '../../terminal/text.ts'
import { type Check, good, type Patient, problem } from '../patient.ts'
import type { Finding } from '../report.ts'
import { eventsOf, type Session } from '../talk.ts'
import { replicaOf } from './replicas.ts'

/** What crosses replicas takes milliseconds, and a second at most while the engine is slow. */
const CROSSING_MS = 2_500

/** How many session streams follow one another, so that some of them begin on another replica. */
const STREAMS = 4

const NOT_SHARED = {
  remedies: [
    {
      where: 'the server',
      change: "serve(server, { engine: redis('redis://…'), secrets }), the same for all replicas",
    },
    { where: 'fairlead run', change: 'FAIRLEAD_ENGINE=redis://… for every replica' },
  ],
} as const

export const engine: Check = {
  id: 'engine',
  title: 'Engine',
  async run(patient) {
    const { talk, profile, failed } = patient
    // Where requests of a session are refused by chance, nothing else can be told from it.
    if (!profile.ours || profile.session === undefined || failed.has('replicas')) return []
    const { revision } = profile.session
    const fresh = async (): Promise<Session> => {
      const { reply } = await talk.initialize(revision)
      return { id: String(reply.headers['mcp-session-id']), revision }
    }
    const findings = [
      ...(failed.has('streaming') ? [] : [await newest(patient, await fresh())]),
      ...(failed.has('headers') ? [] : await again(patient, await fresh())),
      ...(failed.has('methods') ? [] : [await ended(patient, await fresh())]),
    ]
    return findings
  },
}

/** Opens session streams one after another: each must end the one before, wherever that is. */
async function newest({ talk }: Patient, session: Session): Promise<Finding> {
  let before = await talk.get(session)
  let stayed = 0
  const slowest = { ms: 0 }
  for (let next = 1; next < STREAMS; next++) {
    await before.until(() => eventsOf(before.text).length > 0, CROSSING_MS)
    const at = performance.now()
    const newer = await talk.get(session)
    await before.until(() => before.end !== undefined, CROSSING_MS)
    if (before.end === undefined) stayed++
    else slowest.ms = Math.max(slowest.ms, performance.now() - at)
    before.close()
    before = newer
  }
  before.close()
  if (stayed === 0) {
    return good(`A newer session stream ends the older one on whatever replica (${duration(slowest.ms)} at most).`)
  }
  return problem(`${stayed} of ${STREAMS - 1} session streams went on although a newer one was opened elsewhere.`, {
    breaks: 'The replicas know nothing of each other: what one is told for a session does not reach its stream.',
    ...NOT_SHARED,
  })
}

/** Reads one answer again, by its first event id, on many connections. */
async function again({ talk, tries }: Patient, session: Session): Promise<Finding[]> {
  const { eventIds } = await talk.ping(session)
  const [first, last] = eventIds
  // A server that answers with JSON has nothing to resume, and older revisions no event to resume from.
  if (first === undefined || last === undefined || first === last) return []
  let missed = 0
  for (let done = 0; done < Math.min(tries, RESUMES); done++) {
    const stream = await talk.resume(session, first)
    const complete = (): boolean => eventsOf(stream.text).some(({ id, message }) => id === last && message?.['result'])
    if (!(await stream.until(complete, CROSSING_MS))) missed++
    stream.close()
  }
  const total = Math.min(tries, RESUMES)
  if (missed === 0)
    return [good(`An answer of replica ${short(first)} was read again ${total} times, wherever that was asked.`)]
  return [
    problem(`An answer could not be read again on ${missed} of ${total} connections.`, {
      breaks: 'A client whose connection breaks during a call loses the answer when it comes back to another replica.',
      ...NOT_SHARED,
    }),
  ]
}

const RESUMES = 6

function short(eventId: string): string {
  return `${(replicaOf(eventId) ?? '').slice(0, 6)}…`
}

/** Ends a session on one connection: after that it has to be gone on all. */
async function ended({ talk, tries }: Patient, session: Session): Promise<Finding> {
  // So that every replica knows it.
  const all = (): Promise<number[]> =>
    Promise.all(Array.from({ length: tries }, async () => (await talk.ping(session)).reply.status))
  await all()
  const { status } = await talk.delete(session)
  const until = performance.now() + CROSSING_MS
  let alive = await all()
  while (alive.some((one) => one !== 404) && performance.now() < until) alive = await all()
  const served = alive.filter((one) => one !== 404).length
  if (served === 0) return good(`After DELETE (${status}) a session is gone on every connection.`)
  return problem(`After DELETE (${status}) ${served} of ${tries} requests of the session were still served.`, {
    breaks: 'Sessions that users have ended go on on other replicas, and so does whatever else is set on one of them.',
    ...NOT_SHARED,
  })
}
