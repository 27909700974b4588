/**
 * The way of the legacy era: questions are requests of the server, sent on the stream of the call.
 *
 * @see the specification 2025-11-25, client/sampling, client/elicitation, client/roots
 * @module
 */
import { McpError } from '../wire/errors.ts'
import type { Way } from './way.ts'

export const LIVE: Way = {
  ask({ services, session, number, outlet }, { method, params, settings, defaultMs }) {
    const timeoutMs = settings?.timeout ?? defaultMs
    return services.asks.ask(session, number, outlet, method, params, {
      timeoutMs,
      maxTimeoutMs: settings?.maxTimeout ?? timeoutMs * 10,
      ...(settings?.onProgress && { onProgress: settings.onProgress }),
    })
  },

  // The request stays open until the handler is done, and the handler runs once: nothing is ever repeated.
  async step(_call, _name, run) {
    return run()
  },

  ended({ services, session, number }, reason) {
    // An error is made only where a question is still open: its stack costs more than the rest of the call.
    if (session.openAsks === 0) return
    services.asks.withdrawCall(number, reason ?? new McpError('cancelled', 'The request has ended.'))
  },
}
