/**
 * One text per JSON value, whatever the order in which its members were written.
 *
 * @module
 */
import { isObject } from './jsonrpc.ts'

/** The value as JSON text with the members of every object sorted by name. Members that are `undefined` are left out. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`
  if (!isObject(value)) return JSON.stringify(value) ?? 'null'
  const members = Object.keys(value)
    .filter((name) => value[name] !== undefined)
    .sort()
    .map((name) => `${JSON.stringify(name)}:${canonicalJson(value[name])}`)
  return `{${members.join()}}`
}
