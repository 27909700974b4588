/**
 * What is written by another replica and read here, for a client whose connection is here.
 *
 * @module
 */

export interface Relay {
  /** The id of the replica that writes. */
  readonly owner: string
  /** There may be something new in the log, or about its owner. */
  look(): void
  /** The log may have been lost: its owner is asked for it again. */
  lookAgain(): void
  /** A newer connection reads it. */
  replaced(): void
  /** This process leaves. */
  handBack(): void
}
