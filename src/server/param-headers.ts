/**
 * `x-mcp-header`: arguments of a tool that clients mirror into headers, so that whoever routes need not read bodies.
 *
 * @see the specification 2026-07-28, server/tools, "x-mcp-header"
 * @module
 */
import type { JsonSchema } from '../call/standard-schema.ts'
import { isObject } from '../wire/jsonrpc.ts'

/** An argument that is mirrored. */
export interface ParamHeader {
  /** The name of the header after `Mcp-Param-`, in lower case. */
  readonly name: string
  /** The members that lead to the argument. */
  readonly path: readonly string[]
}

const ANNOTATION = 'x-mcp-header'

/** A field name of HTTP (RFC 9110, "token"). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

/** Types whose values a header can hold. `number` is not among them: its text is not the same everywhere. */
const TYPES: readonly unknown[] = ['string', 'integer', 'boolean']

/** Keywords whose values are data, not schemas: what looks like an annotation there is none. */
const DATA: readonly string[] = ['const', 'enum', 'default', 'examples']

/**
 * The annotated arguments of an input schema.
 *
 * @throws {TypeError} for an annotation that clients would refuse, and the whole tool with it.
 */
export function readParamHeaders(schema: JsonSchema | undefined, where: string): readonly ParamHeader[] {
  if (schema === undefined || !JSON.stringify(schema).includes(`"${ANNOTATION}"`)) return NONE
  const found: ParamHeader[] = []
  walk(schema, [], found, where)
  const names = found.map(({ name }) => name)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  if (twice !== undefined) throw new TypeError(`${where} names the header "${twice}" in ${ANNOTATION} twice.`)
  return found
}

const NONE: readonly ParamHeader[] = []

/** @param path the chain of properties that leads here, or `undefined` where some other keyword is part of it. */
function walk(schema: unknown, path: readonly string[] | undefined, found: ParamHeader[], where: string): void {
  if (Array.isArray(schema)) {
    for (const item of schema) walk(item, undefined, found, where)
    return
  }
  if (!isObject(schema)) return
  if (Object.hasOwn(schema, ANNOTATION)) found.push(readAnnotation(schema, path, where))
  for (const [keyword, value] of Object.entries(schema)) {
    if (keyword === ANNOTATION || DATA.includes(keyword)) continue
    if (isNamed(keyword) && isObject(value)) {
      const reachable = keyword === 'properties' && path !== undefined
      for (const [name, inner] of Object.entries(value))
        walk(inner, reachable ? [...path, name] : undefined, found, where)
    } else {
      walk(value, undefined, found, where)
    }
  }
}

/** Keywords whose members are named by the author: a member called like the annotation is none. */
function isNamed(keyword: string): boolean {
  return ['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas'].includes(keyword)
}

function readAnnotation(schema: JsonSchema, path: readonly string[] | undefined, where: string): ParamHeader {
  const name = schema[ANNOTATION]
  const refuse = (why: string): never => {
    throw new TypeError(`${where} has an ${ANNOTATION} ${JSON.stringify(name)} that ${why}.`)
  }
  if (typeof name !== 'string' || !TOKEN.test(name)) return refuse('is no name of a header')
  if (path === undefined || path.length === 0) {
    return refuse('is not on a property that "properties" alone lead to')
  }
  if (!TYPES.includes(schema['type'])) return refuse('is not on a string, an integer or a boolean')
  return { name: name.toLowerCase(), path }
}
