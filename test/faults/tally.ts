/**
 * What a run counts, and what it found to be wrong.
 *
 * @module
 */
export class Tally {
  calls = 0
  results = 0
  /** Errors that say which replica's loss ended the call. */
  replicaLost = 0
  /** Errors that say that events of the stream are gone, after the engine lost its data. */
  streamLost = 0
  /** Refused with 503, before anything was done. */
  refused = 0
  /** The connection broke before the client had a place to come back to. */
  unresumable = 0
  /** Ended with their session, which its client deleted. */
  deleted = 0
  resumed = 0
  progress = 0
  answers = 0
  deletions = 0
  /** Looks at deleted sessions, on every replica. */
  deletionChecks = 0
  updates = 0
  /** Session streams that were told of an update, as they had to be. */
  told = 0
  /** Milliseconds from the death of a replica to the end of a stream of its. */
  readonly recoveries: number[] = []
  readonly violations: string[] = []

  violate(what: string): void {
    this.violations.push(what)
    if (this.violations.length <= 50) console.log(`VIOLATION ${what}`)
  }
}
