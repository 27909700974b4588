/**
 * The subscriptions of the modern era that this process serves, fed by the same `cluster` log as the session streams.
 *
 * @see the specification 2026-07-28, basic/patterns/subscriptions
 * @module
 */
import type { ClusterEntry, ListKind } from './cluster.ts'

/** What a subscription wants to hear. */
export interface ListenFilter {
  readonly lists: ReadonlySet<ListKind>
  readonly uris: ReadonlySet<string>
}

/** One subscription. */
export interface Listener {
  readonly filter: ListenFilter
  listChanged(list: ListKind): void
  updated(uri: string): void
  /** The server is about to leave. */
  close(): void
}

export class ListenStreams {
  readonly #open = new Set<Listener>()
  /** Set once the process is about to leave. */
  #closed = false

  /** Open subscriptions. */
  get size(): number {
    return this.#open.size
  }

  add(listener: Listener): void {
    if (this.#closed) listener.close()
    else this.#open.add(listener)
  }

  remove(listener: Listener): void {
    this.#open.delete(listener)
  }

  /** Applies a record of the `cluster` log. */
  apply({ record }: ClusterEntry): void {
    if (record.t === 'list') {
      for (const listener of this.#open) if (listener.filter.lists.has(record.list)) listener.listChanged(record.list)
    } else if (record.t === 'updated') {
      for (const listener of this.#open) if (listener.filter.uris.has(record.uri)) listener.updated(record.uri)
    }
  }

  /** What happened is not known, so everything may have: each subscription hears all that it asked for, once. */
  gap(): void {
    for (const listener of this.#open) {
      for (const list of listener.filter.lists) listener.listChanged(list)
      for (const uri of listener.filter.uris) listener.updated(uri)
    }
  }

  /** Ends every subscription, each with its result. @returns whether there were any. */
  closeAll(): boolean {
    this.#closed = true
    const open = [...this.#open]
    this.#open.clear()
    for (const listener of open) listener.close()
    return open.length > 0
  }
}
