/**
 * Positions are opaque but for their order: two positions of one incarnation of one log differ only after the last
 * hyphen, and there the shorter text, then the smaller one, comes first. Every engine keeps to that form.
 *
 * @module
 */
import type { Position } from './engine.ts'

/** Negative, zero or positive like a sort function; `undefined` for positions of different incarnations. */
export function comparePositions(left: Position, right: Position): number | undefined {
  if (left === right) return 0
  const leftSplit = left.lastIndexOf('-')
  const rightSplit = right.lastIndexOf('-')
  if (leftSplit !== rightSplit || left.slice(0, leftSplit) !== right.slice(0, rightSplit)) return undefined
  if (left.length !== right.length) return left.length - right.length
  return left < right ? -1 : 1
}
