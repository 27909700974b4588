/**
 * `ctx.log`: messages for the client's log, on the stream of the request.
 *
 * @see the specification, server/utilities/logging
 * @module
 */
import { LOG_LEVELS, type LogLevel, passesLevel } from '../wire/log-level.ts'
import type { Call } from './call.ts'

/**
 * One function per level. `data` is any JSON; `logger` names the part of the server that speaks. Write no credentials
 * and no personal data into it.
 */
export type ContextLog = { readonly [Level in LogLevel]: (data: unknown, logger?: string) => void }

/** What a client gets that never called `logging/setLevel`: the specification leaves it to the server. */
export const DEFAULT_LEVEL: LogLevel = 'info'

export function contextLog(call: Call): ContextLog {
  const write = (level: LogLevel, data: unknown, logger: string | undefined): void => {
    const { state, facts } = call.session
    const minimum = state?.level ?? (facts.revision.logsUnasked ? DEFAULT_LEVEL : undefined)
    if (minimum !== undefined && passesLevel(level, minimum))
      call.notify('notifications/message', { level, logger, data })
  }
  const entries = LOG_LEVELS.map((level) => [level, (data: unknown, logger?: string) => write(level, data, logger)])
  return Object.fromEntries(entries) as ContextLog
}
