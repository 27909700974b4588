/** The revisions of the protocol, by their dates. */
export const REVISIONS = ['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25', '2026-07-28'] as const
export type Revision = (typeof REVISIONS)[number]

export type Level = 'MUST' | 'SHOULD' | 'MAY'

/**
 * Who has to do it: `server` is this framework, `peer` the client on the other side (the server relies on it, or
 * polices it), `authorization server` a third party that this framework is not.
 */
export type Side = 'server' | 'peer' | 'authorization server'

/** One requirement of the specification. */
export interface Requirement<Id extends string = string> {
  readonly id: Id
  /** Where the revisions differ, the level in each. */
  readonly level: Level | Readonly<Partial<Record<Revision, Level>>>
  readonly revisions: readonly Revision[]
  readonly side: Side
  /** The page of the specification, inside the folder of the revision. */
  readonly page: string
  /** In our own words. */
  readonly text: string
}

const LETTERS: Readonly<Record<string, readonly Revision[]>> = {
  O: ['2024-11-05'],
  A: ['2025-03-26'],
  B: ['2025-06-18'],
  C: ['2025-11-25'],
  D: ['2026-07-28'],
}

/** The revisions with these letters: O is 2024-11-05, A 2025-03-26, B 2025-06-18, C 2025-11-25 and D 2026-07-28. */
export function revisionsOf(letters: string): Revision[] {
  return [...letters].flatMap((letter) => LETTERS[letter] ?? [])
}

/**
 * Writes a row. `level` is one level, or several with the letters of their revisions: `'SHOULD A, MUST BC'`.
 */
export function row<const Id extends string>(
  id: Id,
  level: Level | `${Level} ${string}`,
  letters: string,
  page: string,
  text: string,
  side: Side = 'server',
): Requirement<Id> {
  return { id, level: levelOf(level), revisions: revisionsOf(letters), side, page, text }
}

function levelOf(level: string): Requirement['level'] {
  if (!level.includes(' ')) return level as Level
  const parts = level.split(', ').map((part) => part.split(' ') as [Level, string])
  return Object.fromEntries(
    parts.flatMap(([name, letters]) => revisionsOf(letters).map((revision) => [revision, name])),
  )
}

/** The level of a requirement in one revision, if it applies there. */
export function levelIn(requirement: Requirement, revision: Revision): Level | undefined {
  if (!requirement.revisions.includes(revision)) return undefined
  return typeof requirement.level === 'string' ? requirement.level : requirement.level[revision]
}
