/**
 * Where a log stands, as Redis and as the port write it.
 *
 * A log's life is random text, born with its first entry. An entry's id in its stream is `<time>-<tag>`: the server's
 * clock in milliseconds, moved on where it stands still or goes back, and 31 random bits of the writer. A server that
 * lost the end of a log in a failover therefore never gives the position of a lost entry to another one, which a counter
 * would. Position: `<life>-<time><tag>`, both base 36, the tag padded, so that the text sorts like the time.
 *
 * @module
 */
import type { Position } from '../../engine/engine.ts'

export interface Place {
  readonly life: string
  /** The id in the stream. */
  readonly id: string
}

/** The place before a life's first entry. */
export const START = '0-0'

const TAG_DIGITS = 6

/** One more than the largest tag; 36 to the power of {@link TAG_DIGITS} is larger. */
export const TAGS = 0x80000000

export function toPosition(life: string, id: string): Position {
  const [time, tag] = id.split('-')
  return `${life}-${Number(time).toString(36)}${Number(tag).toString(36).padStart(TAG_DIGITS, '0')}`
}

/** `undefined` for what no log of this engine can have given. */
export function toPlace(position: Position): Place | undefined {
  const found = /^([0-9a-z]+)-([0-9a-z]{1,10})([0-9a-z]{6})$/.exec(position)
  if (found === null) return undefined
  const [, life, time, tag] = found
  return { life: life!, id: `${Number.parseInt(time!, 36)}-${Number.parseInt(tag!, 36)}` }
}

/** The smallest id after this one: trimming keeps what is not smaller. */
export function idAfter(id: string): string {
  const [time, tag] = id.split('-')
  return `${time}-${Number(tag) + 1}`
}
