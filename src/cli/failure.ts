/**
 * How the command line fails: with one sentence that says what to do, and an exit code. Stack traces are for `DEBUG`.
 *
 * @module
 */
import { printable } from './terminal/text.ts'

/** 1: it did not work. 2: it was not asked for properly. */
export type ExitCode = 1 | 2

/** A failure whose message is the whole of what the user reads. */
export class CliError extends Error {
  override readonly name = 'CliError'
  readonly exitCode: ExitCode

  constructor(message: string, exitCode: ExitCode, options?: ErrorOptions) {
    super(message, options)
    this.exitCode = exitCode
  }
}

/** Wrong use of the command line: exit code 2. */
export function usage(message: string): CliError {
  return new CliError(message, 2)
}

/** Something did not work: exit code 1. */
export function failure(message: string, cause?: unknown): CliError {
  return new CliError(message, 1, cause === undefined ? undefined : { cause })
}

/** Whether the user asked for stack traces. */
export function debugging(): boolean {
  const { DEBUG } = process.env
  return DEBUG !== undefined && DEBUG !== '' && DEBUG !== '0'
}

/**
 * Writes a failure to stderr and returns its exit code. What is not a {@link CliError} is a fault of ours, and says so.
 */
export function reportFailure(error: unknown, trace: boolean): ExitCode {
  const known = error instanceof CliError
  const message = error instanceof Error ? error.message : String(error)
  process.stderr.write(`fairlead: ${printable(message)}\n`)
  const origin = known ? error.cause : error
  if (trace && origin instanceof Error) process.stderr.write(`${origin.stack ?? origin.message}\n`)
  if (!known && !trace) process.stderr.write('This is a fault in fairlead itself; DEBUG=1 shows where.\n')
  return known ? error.exitCode : 1
}
