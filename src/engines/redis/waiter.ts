/**
 * Waiting for an append: a blocking read of the log's stream, on a connection of its own, whose answer is taken as a hint
 * to look and nothing else. It ends by itself after a second, so that a lost hint costs no more than that.
 *
 * @module
 */
import type { RedisClient } from './client.ts'
import type { Commands } from './commands.ts'
import { Link, type LinkPlatform } from './link.ts'

/** How long one blocking read lasts. Also how soon a tail finds that its log is another one. */
const BLOCK_MS = 1_000

/** How long it waits where it can't block. */
const PAUSE_MS = 100

export interface Wait {
  /** Resolves when something may have been appended, or a second has passed, or the signal aborts. Never rejects. */
  appendAfter(id: string, signal: AbortSignal): Promise<void>
  close(): void
}

export class Waiter {
  readonly #client: RedisClient
  readonly #commands: Commands
  readonly #platform: LinkPlatform

  constructor(client: RedisClient, commands: Commands, platform: LinkPlatform) {
    this.#client = client
    this.#commands = commands
    this.#platform = platform
  }

  /** For one tail. Blocking commands that share a connection wait for each other, so each tail has one of its own. */
  open(stream: string): Wait {
    const { timeoutMs } = this.#commands
    const link = new Link(this.#client, this.#platform, timeoutMs)
    return {
      appendAfter: async (id, signal) => {
        if (signal.aborted) return
        const command = ['XREAD', 'COUNT', '1', 'BLOCK', String(BLOCK_MS), 'STREAMS', stream, id]
        try {
          await link.send(command, stream, BLOCK_MS + timeoutMs, signal)
        } catch {
          await this.#commands.sleep(PAUSE_MS, signal)
        }
      },
      close: () => link.close(),
    }
  }
}
