/**
 * `fairlead walk <url>`: one use of everything that a server has, step by step, with every HTTP exchange.
 *
 * @module
 */
import { ClientError, clientRevision, LATEST_LEGACY } from '../../testing/client/index.ts'
import { clientFor, sentenceFor, withClient } from '../connect.ts'
import type { ConnectionOptions } from '../options.ts'
import { createPrinter } from '../terminal/printer.ts'
import { createStyle, wantsColour } from '../terminal/style.ts'
import { ERA_WALKS } from './eras.ts'
import { createJsonReport } from './json-report.ts'
import { walkProbe } from './probe.ts'
import { createTextReport } from './text-report.ts'
import { createTally, createWalker } from './walker.ts'

export interface WalkOptions extends ConnectionOptions {
  readonly call?: readonly string[]
  readonly json?: boolean
  readonly full?: boolean
}

/** Walks, and returns the exit code: 1 when the server did something that the specification does not allow. */
export async function walk(url: string, options: WalkOptions): Promise<number> {
  const printer = createPrinter(process.stdout)
  const style = createStyle(wantsColour(process.stdout))
  const full = options.full ?? false
  const tally = createTally(options.json ? createJsonReport(printer) : createTextReport({ printer, style, full }))
  const { report } = tally
  const client = clientFor(url, {
    connection: options,
    interactive: !options.json && process.stdout.isTTY === true,
    say: (text) => report.say(text),
    hold: () => printer.hold(),
    observe: {
      onExchange: (observation) => report.exchange(observation),
      onError: (error) => report.problem(error.message),
    },
  })
  const startedAt = Date.now()
  report.start(url)
  await withClient(client, async () => {
    try {
      const { revision, call } = options
      const { name, era } =
        revision === 'auto'
          ? (await walkProbe(createWalker(client, tally))).revision
          : (clientRevision(revision) ?? LATEST_LEGACY)
      const walk = ERA_WALKS[era]
      await walk.phases(createWalker(client, tally, walk.check), { asked: name, call })
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      report.problem(sentenceFor(url, error))
    }
  })
  const ok = tally.problems === 0
  report.done({ ok, exchanges: tally.exchanges, durationMs: Date.now() - startedAt })
  return ok ? 0 : 1
}
