/**
 * A stream that stays open: the session stream, or where there are no sessions a subscription of the modern era.
 *
 * @module
 */
import type { Patient } from './patient.ts'
import { eventsOf, type Session } from './talk.ts'
import type { OpenStream } from './wire.ts'

export interface Lasting {
  /** For sentences: `a session stream`. */
  readonly name: string
  /** Whether its server is known to send something at once. */
  readonly prompt: boolean
  /** Whether what comes at once has come. */
  begun(stream: OpenStream): boolean
  open(headers?: Readonly<Record<string, string>>, limitMs?: number): Promise<OpenStream>
}

/** The revision from which session streams of this package begin with an event. */
const PRIMED = '2025-11-25'

/** The stream to look at, if the server has one. */
export function lastingOf({ talk, profile }: Patient): Lasting | undefined {
  const { session, modern, ours } = profile
  const [revision] = modern
  // Of a stranger's session stream nobody knows when it begins.
  if (session !== undefined && (ours || revision === undefined)) {
    // Older revisions get no event to begin with, but the time after which to come back.
    const primed = ours && session.revision >= PRIMED
    return {
      name: 'a session stream',
      prompt: ours,
      begun: (stream) => (primed ? eventsOf(stream.text).length > 0 : stream.text !== ''),
      open: (headers, limitMs) => talk.anywhere(() => talk.get(session, headers, limitMs)),
    }
  }
  if (revision === undefined) return undefined
  return {
    name: 'a subscription',
    // "The server MUST send the acknowledgement as the first message."
    prompt: true,
    begun: (stream) => eventsOf(stream.text).length > 0,
    open: (headers, limitMs) => talk.listen(revision, headers, limitMs),
  }
}

/** The same for a session of its own: a newer session stream ends the one before. */
export async function lastingOfItsOwn(patient: Patient): Promise<Lasting | undefined> {
  const { talk, profile } = patient
  if (profile.session === undefined) return lastingOf(patient)
  const { revision } = profile.session
  const { reply } = await talk.initialize(revision)
  const id = reply.headers['mcp-session-id']
  if (typeof id !== 'string') return undefined
  const session: Session = { id, revision }
  return lastingOf({ ...patient, profile: { ...profile, session } })
}
