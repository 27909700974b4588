/**
 * Where the messages of a call go whose client is connected to another replica: into the log of that exchange. They are
 * kept for as long as they may have to be written again, because the engine may lose them.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */
import { exchangeLogOf, type ForwardedAnswer } from '../session/forwarded-retry.ts'
import type { Reader } from '../session/inbox.ts'
import type { Peers, RemoteExchange } from '../session/peers.ts'
import type { Replica } from '../session/replica.ts'
import { type Spilled, StreamSpill } from '../session/stream-spill.ts'
import { StreamWindow, type WindowChunk } from '../session/stream-window.ts'
import { McpError } from '../wire/errors.ts'
import type { CallOutlet } from './outlet.ts'
import type { Cancellable } from './parking.ts'

export class RemoteOutlet implements CallOutlet, Spilled, RemoteExchange {
  readonly reader: Reader
  finalSequence: number | undefined
  readonly #replica: Replica
  readonly #peers: Peers
  readonly #spill: StreamSpill
  readonly #window = new StreamWindow()
  #sequence = 0
  #call: Cancellable | undefined
  #gone = false

  constructor(replica: Replica, peers: Peers, reader: Reader) {
    this.reader = reader
    this.#replica = replica
    this.#peers = peers
    this.#spill = new StreamSpill(replica, peers, replica.id, exchangeLogOf(reader.connection), this)
    this.#spill.lead(reader)
    peers.exchanges.set(reader.connection, this)
  }

  /** The call that is cancelled when the client leaves. */
  own(call: Cancellable): void {
    this.#call = call
    if (this.#gone) this.#cancel()
  }

  notify(text: string): void {
    if (this.finalSequence === undefined) this.#push(text)
    else this.#replica.counters.notificationsDropped++
  }

  finish(text: string | undefined, error?: McpError): void {
    if (this.finalSequence !== undefined) return
    this.finalSequence = this.#sequence
    this.#peers.exchanges.delete(this.reader.connection)
    const answer: ForwardedAnswer = { ...(text !== undefined && { text }), ...(error && { error: error.code }) }
    this.#peers.answered.put(this.reader.connection, this, text?.length ?? 0)
    this.#push(JSON.stringify(answer))
  }

  sendAsk(): void {}

  closeConnection(): void {}

  /** "Closing the SSE response stream MUST be treated by the server as cancellation of that request." */
  readerGone(): void {
    this.#gone = true
    this.#cancel()
  }

  rewrite(): void {
    this.#spill.check()
  }

  held(): readonly WindowChunk[] {
    return this.#window.chunks()
  }

  /** Others have taken this replica for dead, and told the client so. */
  fenced(): void {
    this.#peers.exchanges.delete(this.reader.connection)
    this.#call?.abort(new McpError('replica_lost', 'The other replicas took this one for dead.'), false)
  }

  #cancel(): void {
    this.#call?.abort(new McpError('cancelled', 'The client closed the connection.'), false)
  }

  #push(text: string): void {
    const { platform, limits } = this.#replica
    const sequence = this.#sequence++
    this.#window.push(sequence, sequence, text, platform.now(), this.finalSequence === undefined ? 0 : 1)
    this.#window.trim(platform.now(), limits)
    this.#spill.push({ first: sequence, last: sequence, text })
  }
}
