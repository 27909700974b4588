/**
 * The session streams of this process: opening them, leading messages to them, and telling them what happened.
 *
 * @module
 */
import type { Position } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import type { AskRoute, Asks } from './asks.ts'
import type { Cluster, ClusterEntry, ListKind } from './cluster.ts'
import type { SessionEventId } from './event-id.ts'
import type { EventSink } from './event-sink.ts'
import { appendMailbox } from './mailbox.ts'
import type { Replica } from './replica.ts'
import type { Session } from './session.ts'
import type { SessionState } from './session-entry.ts'
import { SessionStream, type SessionStreamHost } from './session-stream.ts'
import type { Sessions } from './sessions.ts'

/** How long a question outside a request waits for the client to open its session stream. */
const WAIT_FOR_STREAM_MS = 5_000

/** What the authoring side says about its lists. */
export interface Catalogue {
  /** Changes whenever a list does. At most 16 visible ASCII characters without a dot. */
  hash(): string
  lists(): readonly ListKind[]
}

export class SessionStreams implements SessionStreamHost {
  readonly replica: Replica
  readonly #sessions: Sessions
  readonly #cluster: Cluster
  readonly #asks: Asks
  readonly #catalogue: Catalogue
  readonly #open = new Set<Session>()
  readonly #waiting = new Map<Session, Set<() => void>>()

  constructor(replica: Replica, sessions: Sessions, cluster: Cluster, asks: Asks, catalogue: Catalogue) {
    this.replica = replica
    this.#sessions = sessions
    this.#cluster = cluster
    this.#asks = asks
    this.#catalogue = catalogue
  }

  /** Sessions with an open stream. */
  get size(): number {
    return this.#open.size
  }

  /** Gives the session a stream on this connection; the newest connection wins. */
  open(session: Session, sink: EventSink, from: SessionEventId | undefined): void {
    const stream = new SessionStream(this, session, sink)
    stream.start(from).catch((thrown) => stream.fail(thrown))
  }

  /** Puts a message into the session's mailbox. */
  async send(session: Session, text: string): Promise<void> {
    const record = { v: 1, t: 'message', text } as const
    await appendMailbox(this.replica.store, session.facts.uid, record, this.replica.tags.next())
    session.stream?.hint()
  }

  /** The way to the client for questions that ride no request stream. */
  route(session: Session, timeoutMs: number): AskRoute {
    return {
      sendAsk: async (text, id) => {
        if (session.stream === undefined) {
          if (id === undefined) return
          await this.#waitForStream(session)
        }
        const deadline = this.replica.platform.now() + timeoutMs
        const record =
          id === undefined ? ({ v: 1, t: 'message', text } as const) : ({ v: 1, t: 'ask', text, id, deadline } as const)
        await appendMailbox(this.replica.store, session.facts.uid, record, this.replica.tags.next())
        session.stream?.hint()
      },
    }
  }

  /** Applies a record of the `cluster` log to every open stream. */
  apply(entry: ClusterEntry): void {
    if (entry.record.t !== 'list' && entry.record.t !== 'updated') return
    for (const session of this.#open) session.stream?.push(entry)
  }

  gap(): void {
    for (const session of this.#open) session.stream?.clusterGap()
  }

  /** The process is about to leave. */
  letGo(): void {
    for (const session of [...this.#open]) session.stream?.letGo()
  }

  clusterPosition(): Position {
    return this.#cluster.position
  }

  state(session: Session): Promise<SessionState> {
    return this.#sessions.state(session)
  }

  isAskOpen(id: string): boolean {
    return this.#asks.isOpen(id)
  }

  catalogue(): string {
    return this.#catalogue.hash()
  }

  lists(): readonly ListKind[] {
    return this.#catalogue.lists()
  }

  streamOpened(session: Session): void {
    this.#open.add(session)
    const waiting = this.#waiting.get(session)
    this.#waiting.delete(session)
    if (waiting) for (const wake of waiting) wake()
  }

  streamClosed(session: Session): void {
    if (session.stream === undefined) this.#open.delete(session)
  }

  #waitForStream(session: Session): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting = this.#waiting.get(session) ?? new Set()
      this.#waiting.set(session, waiting)
      let timer: Timer | undefined
      const wake = (): void => {
        timer?.cancel()
        resolve()
      }
      waiting.add(wake)
      timer = this.replica.wheel.after(WAIT_FOR_STREAM_MS, () => {
        waiting.delete(wake)
        if (waiting.size === 0) this.#waiting.delete(session)
        reject(
          new McpError('ask_unreachable', 'No stream leads to the client: it has not opened a GET stream within 5 s.'),
        )
      })
    })
  }
}
