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

/** Leads errors that no client may see to the log and to `onError`. A hook that fails itself takes nothing with it. */
export function errorReport(
  logger: Logger | undefined,
  onError: ((error: unknown, context: { readonly where: string }) => unknown) | undefined,
): (thrown: unknown, where: string) => void {
  const log = (message: string, thrown: unknown, where: string): void => {
    try {
      logger?.({ level: 'error', message, where, ...describeThrown(thrown) })
    } catch {
      // There is no place left to say it.
    }
  }
  return (thrown, where) => {
    log(`Error in ${where}`, thrown, where)
    const failed = (reason: unknown): void => log('onError failed', reason, where)
    try {
      Promise.resolve(onError?.(thrown, { where })).catch(failed)
    } catch (reason) {
      failed(reason)
    }
  }
}

/** The parts of a thrown value that help to find its cause. */
function describeThrown(thrown: unknown): object {
  try {
    if (!(thrown instanceof Error)) return { error: String(thrown) }
    const { message, stack, cause } = thrown
    return { error: message, stack, ...(cause !== undefined && { cause: String(cause) }) }
  } catch {
    return { error: 'A value that can not be described.' }
  }
}
