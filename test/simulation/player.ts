/**
 * Plays the seeds that `run.mjs` sends, in a process of its own.
 *
 * @module
 */
import { setImmediate } from 'node:timers/promises'
import { simulate } from './world.ts'
import { WORLDS } from './worlds.ts'

interface Task {
  readonly world: string
  readonly seed: number
}

process.on('message', async (tasks: readonly Task[]) => {
  for (const { world, seed } of tasks) {
    const { violations, history, calls, resumed, lost } = await simulate(seed, WORLDS[world]!)
    process.send?.({ world, seed, violations, calls, resumed, lost, history: violations.length > 0 ? history : [] })
    // A simulation leaves no turn to the event loop.
    await setImmediate()
  }
  process.send?.('next')
})
process.send?.('next')
