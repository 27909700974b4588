/**
 * Whether two JSON values are the same value, whatever the order in which their members were written.
 *
 * @module
 */
import { isObject } from './jsonrpc.ts'

/** @param one a parsed JSON value, as is `other`: without cycles, and no deeper than the parser lets through. */
export function sameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length && one.every((item, at) => sameJson(item, other[at]))
  }
  if (!isObject(one) || !isObject(other)) return false
  const names = Object.keys(one)
  if (names.length !== Object.keys(other).length) return false
  return names.every((name) => Object.hasOwn(other, name) && sameJson(one[name], other[name]))
}
