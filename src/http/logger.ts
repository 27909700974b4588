/**
 * Where the server's own log goes.
 *
 * @module
 */

/** One line of the log. */
export interface LogEntry {
  readonly level: 'info' | 'warn' | 'error'
  readonly message: string
  readonly [field: string]: unknown
}

/** Receives every line. Default: JSON to standard error. Nothing that a client sent as a secret is ever in it. */
export type Logger = (entry: LogEntry) => void

/** Longest text of a field; what strangers send must not fill a disk. */
const MAX_CHARS = 2_000

/** One JSON object per line; control characters are escaped by JSON itself. */
export function logLine(entry: LogEntry, now: number): string {
  const { level, message, ...fields } = entry
  const line = { time: new Date(now).toISOString(), level, message, ...fields }
  try {
    return JSON.stringify(line, (_, value) =>
      typeof value === 'string' && value.length > MAX_CHARS ? `${value.slice(0, MAX_CHARS)}…` : value,
    )
  } catch {
    return JSON.stringify({ time: line.time, level, message })
  }
}

/** The parts of a thrown value that help to find its cause. */
export function describeThrown(thrown: unknown): object {
  if (!(thrown instanceof Error)) return { error: String(thrown) }
  return {
    error: thrown.message,
    stack: thrown.stack,
    ...(thrown.cause !== undefined && { cause: String(thrown.cause) }),
  }
}
