/**
 * Every requirement of the specification that concerns a server, as data. A test cites what it shows by
 * {@link verifies}; `coverage.test.ts` fails when a MUST of a revision that is served has no such test.
 */
import { asks } from './manifest/asks.ts'
import { base } from './manifest/base.ts'
import { features } from './manifest/features.ts'
import { httpWithSse } from './manifest/http-with-sse.ts'
import { lifecycle } from './manifest/lifecycle.ts'
import type { Requirement, Revision } from './manifest/row.ts'
import { security } from './manifest/security.ts'
import { sessions } from './manifest/sessions.ts'
import { transport } from './manifest/transport.ts'
import { utilities } from './manifest/utilities.ts'

export { type Level, levelIn, type Requirement, type Revision, type Side } from './manifest/row.ts'

const ALL = [
  ...base,
  ...lifecycle,
  ...transport,
  ...httpWithSse,
  ...sessions,
  ...utilities,
  ...features,
  ...asks,
  ...security,
]

export type RequirementId = (typeof ALL)[number]['id']

export const REQUIREMENTS: readonly Requirement<RequirementId>[] = ALL

/** The revisions with sessions, oldest first. */
export const LEGACY = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'] as const satisfies readonly Revision[]

/** The revisions that are served, oldest first: a MUST of one of them needs a test. */
export const SERVED = [...LEGACY, '2026-07-28'] as const satisfies readonly Revision[]

const KNOWN: ReadonlySet<string> = new Set(REQUIREMENTS.map(({ id }) => id))

/**
 * Says which requirements a test shows, at the head of its body. The ids are read from the source of the test, so
 * they are written out as strings.
 *
 * @throws when an id does not exist
 * @example
 * ```ts
 * test('a ping is answered', async () => {
 *   verifies('PING-01')
 * ```
 */
export function verifies(...ids: RequirementId[]): void {
  for (const id of ids) if (!KNOWN.has(id)) throw new Error(`There is no requirement ${id}.`)
}
