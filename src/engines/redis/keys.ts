/**
 * Names of keys. All keys of one partition share a hash tag, so that a script may touch them together on a cluster; the
 * number of tags is fixed, so that every partition can carry the mark of its data (the epoch) from the start.
 *
 * @module
 */

/** Enough to spread over any cluster worth its name, few enough to look at all of them every two seconds. */
export const PARTITIONS = 64

export class Keys {
  readonly #prefix: string

  /** @throws {TypeError} for a prefix with braces: they would become the hash tag. */
  constructor(prefix: string) {
    if (/[{}]/.test(prefix))
      throw new TypeError(`The prefix "${prefix}" has a brace, which is Redis's mark of a hash tag.`)
    this.#prefix = prefix
  }

  /** What says which data a partition holds. The only keys that never expire. */
  epoch(partition: number): string {
    return `{${this.#prefix}:${partition}}:epoch`
  }

  /** The epoch of the partition that has this table key or log. */
  epochOf(name: string): string {
    return this.epoch(partitionOf(name))
  }

  /** The hash with a value and its version. */
  row(key: string): string {
    return this.#key('row', key)
  }

  /** The stream with the entries of a log. */
  entries(log: string): string {
    return this.#key('log', log)
  }

  /** The life of a log and its newest position: what there is of a log without any entry. */
  head(log: string): string {
    return this.#key('head', log)
  }

  /** What remembers for a while that an operation was done. */
  done(kind: 'put' | 'delete' | 'append', name: string, id: string): string {
    return this.#key(kind, `${name.length}:${name}:${id}`, partitionOf(name))
  }

  #key(kind: string, name: string, partition: number = partitionOf(name)): string {
    return `{${this.#prefix}:${partition}}:${kind}:${name}`
  }
}

/** FNV-1a: every replica must come to the same partition. */
function partitionOf(name: string): number {
  let hash = 0x811c9dc5
  for (let at = 0; at < name.length; at++) hash = Math.imul(hash ^ name.charCodeAt(at), 0x01000193)
  return (hash ^ (hash >>> 15)) & (PARTITIONS - 1)
}
