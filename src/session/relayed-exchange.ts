/**
 * The exchange of a retry whose call is parked on another replica: it is led there, and what the call sends comes back.
 * While it lasts it counts as a request that is handled here; when its client leaves, the call is cancelled there.
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr
 * @module
 */
import type { Position } from '../engine/engine.ts'
import type { Timer } from '../engine/platform.ts'
import { isErrorCode, McpError } from '../wire/errors.ts'
import { errorMessage, type RequestId } from '../wire/jsonrpc.ts'
import { exchangeLogOf, type ForwardedAnswer, type ForwardedRetry } from './forwarded-retry.ts'
import type { Peers } from './peers.ts'
import type { Relay } from './relay.ts'
import { POLL_MS } from './relayed-stream.ts'
import type { Replica } from './replica.ts'
import type { InFlight, Session } from './session.ts'
import { type LostReason, lostError, readStreamLog, type StreamRecord } from './stream-log.ts'

/**
 * A question whose answer may be lost too is asked more than once. A call that has said nothing yet has nothing to write
 * again, so this ends.
 */
const REREADS = 3

/** Where the messages of the call go. */
export interface ExchangeReader {
  notify(text: string): void
  finish(text: string | undefined, error?: McpError): void
}

export class RelayedExchange implements Relay, InFlight {
  readonly connection: string
  readonly owner: string
  readonly requestId: RequestId
  readonly session: Session
  readonly #replica: Replica
  readonly #peers: Peers
  readonly #reader: ExchangeReader
  readonly #log: string
  /** The next message. */
  #next = 0
  #position: Position | undefined
  #ended = false
  #pumping = false
  #dirty = false
  /** How often the owner is still asked to write again what the engine may have lost. */
  #rereads = 0
  #poll: Timer | undefined

  constructor(
    replica: Replica,
    peers: Peers,
    owner: string,
    session: Session,
    requestId: RequestId,
    reader: ExchangeReader,
  ) {
    this.connection = replica.tags.next()
    this.owner = owner
    this.requestId = requestId
    this.session = session
    this.#replica = replica
    this.#peers = peers
    this.#reader = reader
    this.#log = exchangeLogOf(this.connection)
  }

  /**
   * Leads the retry to its call. Resolves when it can't be lost any more.
   *
   * @throws {McpError} `replica_lost`, `unavailable`
   */
  async start(retry: Omit<ForwardedRetry, 'reader'>): Promise<void> {
    const { calls, id, counters } = this.#replica
    if (!(await this.#peers.isAlive(this.owner))) throw lostError('replica_lost')
    if (this.#ended) return
    // Found by hints, by a drain and by whoever counts, before the first of them can come.
    calls.add(this)
    this.#peers.relays.set(this.connection, this)
    counters.retriesForwarded++
    this.#pollLater()
    const reader = { replica: id, connection: this.connection }
    try {
      await this.#peers.post(this.owner, { v: 1, t: 'retry', ...retry, reader })
    } catch (thrown) {
      this.#release()
      // It may have arrived all the same.
      this.#leave()
      throw thrown
    }
    if (this.#ended) this.#leave()
  }

  look(): void {
    this.#dirty = true
    if (this.#pumping || this.#ended) return
    this.#pumping = true
    this.#pump()
      .catch((thrown) => this.#replica.report(thrown, 'relayed exchange'))
      .finally(() => {
        this.#pumping = false
      })
  }

  lookAgain(): void {
    this.#position = undefined
    this.#rereads = REREADS
    this.look()
  }

  replaced(): void {}

  /** There is no other place to read it: a drain ends it like every call. */
  handBack(): void {}

  /** The client has left, or this process is about to. */
  abort(reason: McpError, answer: boolean): void {
    if (this.#ended) return
    const led = this.#peers.relays.has(this.connection)
    this.#end(answer ? errorMessage(this.requestId, reason) : undefined, reason)
    if (led) this.#leave()
  }

  #leave(): void {
    this.#peers.hint(this.owner, { v: 1, t: 'gone', connection: this.connection })
  }

  async #pump(): Promise<void> {
    while (this.#dirty && !this.#ended) {
      this.#dirty = false
      const alive = await this.#peers.isAlive(this.owner)
      // What it wrote before it died counts.
      while (await this.#read()) if (this.#ended) return
      if (!alive) this.#lose('replica_lost')
    }
  }

  /** Takes a batch of the log. `false`: there was nothing. */
  async #read(): Promise<boolean> {
    const { gap, entries } = await readStreamLog(this.#replica.store, this.#log, this.#position ?? 'oldest')
    if (gap) this.#position = undefined
    for (const { position, record } of entries) {
      if (this.#ended) return false
      this.#position = position
      this.#rereads = 0
      this.#take(record)
    }
    return entries.length > 0
  }

  #take(record: StreamRecord): void {
    if (record.t === 'close') return
    if (record.t === 'lost' || record.first > this.#next) {
      this.#lose('stream_lost')
      return
    }
    const { last, text, final = false } = record
    if (last < this.#next) return
    this.#next = last + 1
    if (final) this.#answer(JSON.parse(text) as ForwardedAnswer)
    else this.#reader.notify(text)
  }

  #answer({ text, error }: ForwardedAnswer): void {
    this.#end(text, isErrorCode(error) ? new McpError(error, '') : undefined)
  }

  #lose(reason: LostReason): void {
    this.#replica.counters.streamsLost++
    const error = lostError(reason)
    this.#end(errorMessage(this.requestId, error), error)
  }

  #end(text: string | undefined, error: McpError | undefined): void {
    if (this.#ended) return
    this.#release()
    this.#reader.finish(text, error)
  }

  #release(): void {
    this.#ended = true
    this.#poll?.cancel()
    this.#replica.calls.delete(this)
    this.#peers.relays.delete(this.connection)
  }

  #pollLater(): void {
    this.#poll = this.#replica.wheel.after(POLL_MS, () => {
      this.#reread()
      this.look()
      this.#pollLater()
    })
  }

  /**
   * Asks the owner for what was written and not yet read when the data was lost. Not before the first look that follows:
   * the retry itself is sent again first.
   */
  #reread(): void {
    if (this.#rereads === 0) return
    this.#rereads--
    const reader = { replica: this.#replica.id, connection: this.connection }
    this.#peers.hint(this.owner, { v: 1, t: 'reread', reader })
  }
}
