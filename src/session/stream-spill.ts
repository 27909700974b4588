/**
 * Writes a request stream to its log, once its connection has broken: the window as it is, then every later event. It
 * knows the end of its own log, so that nobody else can have written there unnoticed.
 *
 * @module
 */
import type { Position } from '../engine/engine.ts'
import type { Reader } from './inbox.ts'
import type { Peers } from './peers.ts'
import type { Replica } from './replica.ts'
import { appendStreamLog, readStreamLog, type StreamRecord } from './stream-log.ts'
import type { WindowChunk } from './stream-window.ts'

/** What the spill asks of its stream. */
export interface Spilled {
  /** Everything that can still be sent. */
  held(): readonly WindowChunk[]
  /** The sequence number of the final event, once there is one. */
  readonly finalSequence: number | undefined
  /** Somebody else has decided how the stream ends. */
  fenced(): void
}

const RETRY_MS = 250

interface Queued {
  readonly record: StreamRecord
  readonly id: string
}

export class StreamSpill {
  readonly #replica: Replica
  readonly #peers: Peers
  readonly #address: string
  readonly #log: string
  readonly #stream: Spilled
  #queue: Queued[] = []
  /** The end of the log, if something of ours is in it. */
  #position: Position | undefined
  #running: Promise<void> | undefined
  #over = false
  #reader: Reader | undefined
  /** Connections that have lost the stream: what they asked for may arrive late, or again. */
  readonly #formerReaders = new Set<string>()

  /** @param address the id of this replica that the log belongs to. */
  constructor(replica: Replica, peers: Peers, address: string, log: string, stream: Spilled) {
    this.#replica = replica
    this.#peers = peers
    this.#address = address
    this.#log = log
    this.#stream = stream
    for (const chunk of stream.held()) this.push(chunk)
    peers.spilling.add(this)
  }

  push(chunk: WindowChunk): void {
    this.#queue.push(this.#queued(chunk))
    this.#run()
  }

  /** Whoever reads the log ends the connection to the client there, unless the client came back after this event. */
  close(after: number): void {
    this.#queue.push({ record: { v: 1, t: 'close', after }, id: this.#replica.tags.next() })
    this.#run()
  }

  /** Whether this reader may have the stream: not if it gave way to a newer one before. */
  admits(reader: Reader): boolean {
    return !this.#formerReaders.has(reader.connection)
  }

  /** Events are hinted to this reader from now on; the one before it has lost the stream. */
  lead(reader: Reader | undefined): void {
    const before = this.#reader
    this.#reader = reader
    if (before !== undefined && before.connection !== reader?.connection) {
      this.#formerReaders.add(before.connection)
      this.#peers.hint(before.replica, { v: 1, t: 'taken', connection: before.connection })
    }
  }

  /** A reader found nothing: should the log have been lost, it is written again. */
  check(): void {
    this.#run(true)
  }

  /** Resolves when everything is written, or can't be. */
  async settled(): Promise<void> {
    await this.#running
  }

  #run(repair = false): void {
    if (this.#over || this.#running !== undefined) return
    this.#running = this.#write(repair).finally(() => {
      this.#running = undefined
      // What a process that has left could not write stays unwritten: its streams are answered for by others.
      const over = this.#over || this.#peers.closed
      if (this.#queue.length > 0 && !over) this.#run()
      else if (this.#stream.finalSequence !== undefined || over) this.#peers.spilling.delete(this)
    })
  }

  async #write(repair: boolean): Promise<void> {
    let sound = !repair
    while (!this.#over && !this.#peers.closed) {
      if (this.#address !== this.#replica.id) {
        this.#fenced()
        break
      }
      try {
        if (!this.#peers.mayAct) {
          await this.#pause()
        } else if (!sound) {
          await this.#repair()
          sound = true
        } else {
          const next = this.#queue[0]
          if (next === undefined) break
          sound = await this.#append(next)
          if (sound) this.#queue.shift()
        }
      } catch (thrown) {
        this.#replica.report(thrown, 'stream log')
        await this.#pause()
      }
    }
    const reader = this.#reader
    if (reader !== undefined) this.#peers.hint(reader.replica, { v: 1, t: 'events', connection: reader.connection })
  }

  async #append(next: Queued): Promise<boolean> {
    const { store, limits } = this.#replica
    const expect = this.#position
    const position = await appendStreamLog(store, this.#log, next.record, { expect, id: next.id, limits })
    if (position === undefined) return false
    this.#position = position
    return true
  }

  /** The log is not where it was: either it was decided elsewhere, or it lost what was in it. */
  async #repair(): Promise<void> {
    let position: Position | undefined
    let written = -1
    for (;;) {
      const { entries } = await readStreamLog(this.#replica.store, this.#log, position ?? 'oldest')
      if (entries.length === 0) break
      for (const entry of entries) {
        if (entry.record.t === 'lost') return this.#fenced()
        position = entry.position
        if (entry.record.t === 'events') written = entry.record.last
      }
    }
    this.#position = position
    const events = this.#stream
      .held()
      .filter(({ last }) => last > written)
      .map((chunk) => this.#queued(chunk))
    const closes = this.#queue.filter(({ record }) => record.t === 'close')
    this.#queue = [...events, ...closes].sort((left, right) => placeOf(left.record) - placeOf(right.record))
  }

  #queued({ first, last, text }: WindowChunk): Queued {
    const final = last === this.#stream.finalSequence
    return {
      record: { v: 1, t: 'events', first, last, text, ...(final && { final }) },
      id: this.#replica.tags.next(),
    }
  }

  #fenced(): void {
    this.#over = true
    this.#stream.fenced()
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => void this.#replica.wheel.after(RETRY_MS, resolve))
  }
}

/** Where a record stands among the others: a close stands behind its event. */
function placeOf(record: StreamRecord): number {
  if (record.t === 'events') return record.last
  return record.t === 'close' ? record.after + 0.5 : Number.POSITIVE_INFINITY
}
