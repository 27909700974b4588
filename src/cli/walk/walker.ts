/**
 * Takes one step at a time: sends a message and waits until its exchange is over, so that the report of one step does
 * not run into the next.
 *
 * @module
 */
import type { Client, Observation, RequestOptions } from '../../testing/client/index.ts'
import type { JsonObject } from '../../wire/jsonrpc.ts'
import type { Report } from './report.ts'

export interface Walker {
  readonly client: Client
  readonly report: Report
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>
  /** Resolves when every exchange but the session stream is over, or after a moment. */
  quiet(): Promise<void>
  /** The same, the session stream included. */
  silence(): Promise<void>
}

/** What has gone by so far. */
export interface Tally {
  /** The report to use: it counts what passes through it. */
  readonly report: Report
  readonly exchanges: number
  readonly problems: number
  /** Exchanges that are not over. */
  readonly open: ReadonlySet<number>
  /** Those of them that are the session stream. */
  readonly sessionStreams: ReadonlySet<number>
}

/** A server that does not end a response stream after the response is not waited for longer. */
const QUIET_MS = 300

export function createTally(inner: Report): Tally {
  const open = new Set<number>()
  const sessionStreams = new Set<number>()
  let exchanges = 0
  let problems = 0

  function count(observation: Observation): void {
    const { type, exchange } = observation
    if (type === 'request') {
      exchanges++
      open.add(exchange)
      const { purpose } = observation
      const again = purpose?.kind === 'resume' && sessionStreams.has(purpose.of)
      if (purpose?.kind === 'stream' || again) sessionStreams.add(exchange)
    }
    if (type === 'end') open.delete(exchange)
  }

  return {
    report: {
      ...inner,
      exchange(observation) {
        count(observation)
        inner.exchange(observation)
      },
      problem(text) {
        problems++
        inner.problem(text)
      },
    },
    get exchanges() {
      return exchanges
    },
    get problems() {
      return problems
    },
    open,
    sessionStreams,
  }
}

export function createWalker(client: Client, tally: Tally): Walker {
  async function until(over: () => boolean): Promise<void> {
    const deadline = Date.now() + QUIET_MS
    while (!over() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const quiet = (): Promise<void> =>
    until(() => [...tally.open].every((exchange) => tally.sessionStreams.has(exchange)))
  return {
    client,
    report: tally.report,
    quiet,
    silence: () => until(() => tally.open.size === 0),
    async request(method, params, options) {
      try {
        return await client.request(method, params, options)
      } finally {
        await quiet()
      }
    },
  }
}
