/**
 * Runs scripts until they are answered or their time is over. Every script recognises a second attempt, so that one whose
 * connection broke can be sent again.
 *
 * @module
 */
import { EngineError } from '../../engine/engine.ts'
import type { Reply } from './client.ts'
import { classify, messageOf } from './failure.ts'
import { type Link, type LinkPlatform, Silence } from './link.ts'
import type { Script } from './scripts.ts'

/** Milliseconds until the next attempt: short at first, a reconnect takes no longer. */
const RETRY_MS = [5, 10, 20, 50, 100] as const

export class Commands {
  readonly timeoutMs: number
  readonly #link: Link
  readonly #platform: LinkPlatform
  /** SHA-1 of each script by its name, from the server: nothing here needs SHA-1 otherwise. */
  readonly #digests = new Map<string, string>()
  readonly #closing = new AbortController()
  /** What ends each pause. */
  readonly #pausing = new Set<() => void>()

  constructor(link: Link, platform: LinkPlatform, timeoutMs: number) {
    this.#link = link
    this.#platform = platform
    this.timeoutMs = timeoutMs
  }

  /** Aborts when the engine is closed. */
  get closing(): AbortSignal {
    return this.#closing.signal
  }

  close(): void {
    this.#closing.abort()
    this.#link.close()
    for (const end of [...this.#pausing]) end()
  }

  /** @throws {EngineError} `unavailable`, `closed` */
  run(script: Script, keys: readonly string[], args: readonly string[], timeoutMs?: number): Promise<Reply> {
    const digest = this.#digests.get(script.name)
    const rest = [String(keys.length), ...keys, ...args]
    const whole = ['EVAL', script.source, ...rest]
    return this.#settle(digest === undefined ? whole : ['EVALSHA', digest, ...rest], whole, keys[0]!, timeoutMs)
  }

  /** Runs a command of Redis. */
  command(command: readonly string[], key: string): Promise<Reply> {
    return this.#settle(command, command, key, undefined)
  }

  /** Asks the server for the digests of scripts, by which they are named from then on. */
  async learn(scripts: readonly Script[], key: string, timeoutMs: number): Promise<void> {
    const source =
      'local digests = {} for i, source in ipairs(ARGV) do digests[i] = redis.sha1hex(source) end return digests'
    const command = ['EVAL', source, '1', key, ...scripts.map((script) => script.source)]
    const digests = (await this.#settle(command, command, key, timeoutMs)) as readonly string[]
    for (const [at, { name }] of scripts.entries()) this.#digests.set(name, digests[at]!)
  }

  async #settle(
    short: readonly string[],
    whole: readonly string[],
    key: string,
    timeoutMs: number = this.timeoutMs,
  ): Promise<Reply> {
    const deadline = this.#platform.now() + timeoutMs
    let command = short
    let before: unknown
    for (let attempt = 0; ; attempt++) {
      if (this.closing.aborted) throw new EngineError('closed', 'The Redis engine is closed.')
      const left = deadline - this.#platform.now()
      try {
        return (await this.#link.send(command, key, Math.max(1, left))) as Reply
      } catch (thrown) {
        if (this.closing.aborted) continue
        const failure = thrown instanceof Silence ? 'final' : classify(messageOf(thrown))
        const pause = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)]!
        if (failure === 'final' || this.#platform.now() + pause >= deadline) throw unavailable(thrown, before)
        before = thrown
        if (failure === 'elsewhere') this.#link.drop()
        if (failure === 'script') command = whole
        else await this.sleep(pause)
      }
    }
  }

  /** Waits, but not for longer than the engine is open. */
  sleep(ms: number, also?: AbortSignal): Promise<void> {
    if (this.closing.aborted || also?.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const end = (): void => {
        timer.cancel()
        this.#pausing.delete(end)
        also?.removeEventListener('abort', end)
        resolve()
      }
      const timer = this.#platform.setTimer(ms, end)
      this.#pausing.add(end)
      also?.addEventListener('abort', end)
    })
  }
}

/** @param before what the attempt before the last one failed with: silence alone says little. */
function unavailable(cause: unknown, before: unknown): EngineError {
  const earlier = before === undefined || messageOf(before) === messageOf(cause) ? '' : ` Before: ${messageOf(before)}`
  return new EngineError('unavailable', `Redis does not answer as it should: ${messageOf(cause)}${earlier}`, { cause })
}
