/**
 * Which session was sent to which URL: the completion may be told to that session only.
 *
 * @see the specification, client/elicitation, "Completion Notifications for URL Mode Elicitation"
 * @module
 */

import type { Session } from '../session/session.ts'
import type { SessionStreams } from '../session/session-streams.ts'
import { notificationMessage } from '../wire/jsonrpc.ts'

/** Beyond this many the oldest is forgotten: the notification is a convenience, clients must cope without it. */
const MAX_OPEN = 10_000

export class Elicitations {
  readonly #streams: SessionStreams
  readonly #open = new Map<string, Session>()

  constructor(streams: SessionStreams) {
    this.#streams = streams
  }

  add(elicitationId: string, session: Session): void {
    if (this.#open.size >= MAX_OPEN) this.#open.delete(this.#open.keys().next().value!)
    this.#open.set(elicitationId, session)
  }

  /** Whether a session of this process was sent to the URL of this elicitation. */
  has(elicitationId: string): boolean {
    return this.#open.has(elicitationId)
  }

  /** Tells the session that was asked; resolves at once for an id that is unknown or was completed before. */
  async complete(elicitationId: string): Promise<void> {
    const session = this.#open.get(elicitationId)
    if (session === undefined || session.deleted) return
    this.#open.delete(elicitationId)
    await this.#streams.send(session, notificationMessage('notifications/elicitation/complete', { elicitationId }))
  }
}
