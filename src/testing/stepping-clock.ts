/**
 * A clock that stands still until a test moves it: expiry and time-outs without waiting.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'

export interface SteppingClock extends Pick<Platform, 'now' | 'setTimer'> {
  /**
   * Moves the clock by `ms` milliseconds and runs the timers that come due, in their order. Between two of them pending
   * promises get their turn, so what a timer causes has happened when this resolves.
   */
  advance(ms: number): Promise<void>
}

interface Pending {
  readonly at: number
  readonly run: () => void
}

/**
 * @param start milliseconds since 1970. Default: now, rounded down to a second.
 * @example
 * ```ts
 * const clock = steppingClock()
 * const kit = await connect(server, { clock })
 * await clock.advance(31 * 24 * 60 * 60_000)
 * await expect(kit.client.request('ping')).rejects.toMatchObject({ code: 'session_not_found' })
 * ```
 */
export function steppingClock(start: number = Math.floor(Date.now() / 1000) * 1000): SteppingClock {
  const pending = new Set<Pending>()
  let now = start
  return {
    now: () => now,
    setTimer(ms, run) {
      const entry = { at: now + Math.max(0, ms), run }
      pending.add(entry)
      return { cancel: () => void pending.delete(entry) }
    },
    async advance(ms) {
      const end = now + ms
      await settle()
      for (;;) {
        await turn()
        let next: Pending | undefined
        for (const entry of pending) if (entry.at <= end && (next === undefined || entry.at < next.at)) next = entry
        if (next === undefined) break
        now = Math.max(now, next.at)
        pending.delete(next)
        next.run()
      }
      now = end
      await settle()
    },
  }
}

/** One turn of the event loop, as short as the runtime has them. */
function turn(): Promise<void> {
  return new Promise((resolve) => {
    if (typeof setImmediate === 'function') setImmediate(resolve)
    else setTimeout(resolve, 0)
  })
}

/** Lets everything run that waits for nothing but its turn; cryptography of the runtime takes a few. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setTimeout(resolve, 0))
}
