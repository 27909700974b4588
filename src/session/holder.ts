/**
 * `holder/<uid>`: which connection has the session stream, and how far into the mailbox it was served. It moves
 * forward before a batch is written to the socket, so a message is never sent to two connections.
 *
 * @module
 */
import { ABSENT, type Position, type Store } from '../engine/engine.ts'
import type { Replica } from './replica.ts'

export interface Holder {
  readonly v: 1
  readonly replica: string
  /** Tells connections of one replica apart; empty: the last one is gone. */
  readonly connection: string
  /** The last mailbox position that was handed to a connection. */
  readonly delivered: Position
}

const KEY = 'holder/'

/** Outlives every window that a stream could resume from. */
const TTL_MS = 10 * 60_000

/** The entry as it stands. */
export interface HeldEntry {
  readonly holder: Holder
  readonly version: string
}

export async function readHolder(store: Store, uid: string): Promise<HeldEntry | undefined> {
  const row = await store.get(KEY + uid)
  return row && { holder: JSON.parse(row.value) as Holder, version: row.version }
}

/** The hold that one connection has on a session stream. */
export class Hold {
  /** Tells this connection apart from others. */
  readonly connection: string
  readonly #replica: Replica
  readonly #uid: string
  /** The entry as this connection left it; `undefined`: it does not have the stream. */
  #version: string | undefined

  constructor(replica: Replica, uid: string) {
    this.#replica = replica
    this.#uid = uid
    this.connection = replica.tags.next()
  }

  /**
   * Takes the stream; the newest connection wins.
   *
   * @param from where this one begins, given what the holder before had delivered.
   * @returns the holder before.
   */
  async claim(from: (delivered: Position | undefined) => Position): Promise<Holder | undefined> {
    for (;;) {
      const held = await readHolder(this.#replica.store, this.#uid)
      this.#version = await this.#put(this.connection, from(held?.holder.delivered), held?.version)
      if (this.#version !== undefined) return held?.holder
    }
  }

  /** Notes that everything through `delivered` is about to be sent. `false`: a newer connection has the stream. */
  async advance(delivered: Position): Promise<boolean> {
    const version = this.#version
    if (version === undefined) return false
    this.#version = await this.#write(this.connection, delivered, version)
    return this.#version !== undefined
  }

  /** Says that nobody has the stream any more, unless a newer connection does. */
  async release(delivered: Position): Promise<void> {
    const version = this.#version
    this.#version = undefined
    if (version !== undefined) await this.#write('', delivered, version)
  }

  /** Puts back the holder before, because this connection ended while it claimed. One that has sent meanwhile has it anyway. */
  async handBack(previous: Holder): Promise<void> {
    const version = this.#version
    this.#version = undefined
    if (version !== undefined) await this.#store(previous, version)
  }

  async #write(connection: string, delivered: Position, version: string): Promise<string | undefined> {
    const done = await this.#put(connection, delivered, version)
    if (done !== undefined) return done
    // The entry may have expired, or been lost with everything else; then nobody else has it either.
    const held = await readHolder(this.#replica.store, this.#uid)
    if (held !== undefined && held.holder.connection !== this.connection) return undefined
    return this.#put(connection, delivered, held?.version)
  }

  async #put(connection: string, delivered: Position, expect: string | undefined): Promise<string | undefined> {
    return await this.#store({ v: 1, replica: this.#replica.id, connection, delivered }, expect)
  }

  async #store(holder: Holder, expect: string | undefined): Promise<string | undefined> {
    const { store } = this.#replica
    const options = { ttlMs: TTL_MS, expect: expect ?? ABSENT }
    const outcome = await store.put(KEY + this.#uid, JSON.stringify(holder), options)
    return outcome === 'conflict' ? undefined : outcome.version
  }
}
