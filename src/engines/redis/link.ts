/**
 * A connection that is made when it is first needed, and given up when it stays silent: half of an open TCP connection
 * looks like a slow server for minutes.
 *
 * @module
 */
import type { Platform } from '../../engine/platform.ts'
import type { Connection, RedisClient } from './client.ts'
import { isAnswer, messageOf } from './failure.ts'

export type LinkPlatform = Pick<Platform, 'now' | 'setTimer'>

/** No answer came in time. Whether the command was done is unknown. */
export class Silence extends Error {
  override readonly name = 'Silence'
}

export class Link {
  readonly #client: RedisClient
  readonly #platform: LinkPlatform
  readonly #connectTimeoutMs: number
  #connection: Connection | undefined
  /** How many answers the connection has brought, by key: each may be on another node. The keys are few. */
  readonly #heard = new Map<string, number>()
  /** What ends each command that waits for its answer. */
  readonly #waiting = new Set<() => void>()

  constructor(client: RedisClient, platform: LinkPlatform, connectTimeoutMs: number) {
    this.#client = client
    this.#platform = platform
    this.#connectTimeoutMs = connectTimeoutMs
  }

  /**
   * Sends one command and waits this long for its answer.
   *
   * @throws {Silence} when there was none, or what the client throws.
   */
  send(command: readonly string[], key: string, patienceMs: number, gone?: AbortSignal): Promise<unknown> {
    this.#connection ??= this.#client.connect({ connectTimeoutMs: this.#connectTimeoutMs })
    const connection = this.#connection
    const heard = this.#heard.get(key)
    const givenUp = new AbortController()
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer.cancel()
        this.#waiting.delete(left)
        gone?.removeEventListener('abort', left)
      }
      const giveUp = (why: string): void => {
        end()
        reject(new Silence(why))
        givenUp.abort()
      }
      const left = (): void => giveUp('Nobody waits for the answer any more.')
      const timer = this.#platform.setTimer(patienceMs, () => {
        const trouble = connection.trouble()
        giveUp(`No answer within ${patienceMs} ms.${trouble ? ` ${messageOf(trouble)}` : ''}`)
        if (this.#heard.get(key) === heard) this.drop(connection)
      })
      this.#waiting.add(left)
      gone?.addEventListener('abort', left)
      connection.send(command, key, givenUp.signal).then(
        (reply) => {
          this.#heard.set(key, (this.#heard.get(key) ?? 0) + 1)
          end()
          resolve(reply)
        },
        (thrown: unknown) => {
          end()
          // "There is no connection" says less than why.
          reject(isAnswer(messageOf(thrown)) ? thrown : (connection.trouble() ?? thrown))
        },
      )
    })
  }

  /** Gives up the connection, if it still is this one: the next command makes another. */
  drop(connection: Connection | undefined = this.#connection): void {
    if (connection === undefined || connection !== this.#connection) return
    this.#connection = undefined
    connection.close()
  }

  /** Ends the connection, and every wait for an answer with it. */
  close(): void {
    for (const leave of [...this.#waiting]) leave()
    this.drop()
  }
}
