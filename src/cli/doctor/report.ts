/**
 * What a doctor tells: findings, each with what was seen, what it breaks for users, and what to change. The text and the
 * JSON report are two ways to show the same.
 *
 * @module
 */

/** `note`: worth knowing, and no fault of the set-up. */
export type Verdict = 'good' | 'note' | 'problem'

/** One way to mend something, and where: `nginx`, `HAProxy`, `the server`. */
export interface Remedy {
  readonly where: string
  readonly change: string
}

export interface Finding {
  readonly verdict: Verdict
  /** What was seen, in a sentence or two. */
  readonly seen: string
  /** What users of the server notice. */
  readonly breaks?: string
  readonly remedies?: readonly Remedy[]
}

export interface Diagnosis {
  readonly ok: boolean
  readonly problems: number
  readonly notes: number
  readonly durationMs: number
}

export interface Report {
  start(url: string): void
  /** A check begins; its title. */
  check(id: string, title: string): void
  finding(finding: Finding): void
  /** How far something slow has come; gone when the next line is written. */
  progress(text: string): void
  done(diagnosis: Diagnosis): void
}
