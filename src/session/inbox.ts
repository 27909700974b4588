/**
 * `inbox/<replica>`: what one replica has to tell another. Small control records; the log refuses when it is full and
 * never drops, so that whoever got a 202 for a message knows that it is there.
 *
 * @module
 */
import type { LogEntry, Position } from '../engine/engine.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonObject, JsonRpcResponse } from '../wire/jsonrpc.ts'
import type { ForwardedRetry } from './forwarded-retry.ts'
import { LogFollower } from './log-follower.ts'
import type { Identity } from './principal.ts'
import type { Replica } from './replica.ts'
import { PATIENCE_MS } from './shared-store.ts'

/** A record of the log. Every one may arrive late, and must do no harm then. */
export type InboxRecord =
  /** The client's answer to a question that the owner of this inbox asked. */
  | {
      readonly v: 1
      readonly t: 'answer'
      readonly uid: string
      readonly principal: string
      readonly response: JsonRpcResponse
    }
  /** The client's progress on an answer. */
  | {
      readonly v: 1
      readonly t: 'progress'
      readonly uid: string
      readonly principal: string
      readonly params: JsonObject
    }
  /** The mailbox of a session, whose stream the owner of this inbox holds, has something new. */
  | { readonly v: 1; readonly t: 'mailbox'; readonly uid: string }
  /** A newer connection has the session stream. */
  | { readonly v: 1; readonly t: 'replaced'; readonly uid: string; readonly connection: string }
  /** A client came back for this call's stream elsewhere: hand the stream over, and hint that reader from now on. */
  | { readonly v: 1; readonly t: 'resume'; readonly call: number; readonly reader: Reader }
  /** A message for an HTTP+SSE connection. */
  | ({ readonly v: 1; readonly t: 'posted' } & PostedMessage)
  /** The retry of a call that is parked here. */
  | ({ readonly v: 1; readonly t: 'retry' } & ForwardedRetry)
  /** The client of a forwarded retry has left. */
  | { readonly v: 1; readonly t: 'gone'; readonly connection: string }
  /** The engine has lost its data, and with it perhaps what this reader of an exchange had not read. */
  | { readonly v: 1; readonly t: 'reread'; readonly reader: Reader }
  /** The stream that this reader relays has something new. */
  | { readonly v: 1; readonly t: 'events'; readonly connection: string }
  /** A newer connection reads the stream that this reader relays. */
  | { readonly v: 1; readonly t: 'taken'; readonly connection: string }

/** A message that was posted to another replica than the one that holds its HTTP+SSE connection. */
export interface PostedMessage {
  readonly uid: string
  readonly principal: string
  /** What was verified about the sender; never the credentials themselves. */
  readonly identity?: Identity
  /** The headers of the request that handlers may want to see; never credentials. */
  readonly headers: { readonly [name: string]: string }
  /** The body. */
  readonly text: string
}

/** Who relays a stream: a replica, and the connection there. */
export interface Reader {
  readonly replica: string
  readonly connection: string
}

const LOG = 'inbox/'
const TTL_MS = 24 * 60 * 60_000

/** How many records are read at a time. */
const BATCH = 256

/** A replica that does not read for a while may have this much waiting; over it senders answer 503. */
const CAP = 10_000

/** How long it is remembered what was sent, should the log lose it, and how much of it. */
const RESEND_MS = 10_000
const RESEND_CHARS = 16_000_000

/** How long the ids of records are remembered, so that one that was sent again is taken once. */
const SEEN_MS = 60_000

const ADDRESS = /^[A-Za-z0-9_-]{22}$/

interface Sent {
  readonly at: number
  readonly to: string
  readonly text: string
}

export class Inbox {
  readonly #replica: Replica
  readonly #apply: (record: InboxRecord, late: boolean) => void
  readonly #onGap: (address: string) => void
  readonly #followers = new Map<string, LogFollower>()
  #sent: Sent[] = []
  #sentChars = 0
  /** The ids of records that were taken, oldest first, and when. */
  readonly #seen = new Map<string, number>()

  /** @param apply `late`: whoever sent it has been told that it may not have arrived, and may send it again. */
  constructor(replica: Replica, apply: (record: InboxRecord, late: boolean) => void, onGap: (address: string) => void) {
    this.#replica = replica
    this.#apply = apply
    this.#onGap = onGap
  }

  /**
   * Follows the inbox of an id of this replica, from its birth: a replica that was taken for dead asks under its new id at
   * once, and may be answered before this has been heard of.
   */
  async open(address: string): Promise<void> {
    if (this.#followers.has(address)) return
    const { store, wheel, report } = this.#replica
    const log = LOG + address
    const follower = new LogFollower({
      store,
      wheel,
      log,
      onEntries: (entries) => this.#take(log, entries),
      onGap: () => this.#onGap(address),
      onError: (thrown) => report(thrown, 'inbox'),
    })
    let found = await store.read(log, 'birth', BATCH)
    while (!found.gap && found.entries.length > 0) {
      this.#take(log, found.entries)
      found = await store.read(log, found.end, BATCH)
    }
    follower.start(found.gap ? found.oldest : found.end)
    this.#followers.set(address, follower)
  }

  /**
   * Resolves when the record is in the inbox.
   *
   * @throws {McpError} `unavailable` when the inbox is full or the engine away.
   */
  async post(to: string, record: InboxRecord): Promise<void> {
    const { platform, tags } = this.#replica
    const id = tags.next()
    // Who is told that it could not be taken may send it again; an attempt whose outcome was not known by then is marked by
    // its time. What is in the inbox for certain may be late.
    await this.#append(to, JSON.stringify({ ...record, id, until: platform.now() + PATIENCE_MS }))
    this.#remember(to, JSON.stringify({ ...record, id }))
  }

  /** Posts what is only a hint: whoever misses it finds out by itself, a little later. */
  hint(to: string, record: InboxRecord): void {
    this.post(to, record).catch((thrown) => this.#replica.report(thrown, 'inbox'))
  }

  /** Sends again what was sent lately to an inbox that lost some of it; `undefined`: to every one. */
  resend(to: string | undefined): void {
    this.#forget()
    for (const sent of this.#sent) {
      if (to === undefined || sent.to === to) {
        this.#append(sent.to, sent.text).catch((thrown) => this.#replica.report(thrown, 'inbox'))
      }
    }
  }

  stop(): void {
    for (const follower of this.#followers.values()) follower.stop()
  }

  async #append(to: string, text: string): Promise<void> {
    const { store, tags } = this.#replica
    const outcome = await store.append(LOG + to, text, { ttlMs: TTL_MS, id: tags.next(), cap: CAP, whenFull: 'refuse' })
    if (typeof outcome === 'string') {
      throw new McpError('unavailable', 'The replica that waits for this message takes no more right now; try again.')
    }
  }

  #take(log: string, entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const record = JSON.parse(entry.record) as InboxRecord & { readonly id: string; readonly until?: number }
      if (record.v !== 1 || !this.#isNew(record.id)) continue
      try {
        this.#apply(record, (record.until ?? Number.POSITIVE_INFINITY) < this.#replica.platform.now())
      } catch (thrown) {
        this.#replica.report(thrown, 'inbox')
      }
    }
    const last: Position = entries.at(-1)!.position
    this.#replica.store.trim(log, last).catch((thrown) => this.#replica.report(thrown, 'inbox'))
  }

  #isNew(id: string): boolean {
    if (this.#seen.has(id)) return false
    const now = this.#replica.platform.now()
    for (const [old, at] of this.#seen) {
      if (now - at <= SEEN_MS) break
      this.#seen.delete(old)
    }
    this.#seen.set(id, now)
    return true
  }

  #remember(to: string, text: string): void {
    this.#forget()
    this.#sent.push({ at: this.#replica.platform.now(), to, text })
    this.#sentChars += text.length
  }

  #forget(): void {
    const oldest = this.#replica.platform.now() - RESEND_MS
    let gone = 0
    while (gone < this.#sent.length && (this.#sent[gone]!.at < oldest || this.#sentChars > RESEND_CHARS)) {
      this.#sentChars -= this.#sent[gone]!.text.length
      gone++
    }
    if (gone > 0) this.#sent = this.#sent.slice(gone)
  }
}

/** The replica that an id with an address in front (`<replica>.…`) belongs to. */
export function addressOf(id: string): string | undefined {
  const address = id.slice(0, 22)
  return id[22] === '.' && ADDRESS.test(address) ? address : undefined
}
