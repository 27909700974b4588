/**
 * Which cases hold up the server's event loop. Those that were under way are played again alone: what holds up the loop by
 * itself does so again.
 */
import { setTimeout as sleep } from 'node:timers/promises'

/** How long the server takes to notice and to report that its loop was held up. */
const REPORT_MS = 100

/** How long a report takes at most where nothing else is going on. */
const SETTLE_MS = 50

/** Suspects that get their first look together. */
const TOGETHER = 16

export class Stalls {
  noted = 0
  /** Numbers of cases. */
  suspects = new Set()
  #active = new Set()
  #recent = []

  /** @param {import('./child.mjs').ServerProcess} server */
  constructor(server) {
    server.onStall = (ms) => {
      this.noted++
      const since = performance.now() - ms - REPORT_MS
      for (const index of this.#active) this.suspects.add(index)
      for (const { index, ended } of this.#recent) if (ended >= since) this.suspects.add(index)
    }
  }

  begin(index) {
    this.#active.add(index)
  }

  end(index) {
    this.#active.delete(index)
    this.#recent.push({ index, ended: performance.now() })
    if (this.#recent.length > 2_000) this.#recent.splice(0, 1_000)
  }

  /**
   * The suspects that do it again.
   *
   * @param {import('./child.mjs').ServerProcess} server
   * @param {(indexes: number[]) => Promise<void>} play plays cases at the same time
   * @returns {AsyncGenerator<number>}
   */
  async *guilty(server, play) {
    let stalled = false
    server.onStall = () => {
      stalled = true
    }
    const stalls = async (...indexes) => {
      stalled = false
      await play(indexes)
      await sleep(SETTLE_MS)
      return stalled
    }
    const suspects = [...this.suspects]
    while (suspects.length > 0) {
      // Most suspects only stood next to the one; those get one look, together.
      const some = suspects.splice(0, TOGETHER)
      if (!(await stalls(...some))) continue
      for (const index of some) {
        let count = 0
        for (let round = 0; round < 3; round++) if (await stalls(index)) count++
        if (count >= 2) yield index
      }
    }
  }
}
