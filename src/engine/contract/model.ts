/**
 * A small model of the port: what every operation must answer, worked out from what was done before. It keeps
 * everything that ever was, so that it knows what a position or a version of long ago may still mean.
 *
 * @module
 */
import { ABSENT, EMPTY } from '../engine.ts'

/** One life of a log: from its first append, or from the first question for its end, until it expires. */
export interface Life {
  readonly log: string
  /** Every entry that was ever appended; `trimmed` of them are gone. */
  readonly entries: { readonly id: string; readonly record: string }[]
  trimmed: number
  ended: boolean
}

/** The place behind the first `count` entries of a life. */
export interface Place {
  readonly life: Life
  readonly count: number
}

export interface ModelRow {
  readonly value: string
  readonly version: string
}

export class Model {
  readonly #table = new Map<string, ModelRow>()
  readonly #lives = new Map<string, Life>()
  /** Keys with the versions that were put under them lately, and the places of appends by log and id. */
  readonly #puts = new Set<string>()
  readonly #appends = new Map<string, Place>()

  row(key: string): ModelRow | undefined {
    return this.#table.get(key)
  }

  put(key: string, row: ModelRow, expect: string | undefined): 'done' | 'again' | 'conflict' {
    const attempt = JSON.stringify([key, row.version])
    if (this.#puts.has(attempt)) return 'again'
    if (expect !== undefined && expect !== (this.row(key)?.version ?? ABSENT)) return 'conflict'
    this.#puts.add(attempt)
    this.#table.set(key, row)
    return 'done'
  }

  delete(key: string, expect: string | undefined): boolean {
    if (expect !== undefined && this.row(key)?.version !== expect) return false
    return this.#table.delete(key)
  }

  /** The life that the log is in, or would begin with its next append. */
  life(log: string): Life {
    const known = this.#lives.get(log)
    if (known !== undefined) return known
    const life: Life = { log, entries: [], trimmed: 0, ended: false }
    this.#lives.set(log, life)
    return life
  }

  end(log: string): Place {
    const life = this.life(log)
    return { life, count: life.entries.length }
  }

  append(
    log: string,
    entry: { readonly id: string; readonly record: string },
    options: { readonly expect?: Place | typeof EMPTY; readonly cap?: number; readonly refuse: boolean },
  ): Place | 'conflict' | 'full' {
    const attempt = JSON.stringify([log, entry.id])
    const known = this.#appends.get(attempt)
    if (known !== undefined) return known
    const life = this.life(log)
    const { expect, cap } = options
    const held = life.entries.length - life.trimmed
    if (expect === EMPTY) {
      if (held > 0) return 'conflict'
    } else if (expect !== undefined && (expect.life !== life || expect.count !== life.entries.length)) {
      return 'conflict'
    }
    if (cap !== undefined && held >= cap) {
      if (options.refuse) return 'full'
      life.trimmed = life.entries.length - cap + 1
    }
    life.entries.push(entry)
    const place = { life, count: life.entries.length }
    this.#appends.set(attempt, place)
    return place
  }

  /** The places of the entries that a read must bring, or `gap`. */
  read(log: string, after: Place | 'birth' | 'oldest', limit: number): readonly Place[] | 'gap' {
    const life = this.life(log)
    let from = life.trimmed
    if (after === 'birth') from = 0
    else if (after !== 'oldest') from = after.life === life ? after.count : -1
    if (from < life.trimmed) return 'gap'
    const places: Place[] = []
    for (let at = from; at < life.entries.length && places.length < limit; at++) places.push({ life, count: at + 1 })
    return places
  }

  trim(log: string, through: Place): void {
    const life = this.life(log)
    if (through.life === life) life.trimmed = Math.max(life.trimmed, through.count)
  }

  /** The key's time is over. */
  expireRow(key: string): void {
    this.#table.delete(key)
  }

  /** The log's time is over. Retries of what it held are no longer recognised. */
  expireLog(log: string): void {
    const life = this.#lives.get(log)
    if (life === undefined) return
    life.ended = true
    this.#lives.delete(log)
    for (const [attempt, place] of this.#appends) if (place.life === life) this.#appends.delete(attempt)
  }

  /** The time in which retries are recognised is over. */
  forgetRetries(): void {
    this.#puts.clear()
    this.#appends.clear()
  }
}
