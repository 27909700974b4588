/**
 * The store on Redis: every operation is one script on one partition.
 *
 * @module
 */
import {
  type AppendOptions,
  EMPTY,
  EngineError,
  type LogEntry,
  type Position,
  type PutOptions,
  type ReadResult,
  type Store,
  type TableEntry,
  type TailBatch,
} from '../../engine/engine.ts'
import type { Reply } from './client.ts'
import type { Commands } from './commands.ts'
import type { Keys } from './keys.ts'
import { idAfter, toPlace, toPosition } from './place.ts'
import type { RandomText } from './random-text.ts'
import { APPEND, DELETE, END, GET, PUT, READ, type Script, TRIM } from './scripts.ts'
import type { Waiter } from './waiter.ts'

/** Redis runs one command at a time: a larger value would keep everybody waiting for it. */
const LIMIT_BYTES = 16 * 1024 * 1024

/** A tail takes this many entries at once, and lets others have their turn. */
const BATCH = 500

/** How long a tail pauses after a failure before it asks again. */
const TAIL_RETRY_MS = 100

const encoder = new TextEncoder()

export interface StoreParts {
  readonly commands: Commands
  readonly keys: Keys
  readonly random: RandomText
  /** Waits for appends on connections of its own. */
  readonly waiter: Waiter
  /** The epoch of every partition, by the name of its key. */
  readonly epochs: ReadonlyMap<string, string>
  /** Called once, when a partition is found to hold other data. */
  readonly onLost: () => void
}

export class RedisStore implements Store {
  readonly epoch: string
  readonly limits: Store['limits'] = { value: LIMIT_BYTES, record: LIMIT_BYTES }
  readonly #parts: StoreParts
  readonly #lost = new AbortController()

  constructor(epoch: string, parts: StoreParts) {
    this.epoch = epoch
    this.#parts = parts
  }

  /** Aborts when the data behind this store was replaced. */
  get lost(): AbortSignal {
    return this.#lost.signal
  }

  /** The data is not what it was: nothing of it may be returned from now on. */
  lose(): void {
    if (this.lost.aborted) return
    this.#lost.abort()
    this.#parts.onLost()
  }

  async get(key: string): Promise<TableEntry | undefined> {
    const { keys } = this.#parts
    const [word, version, value] = await this.#run(GET, key, [keys.row(key)], [])
    return word === 'absent' ? undefined : { value: String(value), version: String(version) }
  }

  async put(key: string, value: string, options: PutOptions): Promise<{ version: string } | 'conflict'> {
    this.#checkSize(value)
    const { keys, random } = this.#parts
    const version = options.version ?? random.next()
    const { expect } = options
    const [word] = await this.#run(
      PUT,
      key,
      [keys.row(key), keys.done('put', key, version)],
      [version, value, milliseconds(options.ttlMs), expect === undefined ? '0' : '1', expect ?? ''],
    )
    return word === 'conflict' ? 'conflict' : { version }
  }

  async delete(key: string, options?: { readonly expect?: string }): Promise<boolean> {
    const { keys, random } = this.#parts
    const expect = options?.expect
    const touched = [keys.row(key), keys.done('delete', key, random.next())]
    const [word] = await this.#run(DELETE, key, touched, [expect === undefined ? '0' : '1', expect ?? ''])
    return word === 'done'
  }

  async append(
    log: string,
    record: string,
    options: AppendOptions,
  ): Promise<{ position: Position } | 'conflict' | 'full'> {
    this.#checkSize(record)
    const { keys, random } = this.#parts
    const [word, place] = await this.#run(
      APPEND,
      log,
      [keys.entries(log), keys.head(log), keys.done('append', log, options.id)],
      [
        options.id,
        record,
        milliseconds(options.ttlMs),
        random.life(),
        random.tag(),
        expectation(options.expect),
        options.cap === undefined ? '' : String(options.cap),
        options.whenFull === 'refuse' ? '1' : '0',
      ],
    )
    return word === 'conflict' || word === 'full' ? word : { position: positionOf(place) }
  }

  async read(log: string, after: Position | 'birth' | 'oldest', limit: number): Promise<ReadResult> {
    const { keys, random } = this.#parts
    // A place that is none of ours has a life that no log has.
    const place = after === 'birth' || after === 'oldest' ? { life: after, id: '' } : toPlace(after)
    const [word, place2, entries] = await this.#run(
      READ,
      log,
      [keys.entries(log), keys.head(log)],
      [random.life(), place?.life ?? '', place?.id ?? '', String(limit)],
    )
    if (word === 'gap') return { gap: true, oldest: positionOf(place2) }
    const [life] = String(place2).split(' ')
    return {
      gap: false,
      entries: (entries as StreamEntry[]).map((entry) => toEntry(life!, entry)),
      end: positionOf(place2),
    }
  }

  async end(log: string): Promise<Position> {
    const { keys, random } = this.#parts
    const [, place] = await this.#run(END, log, [keys.entries(log), keys.head(log)], [random.life()])
    return positionOf(place)
  }

  async trim(log: string, through: Position): Promise<void> {
    const { keys } = this.#parts
    const place = toPlace(through)
    const args = place === undefined ? ['', ''] : [place.life, idAfter(place.id)]
    await this.#run(TRIM, log, [keys.entries(log), keys.head(log)], args)
  }

  async *tail(log: string, after: Position, signal: AbortSignal): AsyncIterable<TailBatch> {
    const { commands, keys, waiter } = this.#parts
    const stop = AbortSignal.any([signal, this.lost, commands.closing])
    const wait = waiter.open(keys.entries(log))
    try {
      let from = after
      while (!signal.aborted) {
        let result: ReadResult
        try {
          result = await this.read(log, from, BATCH)
        } catch (thrown) {
          if (!(thrown instanceof EngineError) || thrown.code !== 'unavailable') throw thrown
          await commands.sleep(TAIL_RETRY_MS, stop)
          continue
        }
        if (signal.aborted) return
        if (result.gap) {
          yield result
          from = result.oldest
        } else if (result.entries.length > 0) {
          yield { gap: false, entries: result.entries }
          from = result.entries.at(-1)!.position
        } else {
          // A place without life never comes here: reading after it is a gap.
          await wait.appendAfter(toPlace(from)!.id, stop)
        }
      }
    } finally {
      wait.close()
    }
  }

  /** Runs a script on the partition of a key or log. The first word of the answer says how it went. */
  async #run(
    script: Script,
    name: string,
    keys: readonly string[],
    args: readonly string[],
  ): Promise<readonly Reply[]> {
    this.#checkLost()
    const { commands, epochs } = this.#parts
    const partition = this.#parts.keys.epochOf(name)
    const reply = await commands.run(script, [partition, ...keys], [epochs.get(partition)!, ...args])
    // Another operation may have found out while this one was under way.
    if ((reply as readonly Reply[])[0] === 'epoch') this.lose()
    this.#checkLost()
    return reply as readonly Reply[]
  }

  #checkLost(): void {
    if (this.#parts.commands.closing.aborted) throw new EngineError('closed', 'The Redis engine is closed.')
    if (this.lost.aborted) throw new EngineError('epoch_changed', 'The data in Redis was replaced.')
  }

  #checkSize(text: string): void {
    this.#checkLost()
    // A character takes three bytes at most, so that most texts need no counting.
    if (text.length * 3 > LIMIT_BYTES && encoder.encode(text).length > LIMIT_BYTES) {
      throw new EngineError('too_large', `A value or record has at most ${LIMIT_BYTES} bytes.`)
    }
  }
}

/** As Redis returns it: the id, then names and values of the fields one after the other. */
type StreamEntry = readonly [id: string, fields: readonly string[]]

function toEntry(life: string, [id, fields]: StreamEntry): LogEntry {
  return { position: toPosition(life, id), id: fields[3]!, record: fields[5]! }
}

function positionOf(place: Reply | undefined): Position {
  const [life, id] = String(place).split(' ')
  return toPosition(life!, id!)
}

/** As the script compares it: a place is written like a head. */
function expectation(expect: Position | typeof EMPTY | undefined): string {
  if (expect === undefined || expect === EMPTY) return expect ?? ''
  const place = toPlace(expect)
  return place === undefined ? 'nowhere' : `${place.life} ${place.id}`
}

/** Redis takes whole milliseconds, and none that would be over at once. */
function milliseconds(ttlMs: number): string {
  return String(Math.max(1, Math.ceil(ttlMs)))
}
