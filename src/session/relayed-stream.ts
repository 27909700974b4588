/**
 * A request stream of another replica, on a connection here: the client came back to a replica that did not handle its
 * call. It is accepted first and resolved later, because official clients give up after two refusals: from the log of
 * the stream, which its owner writes as soon as it is asked to; or, when the owner is dead, by the decision that the
 * answer is lost, which is appended to that log and so holds for everybody.
 *
 * @see the specification, basic/transports, "Resumability and Redelivery"
 * @module
 */
import type { Position } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import { SSE_KEEP_ALIVE, sseRetry } from '../wire/sse.ts'
import type { RequestEventId } from './event-id.ts'
import type { EventSink } from './event-sink.ts'
import { finalEvent, lostEvent } from './final-event.ts'
import type { Peers } from './peers.ts'
import type { Relay } from './relay.ts'
import type { Replica } from './replica.ts'
import { KEEP_ALIVE_MS } from './request-stream.ts'
import type { Session } from './session.ts'
import { appendStreamLog, type LostReason, readStreamLog, type StreamRecord, streamLogOf } from './stream-log.ts'
import { skipEvents } from './stream-window.ts'

/** How often the log is looked at without a hint: a lost hint costs a second. */
export const POLL_MS = 1_000

/** After this long without anything to say, a connection that may end, ends. */
const UNRESOLVED_MS = 30_000

export class RelayedStream implements Relay {
  readonly connection: string
  readonly #replica: Replica
  readonly #peers: Peers
  readonly #session: Session
  readonly #id: RequestEventId
  readonly #log: string
  #sink: EventSink | undefined
  /** The next event that the client needs. */
  #next: number
  /** How far the log was read. */
  #position: Position | undefined
  #asked = false
  #resolved = false
  #blocked = false
  #pumping = false
  #dirty = false
  #keepAlive: Timer | undefined
  #poll: Timer | undefined
  #stall: Timer | undefined
  #giveUp: Timer | undefined

  constructor(replica: Replica, peers: Peers, session: Session, id: RequestEventId, sink: EventSink) {
    this.connection = replica.tags.next()
    this.#replica = replica
    this.#peers = peers
    this.#session = session
    this.#id = id
    this.#log = streamLogOf(id.replica, id.call)
    this.#sink = sink
    this.#next = id.sequence + 1
    session.openStreams++
    replica.streamOpened(session.facts.principal)
    replica.counters.streamsRelayed++
    sink.onDrain = () => this.#drained()
    sink.onClose = () => this.#release()
  }

  /** The replica that runs the call. */
  get owner(): string {
    return this.#id.replica
  }

  /** @param lead what the response begins with. */
  start(lead: string): void {
    this.#write(lead + SSE_KEEP_ALIVE)
    this.#keepAliveLater()
    this.#pollLater()
    if (this.#session.facts.revision.closesConnections) {
      this.#giveUp = this.#replica.wheel.after(UNRESOLVED_MS, () => {
        if (!this.#resolved) this.handBack()
      })
    }
    this.look()
  }

  look(): void {
    this.#dirty = true
    if (this.#pumping || this.#blocked || this.#sink === undefined) return
    this.#pumping = true
    this.#pump()
      .catch((thrown) => this.#replica.report(thrown, 'relayed stream'))
      .finally(() => {
        this.#pumping = false
      })
  }

  lookAgain(): void {
    this.#asked = false
    this.#position = undefined
    this.look()
  }

  replaced(): void {
    this.#end('')
  }

  /** The client comes back for the rest, elsewhere. */
  handBack(): void {
    if (this.#session.facts.revision.closesConnections) this.#end(sseRetry(this.#replica.retry.next()))
    else this.#reset()
  }

  #reset(): void {
    const sink = this.#sink
    this.#release()
    sink?.destroy()
  }

  async #pump(): Promise<void> {
    while (this.#dirty && this.#sink !== undefined && !this.#blocked) {
      this.#dirty = false
      while (await this.#read()) if (this.#sink === undefined || this.#blocked) return
      if (await this.#peers.isAlive(this.owner)) this.#ask()
      else if (this.#sink !== undefined) await this.#decide('replica_lost')
    }
  }

  /** Takes a batch of the log. `false`: there was nothing. */
  async #read(): Promise<boolean> {
    const { gap, entries } = await readStreamLog(this.#replica.store, this.#log, this.#position ?? 'oldest')
    if (gap) this.#position = undefined
    for (const { position, record } of entries) {
      if (this.#sink === undefined) return false
      // The rest of the batch is read again once the reader has caught up.
      if (this.#blocked) return true
      this.#resolved = true
      this.#position = position
      this.#take(record)
    }
    return entries.length > 0
  }

  #take(record: StreamRecord): void {
    if (record.t === 'lost') {
      this.#lose(record.reason)
      return
    }
    if (record.t === 'close') {
      if (record.after > this.#id.sequence) this.handBack()
      return
    }
    const { first, last, text, final = false } = record
    if (first > this.#next) {
      this.#lose('stream_lost')
      return
    }
    if (last >= this.#next) {
      const whole = record.bare ? finalEvent(this.#session, this.#id, first, text) : text
      this.#write(skipEvents(whole, this.#next - first))
      this.#next = last + 1
    }
    if (final) this.#end('')
  }

  /** Asks the owner, once, to write the log, and to say when there is more in it. */
  #ask(): void {
    if (this.#asked) return
    this.#asked = true
    const reader = { replica: this.#replica.id, connection: this.connection }
    this.#peers.post(this.owner, { v: 1, t: 'resume', call: this.#id.call, reader }).catch((thrown) => {
      this.#asked = false
      this.#replica.report(thrown, 'relayed stream')
    })
  }

  /** Nobody will write to the log any more: that is written down where nobody else has written since. */
  async #decide(reason: LostReason): Promise<void> {
    const { store, tags, limits } = this.#replica
    const record = { v: 1, t: 'lost', reason } as const
    await appendStreamLog(store, this.#log, record, { expect: this.#position, id: tags.next(), limits })
    this.#dirty = true
  }

  #lose(reason: LostReason): void {
    this.#replica.counters.streamsLost++
    this.#end(lostEvent(this.#session, this.#id, this.#next, reason))
  }

  #write(text: string): void {
    const sink = this.#sink
    if (sink === undefined || text === '' || sink.write(text) || this.#blocked) return
    this.#blocked = true
    this.#stall = this.#replica.wheel.after(this.#replica.limits.stallMs, () => {
      this.#replica.counters.streamsStalled++
      this.#reset()
    })
  }

  #drained(): void {
    if (!this.#blocked) return
    this.#blocked = false
    this.#stall?.cancel()
    this.look()
  }

  #keepAliveLater(): void {
    this.#keepAlive = this.#replica.wheel.after(KEEP_ALIVE_MS, () => {
      this.#replica.counters.keepAlives++
      if (!this.#blocked) this.#write(SSE_KEEP_ALIVE)
      this.#keepAliveLater()
    })
  }

  #pollLater(): void {
    this.#poll = this.#replica.wheel.after(POLL_MS, () => {
      this.look()
      this.#pollLater()
    })
  }

  #end(text: string): void {
    const sink = this.#sink
    this.#release()
    sink?.end(text)
  }

  #release(): void {
    const sink = this.#sink
    if (sink === undefined) return
    this.#sink = undefined
    sink.onDrain = undefined
    sink.onClose = undefined
    for (const timer of [this.#keepAlive, this.#poll, this.#stall, this.#giveUp]) timer?.cancel()
    this.#session.openStreams--
    this.#replica.streamClosed(this.#session.facts.principal)
    this.#peers.relays.delete(this.connection)
  }
}
