/**
 * The one HTTP answer of a request, which may come later.
 *
 * @module
 */
import type { Reply } from './answer.ts'
import type { HttpReply } from './http-message.ts'

/** The answer of one request. Most are there before anybody waits for them; only the others need a promise. */
export class PendingReply implements Reply {
  settled: HttpReply | undefined
  #resolve: ((reply: HttpReply) => void) | undefined

  reply(reply: HttpReply): void {
    this.settled = reply
    this.#resolve?.(reply)
  }

  wait(): Promise<HttpReply> {
    return new Promise((resolve) => {
      if (this.settled !== undefined) resolve(this.settled)
      this.#resolve = resolve
    })
  }
}
