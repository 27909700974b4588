/**
 * The retry of a request that is parked on another replica, as it is led there, and what comes back: each exchange has
 * a log of its own, `exchange/<connection>`, with one writer, the replica of the call, and one reader, the replica that
 * holds the connection of the client.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */
import type { JsonObject, RequestId } from '../wire/jsonrpc.ts'
import type { LogLevel } from '../wire/log-level.ts'
import { type Revision, revisionNamed } from '../wire/revision.ts'
import type { Reader } from './inbox.ts'
import type { Identity } from './principal.ts'
import type { Replica } from './replica.ts'
import { Session } from './session.ts'
import type { SessionFacts } from './session-id.ts'

/** A retry whose `requestState` was opened, and fits the request. */
export interface ForwardedRetry {
  /** Who holds the connection of the client. */
  readonly reader: Reader
  /** Where the call waits, and in which round. */
  readonly tag: string
  readonly round: number
  /** What was verified about the sender; never the credentials themselves. */
  readonly identity?: Identity
  readonly client: RequestFacts
  /** The headers of the request that handlers may want to see; never credentials. */
  readonly headers: { readonly [name: string]: string }
  readonly requestId: RequestId
  readonly params: JsonObject
}

/** What a modern request says of its client, in a form that can be written down. */
export interface RequestFacts extends Omit<SessionFacts, 'uid' | 'birth' | 'expiresAt' | 'revision'> {
  readonly revision: string
  readonly level?: LogLevel
}

/** The last record of the log: the answer, and what it says where it is an error. */
export interface ForwardedAnswer {
  readonly text?: string
  readonly error?: string
}

export function exchangeLogOf(connection: string): string {
  return `exchange/${connection}`
}

const NOTHING: ReadonlySet<string> = new Set()

/** What stands for a session where there is none: everything that one request says of its client. */
export interface RequestClient extends Pick<SessionFacts, 'capabilities' | 'client' | 'principal' | 'extensions'> {
  readonly revision: Revision
  readonly level?: LogLevel | undefined
}

/** Made for every request of the modern era, so its facts are put together one by one: copies of objects cost microseconds. */
export function sessionOfRequest(replica: Replica, said: RequestClient): Session {
  const { revision, capabilities, client, principal, extensions, level } = said
  const expiresAt = Number.POSITIVE_INFINITY
  const facts = { uid: '', birth: '', expiresAt, revision, capabilities, client, principal, extensions }
  const session = new Session(facts, '', replica.ring.eventKey(replica.ring.sealingKeyId))
  if (level !== undefined) session.state = { level, subscriptions: NOTHING }
  return session
}

/** The same on another replica, from what was written down. */
export function sessionOfFacts(replica: Replica, written: RequestFacts): Session {
  const revision = revisionNamed(written.revision)
  if (revision === undefined) {
    throw new TypeError(`${written.revision} is not a revision that this version of the server knows.`)
  }
  return sessionOfRequest(replica, { ...written, revision })
}

export function factsOfRequest({ facts, state }: Session): RequestFacts {
  const { capabilities, client, principal, extensions, revision } = facts
  const level = state?.level
  return { capabilities, client, principal, extensions, revision: revision.name, ...(level && { level }) }
}
