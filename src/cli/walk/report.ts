/**
 * What a walk tells: its phases and steps, every exchange, and what follows from them. The text and the JSON report
 * are two ways to show the same.
 *
 * @module
 */
import type { Observation } from '../../testing/client/index.ts'

/** The phases of a walk: those of the legacy lifecycle, those of the modern era, and the probe that tells them apart. */
export type Phase = 'probe' | 'initialization' | 'discovery' | 'operation' | 'listening' | 'shutdown'

/** One thing learned. `text` is the value for people. */
export interface Fact {
  readonly name: string
  readonly value: unknown
  readonly text: string
}

export interface Summary {
  /** Whether the server behaved as the specification demands. */
  readonly ok: boolean
  readonly exchanges: number
  readonly durationMs: number
}

export interface Report {
  start(url: string): void
  phase(phase: Phase, about: string): void
  /** A step within a phase; `about` is one sentence. */
  step(name: string, about: string): void
  exchange(observation: Observation): void
  facts(facts: readonly Fact[]): void
  /** Something that went as it should. */
  good(text: string): void
  /** Something worth knowing that is no fault. */
  note(text: string): void
  /** Something that the specification does not allow, or that did not work. */
  problem(text: string): void
  /** A question of the server, and how it is answered. */
  say(text: string): void
  done(summary: Summary): void
}
