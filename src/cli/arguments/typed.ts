/**
 * `key=value` words as the arguments of a tool: each value gets the type that the tool's schema gives it.
 *
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { usage } from '../failure.ts'
import { closest } from '../terminal/text.ts'
import { propertiesOf, typesOf } from './schema.ts'

/** A word of the command line, taken apart. `raw`: it was `key:=json`. */
export interface Pair {
  readonly key: string
  readonly text: string
  readonly raw: boolean
}

/** @throws {CliError} when a word is neither `key=value` nor `key:=json`. */
export function pairOf(word: string): Pair {
  const at = word.indexOf('=')
  if (at <= 0) throw usage(`"${word}" is not of the form key=value.`)
  const raw = word[at - 1] === ':' && at > 1
  return { key: word.slice(0, raw ? at - 1 : at), text: word.slice(at + 1), raw }
}

/**
 * The arguments object for the words, by the input schema. A key given twice makes a list where the schema wants one.
 *
 * @throws {CliError} for a value that its type can't hold, or a key that a closed schema does not know.
 */
export function typedArguments(words: readonly string[], schema: JsonObject): Record<string, unknown> {
  const properties = propertiesOf(schema)
  const result: Record<string, unknown> = {}
  for (const { key, text, raw } of words.map(pairOf)) {
    const property = properties[key]
    if (property === undefined && schema['additionalProperties'] === false)
      throw unknownKey(key, Object.keys(properties))
    const value = raw ? parsed(key, text) : typedValue(key, text, property ?? {})
    const before = Object.hasOwn(result, key) ? result[key] : undefined
    // A plain assignment to "__proto__" would set the prototype instead.
    Object.defineProperty(result, key, {
      value: Array.isArray(before) && Array.isArray(value) ? [...before, ...value] : value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return result
}

/** A whole arguments object as JSON text. */
export function jsonArguments(text: string): Record<string, unknown> {
  const value = parsed('--args', text)
  if (!isObject(value)) throw usage('--args takes a JSON object, such as \'{"city":"Lisbon"}\'.')
  return { ...value }
}

function typedValue(key: string, text: string, schema: JsonObject): unknown {
  const types = typesOf(schema)
  if (types.has('string') && !types.has('object') && !types.has('array')) {
    // A union with a string can hold the text as it is; a value that the other type reads exactly goes there.
    const value = types.size === 1 ? undefined : scalar(text, types)
    return value === undefined ? text : value
  }
  if (types.has('array')) return listValue(key, text, schema)
  if (types.has('object')) return parsed(key, text)
  const value = scalar(text, types)
  if (value !== undefined) return value
  if (types.size === 0) return text
  throw usage(`${key} must be ${[...types].map(named).join(' or ')}, not "${text}".`)
}

/** The number, boolean or null that the text spells, if the types allow it. */
function scalar(text: string, types: ReadonlySet<string>): number | boolean | null | undefined {
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  if (types.has('null') && text === 'null') return null
  const number = text.trim() === '' ? Number.NaN : Number(text)
  if (types.has('integer') && Number.isInteger(number)) return number
  if (types.has('number') && Number.isFinite(number)) return number
  return undefined
}

function listValue(key: string, text: string, schema: JsonObject): unknown {
  if (text.trimStart().startsWith('[')) return parsed(key, text)
  const items = isObject(schema['items']) ? schema['items'] : {}
  if (text === '') return []
  return text.split(',').map((part) => typedValue(key, part, items))
}

function parsed(key: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    throw usage(`${key} must be JSON, and this is not: ${text}`)
  }
}

function unknownKey(key: string, known: readonly string[]): Error {
  const near = closest(key, known)
  const hint = near ? ` Did you mean ${near}?` : known.length > 0 ? ` It takes ${known.join(', ')}.` : ' It takes none.'
  return usage(`The tool has no argument ${key}.${hint}`)
}

function named(type: string): string {
  if (type === 'integer') return 'a whole number'
  if (type === 'boolean') return 'true or false'
  return type === 'null' ? 'null' : `a ${type}`
}
