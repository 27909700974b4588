/**
 * The little of JSON Schema that the command line reads: properties, what is required, and types.
 *
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'

/** The properties of an object schema. */
export function propertiesOf(schema: JsonObject): Readonly<Record<string, JsonObject>> {
  const properties = schema['properties']
  if (!isObject(properties)) return {}
  return Object.fromEntries(Object.entries(properties).map(([name, entry]) => [name, isObject(entry) ? entry : {}]))
}

/** The names that must be given. */
export function requiredOf(schema: JsonObject): string[] {
  const required = schema['required']
  return Array.isArray(required) ? required.filter((name) => typeof name === 'string') : []
}

/** The types that a schema allows: of `type`, of its enumeration, or of the branches of `anyOf` and `oneOf`. */
export function typesOf(schema: JsonObject): Set<string> {
  const { type, enum: values, const: only } = schema
  if (typeof type === 'string') return new Set([type])
  if (Array.isArray(type)) return new Set(type.filter((name) => typeof name === 'string'))
  if (Array.isArray(values)) return new Set(values.map(typeOf))
  if ('const' in schema) return new Set([typeOf(only)])
  const branches = [schema['anyOf'], schema['oneOf']].flatMap((list) => (Array.isArray(list) ? list : []))
  return new Set(branches.filter(isObject).flatMap((branch) => [...typesOf(branch)]))
}

/** One value of an enumeration, with the words that show it. */
export interface Choice {
  readonly value: unknown
  readonly title: string
}

/** The values that a schema enumerates, in any of the ways the specification knows; empty where it does not. */
export function choicesOf(schema: JsonObject): Choice[] {
  const { enum: values, enumNames: names } = schema
  if (Array.isArray(values)) {
    return values.map((value, index) => {
      const name: unknown = Array.isArray(names) ? names[index] : undefined
      return { value, title: typeof name === 'string' ? name : String(value) }
    })
  }
  const branches = [schema['oneOf'], schema['anyOf']].find(Array.isArray)
  if (!branches) return []
  const constants = branches.filter((branch): branch is JsonObject => isObject(branch) && 'const' in branch)
  if (constants.length !== branches.length) return []
  return constants.map(({ const: value, title }) => ({
    value,
    title: typeof title === 'string' ? title : String(value),
  }))
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
