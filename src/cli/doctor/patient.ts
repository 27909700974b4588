/**
 * What the checks know of the endpoint, found out once, and how each of them looks.
 *
 * @module
 */
import type { Between } from './between.ts'
import type { Finding } from './report.ts'
import type { Session, Talk } from './talk.ts'

/** What `reach` has found out. */
export interface Profile {
  readonly server: { readonly name: string; readonly version: string }
  /** The newest revision with a handshake, where there is one. */
  readonly legacy: string | undefined
  /** The modern revisions that `server/discover` names. */
  readonly modern: readonly string[]
  /** A session that one replica at least knows; absent where the server is stateless or speaks the modern era alone. */
  readonly session: Session | undefined
  /** Whether the server is of this package: more is known about it then. */
  readonly ours: boolean
  /** How long a plain answer takes. */
  readonly plainMs: number
}

export interface Patient {
  readonly talk: Talk
  readonly profile: Profile
  readonly between: Between
  /** How many connections are opened to see what answers them. */
  readonly tries: number
  /** The origin of the web pages that are to call the server, where there are any. */
  readonly origin: string | undefined
  /** The checks that have found a problem. */
  readonly failed: ReadonlySet<string>
}

/** One check: one file in `checks`, one question. */
export interface Check {
  readonly id: string
  readonly title: string
  run(patient: Patient): Promise<readonly Finding[]>
}

export function good(seen: string): Finding {
  return { verdict: 'good', seen }
}

export function note(seen: string, more: Omit<Finding, 'verdict' | 'seen'> = {}): Finding {
  return { verdict: 'note', seen, ...more }
}

export function problem(seen: string, more: Omit<Finding, 'verdict' | 'seen'> = {}): Finding {
  return { verdict: 'problem', seen, ...more }
}
