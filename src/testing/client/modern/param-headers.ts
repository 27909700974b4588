/**
 * `x-mcp-header`: arguments of a tool that the client repeats in headers. A tool whose annotations break the rules is
 * no tool for a client: it is left out of what `tools/list` gives.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Custom Headers from Tool Parameters"
 * @module
 */
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import { headerValue } from './header-value.ts'

/** An argument that is mirrored. */
interface ParamHeader {
  /** In lower case, with its prefix. */
  readonly header: string
  /** The members that lead to the argument. */
  readonly path: readonly string[]
}

const ANNOTATION = 'x-mcp-header'
const PREFIX = 'mcp-param-'

/** A field name of HTTP (RFC 9110, "token"). */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

const PRIMITIVES: readonly unknown[] = ['string', 'integer', 'boolean']

/** Keywords whose members are schemas under names of the author's choice. */
const NAMED: readonly string[] = ['properties', '$defs', 'definitions', 'patternProperties', 'dependentSchemas']

/** Keywords whose values are data: what looks like an annotation there is none. */
const DATA: readonly string[] = ['const', 'enum', 'default', 'examples']

/** The headers of the tools that were listed, by the tool's name. */
export interface ParamHeaders {
  /** Takes a result of `tools/list` and gives it back without the tools that break the rules, each reported. */
  learn(result: JsonObject, refused: (tool: string, why: string) => void): JsonObject
  /** The headers for a call. */
  of(tool: string, args: unknown): Record<string, string>
}

export function createParamHeaders(): ParamHeaders {
  const byTool = new Map<string, readonly ParamHeader[]>()
  return {
    learn(result, refused) {
      if (!Array.isArray(result['tools'])) return result
      const tools = result['tools'].filter((tool) => {
        if (!isObject(tool) || typeof tool['name'] !== 'string') return true
        const read = readAnnotations(tool['inputSchema'])
        if (typeof read === 'string') {
          byTool.delete(tool['name'])
          refused(tool['name'], read)
          return false
        }
        byTool.set(tool['name'], read)
        return true
      })
      return { ...result, tools }
    },
    of(tool, args) {
      const headers: Record<string, string> = {}
      for (const { header, path } of byTool.get(tool) ?? []) {
        const text = textOf(path.reduce<unknown>((value, member) => own(value, member), args))
        if (text !== undefined) headers[header] = headerValue(text)
      }
      return headers
    },
  }
}

function own(value: unknown, member: string): unknown {
  return isObject(value) && Object.hasOwn(value, member) ? value[member] : undefined
}

/** What has no text in a header (absent, null, of a type that may not be annotated) gets none: the server judges it. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean' || Number.isInteger(value)) return String(value)
  return undefined
}

/** The annotated arguments of a schema, or why clients must refuse it. */
function readAnnotations(schema: unknown): readonly ParamHeader[] | string {
  const found: ParamHeader[] = []
  const problem = walk(schema, [], found)
  if (problem !== undefined) return problem
  const names = found.map(({ header }) => header)
  const twice = names.find((name, at) => names.indexOf(name) !== at)
  return twice === undefined ? found : `${ANNOTATION} names "${twice.slice(PREFIX.length)}" twice`
}

/** @param path the chain of properties that leads here; `undefined` where another keyword is part of it */
function walk(schema: unknown, path: readonly string[] | undefined, found: ParamHeader[]): string | undefined {
  if (Array.isArray(schema)) return firstProblem(schema, (entry) => walk(entry, undefined, found))
  if (!isObject(schema)) return undefined
  if (Object.hasOwn(schema, ANNOTATION)) {
    const problem = take(schema, path, found)
    if (problem !== undefined) return problem
  }
  return firstProblem(Object.entries(schema), ([keyword, value]) => {
    if (keyword === ANNOTATION || DATA.includes(keyword)) return undefined
    if (!NAMED.includes(keyword) || !isObject(value)) return walk(value, undefined, found)
    const reachable = keyword === 'properties' && path !== undefined
    return firstProblem(Object.entries(value), ([name, inner]) =>
      walk(inner, reachable ? [...path, name] : undefined, found),
    )
  })
}

function take(schema: JsonObject, path: readonly string[] | undefined, found: ParamHeader[]): string | undefined {
  const name = schema[ANNOTATION]
  if (typeof name !== 'string' || !TOKEN.test(name)) return `${ANNOTATION} ${JSON.stringify(name)} is no header name`
  if (path === undefined || path.length === 0) return `${ANNOTATION} "${name}" is not on a property that can be reached`
  if (!PRIMITIVES.includes(schema['type'])) return `${ANNOTATION} "${name}" is not on a string, an integer or a boolean`
  found.push({ header: `${PREFIX}${name.toLowerCase()}`, path })
  return undefined
}

function firstProblem<T>(entries: readonly T[], check: (entry: T) => string | undefined): string | undefined {
  for (const entry of entries) {
    const problem = check(entry)
    if (problem !== undefined) return problem
  }
  return undefined
}
