/**
 * Gathers the streams that have something to send when the current turn of the event loop is over: one callback of
 * the runtime for all of them.
 *
 * @module
 */
import type { Platform } from '../engine/platform.ts'

export interface TurnListener {
  turnEnded(): void
}

export class Turns {
  readonly #platform: Pick<Platform, 'afterTurn'>
  #waiting: TurnListener[] = []
  readonly #run = (): void => {
    const due = this.#waiting
    this.#waiting = []
    for (const listener of due) listener.turnEnded()
  }

  constructor(platform: Pick<Platform, 'afterTurn'>) {
    this.#platform = platform
  }

  add(listener: TurnListener): void {
    if (this.#waiting.push(listener) === 1) this.#platform.afterTurn(this.#run)
  }
}
