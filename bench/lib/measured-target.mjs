/** A running server with its sessions opened, that can be put under load for one slice of time after another. */
import { runLoad } from './load.mjs'
import { startTarget } from './target-process.mjs'

/** As many as a busy server has callers at a time; more would only add waiting. */
export const CONNECTIONS = 32

export class MeasuredTarget {
  #process
  #lanes

  constructor(target, process, lanes) {
    this.target = target
    this.#process = process
    this.#lanes = lanes
  }

  /** Starts a fresh process for a row and opens its sessions. */
  static async start(row, target, { connections = CONNECTIONS, ...processOptions } = {}) {
    const json = row.json && target.json !== false
    const args = [
      '--tools',
      String(row.tools ?? 1),
      ...(json ? ['--json'] : []),
      ...(row.modern ? ['--modern'] : []),
      ...(target.args ?? []),
    ]
    const server = startTarget(row.modern ? target.modern : target.file, args, processOptions)
    try {
      const port = await server.listening()
      await server.keepConnections()
      const { asksOnSessionStream } = target
      const laneOptions = {
        json,
        asksOnSessionStream,
        accept: json ? target.jsonAccept : undefined,
        ...row.laneOptions,
      }
      const opening = Array.from({ length: connections }, () => row.lane(port, laneOptions))
      return new MeasuredTarget(target, server, await Promise.all(opening))
    } catch (error) {
      await server.stop()
      throw error
    }
  }

  get process() {
    return this.#process
  }

  /**
   * Load for a while; every operation has ended when this returns.
   *
   * @param until { seconds } or { operations }
   * @returns { operations, seconds }
   */
  load(until) {
    return runLoad(this.#lanes, until)
  }

  /** User and system time of the process so far, in microseconds. */
  cpu() {
    return this.#process.cpu()
  }

  async stop() {
    for (const lane of this.#lanes) lane.close()
    await this.#process.stop()
  }
}
