/**
 * Takes one step at a time: sends a message and waits until its exchange is over, so that the report of one step does
 * not run into the next.
 *
 * @module
 */
import { type Client, ClientError, type Observation, type RequestOptions } from '../../testing/client/index.ts'
import type { JsonObject } from '../../wire/jsonrpc.ts'
import type { Report } from './report.ts'

/** What a walk was asked to do. */
export interface Plan {
  /** The revision that `initialize` asks for. */
  readonly asked: string
  /** `--call`: a tool and the words of its arguments. */
  readonly call: readonly string[] | undefined
}

/** Looks at a result and reports what is not as it should be. */
export type Check = (method: string, result: JsonObject, report: Report) => void

export interface Walker {
  readonly client: Client
  readonly report: Report
  request(method: string, params?: JsonObject, options?: RequestOptions): Promise<JsonObject>
  /** Resolves when every exchange but those that stay open is over, or after a moment. */
  quiet(): Promise<void>
  /** The same, those that stay open included. */
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
  /** Those of them that stay open by their nature: the session stream, subscriptions. */
  readonly lasting: ReadonlySet<number>
}

/** A server that does not end a response stream after the response is not waited for longer. */
const QUIET_MS = 300

export function createTally(inner: Report): Tally {
  const open = new Set<number>()
  const lasting = new Set<number>()
  let exchanges = 0
  let problems = 0

  function count(observation: Observation): void {
    const { type, exchange } = observation
    if (type === 'request') {
      exchanges++
      open.add(exchange)
      const { purpose } = observation
      const again = purpose?.kind === 'resume' && lasting.has(purpose.of)
      if (purpose?.kind === 'stream' || purpose?.kind === 'listen' || again) lasting.add(exchange)
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
    lasting,
  }
}

export function createWalker(client: Client, tally: Tally, check: Check = () => {}): Walker {
  async function until(over: () => boolean): Promise<void> {
    const deadline = Date.now() + QUIET_MS
    while (!over() && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 2))
  }
  const quiet = (): Promise<void> => until(() => [...tally.open].every((exchange) => tally.lasting.has(exchange)))
  return {
    client,
    report: tally.report,
    quiet,
    silence: () => until(() => tally.open.size === 0),
    async request(method, params, options) {
      try {
        const result = await client.request(method, params, options)
        await quiet()
        check(method, result, tally.report)
        return result
      } catch (error) {
        await quiet()
        throw error
      }
    },
  }
}

/** Takes a step whose failure is a problem in the report; the walk goes on. */
export async function attempt(report: Report, step: () => Promise<void>): Promise<void> {
  try {
    await step()
  } catch (error) {
    if (!(error instanceof ClientError) || error.code === 'unreachable' || error.code === 'closed') throw error
    report.problem(error.message)
  }
}
