/**
 * The one stream of an HTTP+SSE connection: answers, questions, notifications and what was announced to everybody, in
 * one order. Nothing of it can be resumed, so nothing is kept but what a slow reader has not taken yet.
 *
 * @see the specification 2024-11-05, basic/transports, "HTTP with SSE"
 * @module
 */
import type { Position } from '../engine/engine.ts'
import { sseNamedEvent, sseRetry } from '../wire/sse.ts'
import type { ClusterEntry } from './cluster.ts'
import type { EventSink } from './event-sink.ts'
import { type MailboxRecord, readMailbox } from './mailbox.ts'
import { PacedSink } from './paced-sink.ts'
import type { Session } from './session.ts'
import type { SessionFeed } from './session-feed.ts'
import { listChanged, type SessionStreamHost, updated } from './session-stream.ts'

/** Entries per read of the mailbox. */
const BATCH = 256

export class ConnectionStream implements SessionFeed {
  readonly #host: SessionStreamHost
  readonly #sink: PacedSink
  readonly #ended: () => void
  #session: Session | undefined
  /** Events of this turn, and those that a slow reader has not taken. */
  #waiting = ''
  /** How many of them, in events and characters, are no answers and no questions: those are bounded by their calls. */
  #reports = 0
  #reportChars = 0
  /** Invalidations for a slow reader: each is said once, however often it happened. */
  readonly #stale = new Set<string>()
  #flushing = false
  #letGo = false
  #mailbox: Position | 'birth' = 'birth'
  #reading = false
  #dirty = false

  /**
   * @param endpoint the URI that the client shall post to.
   * @param ended called once, when the connection is over.
   */
  constructor(host: SessionStreamHost, principal: string, sink: EventSink, endpoint: string, ended: () => void) {
    this.#host = host
    this.#ended = ended
    this.#sink = new PacedSink(host.replica, principal, sink, this)
    // "When a client connects, the server MUST send an `endpoint` event": before anything else, and at once.
    this.#sink.write(sseNamedEvent('endpoint', endpoint) + sseRetry(host.replica.retry.next()))
  }

  /** Whether so much waits for the reader that nothing more should be asked of it. */
  get full(): boolean {
    return this.#waiting.length > this.#host.replica.limits.windowBytes
  }

  /** The session was opened: from now on it is told what is told to every session. */
  begin(session: Session): void {
    this.#session = session
    session.stream = this
    session.openStreams++
    this.#host.streamOpened(session)
  }

  /** Sends an answer or a question. */
  send(text: string): void {
    if (!this.#sink.open) return
    this.#waiting += sseNamedEvent('message', text)
    this.#schedule()
  }

  /** Sends a notification: what a reader that is too slow for them is bounded by. */
  report(text: string): void {
    this.#reports++
    this.#reportChars += text.length
    this.send(text)
  }

  push({ record }: ClusterEntry): void {
    if (record.t === 'list') this.#invalidate(listChanged(record.list))
    else if (record.t === 'updated' && this.#session?.state?.subscriptions.has(record.uri)) {
      this.#invalidate(updated(record.uri))
    }
  }

  clusterGap(): void {
    this.#host.replica.counters.sessionStreamResyncs++
    for (const list of this.#host.lists()) this.#invalidate(listChanged(list))
    for (const uri of this.#session?.state?.subscriptions ?? []) this.#invalidate(updated(uri))
  }

  hint(): void {
    this.#dirty = true
    this.#readMailbox().catch((thrown) => {
      this.#host.replica.report(thrown, 'connection stream')
      this.#sink.destroy()
    })
  }

  /** Nobody else knows a session that lives on one connection, so nothing about it is shared. */
  changed(): void {}
  replaced(): void {}
  hold(): void {}

  /** Ends the connection. Its client may come back, but with a session of its own. */
  close(): void {
    this.turnEnded()
    this.#sink.end()
  }

  /** Ends the connection as soon as its calls are done: their answers have no other way. */
  letGo(): void {
    this.#letGo = true
    this.callEnded()
  }

  /** One of the calls of the session is done. */
  callEnded(): void {
    if (this.#letGo && (this.#session?.inFlight.length ?? 0) === 0) this.#schedule()
  }

  /** The turn is over. Called by {@link Replica.turns}. */
  turnEnded(): void {
    this.#flushing = false
    if (!this.#sink.open) return
    if (this.#sink.blocked) {
      this.#bound()
      return
    }
    this.#flush()
    if (this.#letGo && !this.#sink.blocked && (this.#session?.inFlight.length ?? 0) === 0) this.#sink.end()
  }

  drained(): void {
    this.turnEnded()
    if (this.#dirty) this.hint()
  }

  closed(): void {
    const session = this.#session
    this.#waiting = ''
    this.#stale.clear()
    if (session !== undefined) {
      session.openStreams--
      session.stream = undefined
      this.#host.streamClosed(session)
    }
    this.#ended()
  }

  #invalidate(text: string): void {
    this.#stale.add(text)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#flushing) return
    this.#flushing = true
    this.#host.replica.turns.add(this)
  }

  #flush(): void {
    let text = this.#waiting
    for (const stale of this.#stale) text += sseNamedEvent('message', stale)
    this.#stale.clear()
    this.#waiting = ''
    this.#reports = this.#reportChars = 0
    if (text !== '') this.#sink.write(text)
  }

  /** A reader that is too slow for its notifications loses the connection rather than some of them. */
  #bound(): void {
    const { counters, limits } = this.#host.replica
    if (this.#reports <= limits.windowEvents && this.#reportChars <= limits.windowBytes) return
    counters.streamsLost++
    this.#sink.destroy()
  }

  async #readMailbox(): Promise<void> {
    const session = this.#session
    if (this.#reading || session === undefined) return
    this.#reading = true
    try {
      // What is left in the log while the reader is slow waits there.
      while (this.#dirty && this.#sink.open && !this.#sink.blocked) {
        this.#dirty = false
        const batch = await readMailbox(this.#host.replica.store, session.facts.uid, this.#mailbox, BATCH)
        if (batch.gap) {
          this.#mailbox = batch.oldest
          this.#dirty = true
          continue
        }
        if (batch.entries.length > 0) this.#dirty = true
        for (const { position, record } of batch.entries) {
          this.#mailbox = position
          if (this.#isDue(record)) this.report(record.text)
        }
      }
    } finally {
      this.#reading = false
    }
  }

  /** A question is skipped once nobody waits for its answer. */
  #isDue(record: MailboxRecord): boolean {
    return record.t === 'message' || this.#host.isAskOpen(record.id)
  }
}
