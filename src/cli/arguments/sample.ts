/**
 * A value that a schema accepts, made up: for a call whose arguments nobody gave.
 *
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { choicesOf, propertiesOf, requiredOf, typesOf } from './schema.ts'

/** Words for properties whose name says what they are. Anything else gets a plain word. */
const WORDS: readonly (readonly [RegExp, string])[] = [
  [/city|town|place|location/i, 'Paris'],
  [/country/i, 'France'],
  [/language|locale/i, 'en'],
  [/(^|_)name$/i, 'Ada'],
  [/query|search|text|message|prompt/i, 'hello'],
]

/** Words for the formats of JSON Schema. */
const FORMATS: Readonly<Record<string, string>> = {
  email: 'ada@example.com',
  uri: 'https://example.com/',
  url: 'https://example.com/',
  date: '2025-11-25',
  time: '12:00:00Z',
  'date-time': '2025-11-25T12:00:00Z',
  uuid: '00000000-0000-4000-8000-000000000000',
}

/** `For example "Paris"` in a description is the best word there is. */
const EXAMPLE = /(?:for example|e\.g\.),?:? ["'“`]([^"'”`]{1,80})["'”`]/i

/** A schema nested deeper than this (or in a circle of references) is not made up for. */
const MAX_DEPTH = 6

/**
 * Arguments with every required property and no other; `undefined` when one can't be made up (a pattern, a reference,
 * no type at all).
 */
export function sampleArguments(schema: JsonObject): Record<string, unknown> | undefined {
  return sampleObject(schema, 0)
}

/** A string for a property of this name. */
export function sampleWord(name: string): string {
  return WORDS.find(([pattern]) => pattern.test(name))?.[1] ?? 'example'
}

function sampleObject(schema: JsonObject, depth: number): Record<string, unknown> | undefined {
  const properties = propertiesOf(schema)
  const result: Record<string, unknown> = {}
  for (const name of requiredOf(schema)) {
    const value = sampleValue(name, properties[name] ?? {}, depth + 1)
    if (value === undefined) return undefined
    result[name] = value
  }
  return result
}

function sampleValue(name: string, schema: JsonObject, depth: number): unknown {
  if (depth > MAX_DEPTH) return undefined
  const { default: preset, examples, const: only } = schema
  if (preset !== undefined) return preset
  if (only !== undefined) return only
  if (Array.isArray(examples) && examples.length > 0) return examples[0]
  const choice = choicesOf(schema)[0]
  if (choice) return choice.value
  const types = typesOf(schema)
  if (types.has('string')) return sampleString(name, schema)
  if (types.has('integer') || types.has('number')) return sampleNumber(schema)
  if (types.has('boolean')) return false
  if (types.has('object')) return sampleObject(schema, depth)
  if (types.has('array')) return sampleList(name, schema, depth)
  return types.has('null') ? null : undefined
}

function sampleString(name: string, schema: JsonObject): string | undefined {
  const { format, pattern, minLength, maxLength, description } = schema
  if (typeof pattern === 'string' && typeof format !== 'string') return undefined
  if (typeof format === 'string') return FORMATS[format]
  const quoted = typeof description === 'string' ? EXAMPLE.exec(description)?.[1] : undefined
  if (quoted !== undefined) return quoted
  const word = sampleWord(name).padEnd(typeof minLength === 'number' ? minLength : 0, '-')
  return typeof maxLength === 'number' ? word.slice(0, maxLength) : word
}

function sampleNumber({ minimum, maximum, exclusiveMinimum }: JsonObject): number {
  if (typeof minimum === 'number') return minimum
  if (typeof exclusiveMinimum === 'number') return Math.floor(exclusiveMinimum) + 1
  return typeof maximum === 'number' ? Math.min(1, maximum) : 1
}

function sampleList(name: string, { items, minItems }: JsonObject, depth: number): unknown[] | undefined {
  const count = typeof minItems === 'number' ? minItems : 0
  if (count === 0) return []
  const value = sampleValue(name, isObject(items) ? items : {}, depth + 1)
  return value === undefined ? undefined : Array.from({ length: count }, () => value)
}
