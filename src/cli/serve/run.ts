/**
 * `fairlead run <file>`: serves the server that the file exports, until a signal comes.
 *
 * @module
 */
import type { ServerHandle } from '../../adapters/node.ts'
import { debugging, failure, reportFailure } from '../failure.ts'
import { existingFile, load } from './load.ts'
import { type ServingOptions, settingsOf } from './settings.ts'

export interface RunOptions extends ServingOptions {
  /** How long calls in flight may go on after a signal, in milliseconds. Default: as `serve` has it. */
  readonly deadline?: number
}

export async function run(name: string, options: RunOptions): Promise<void> {
  const file = existingFile(name)
  const { engineUrl, ...settings } = settingsOf(options)
  let handle: ServerHandle
  try {
    const { server, serve, loadRedis } = await load(file)
    const engine = engineUrl === undefined ? {} : { engine: (await loadRedis())(engineUrl) }
    handle = await serve(server, { ...settings, ...engine, signals: false }).catch((error: unknown) => {
      throw failure(error instanceof Error ? error.message : String(error), error)
    })
  } catch (error) {
    // The user's file may have left timers and sockets behind: the process would stay.
    process.exit(reportFailure(error, debugging()))
  }
  closeOnSignals(handle, options.deadline)
  process.stdout.write(`Serving ${name} on ${handle.url}\n`)
  // `fairlead dev` wants to know, and lets go of its child by closing the channel.
  process.send?.({ port: handle.port })
}

/** The first signal drains; a second one does not wait. */
function closeOnSignals(handle: ServerHandle, deadline: number | undefined): void {
  let closing = false
  const onSignal = (): void => {
    if (closing) process.exit(130)
    closing = true
    void handle.close(deadline === undefined ? {} : { deadline }).then(() => process.exit(0))
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  if (process.channel) {
    process.on('disconnect', onSignal)
    process.channel.unref()
  }
}
