/**
 * One way to look at the schemas that authors bring: any Standard Schema library, or plain JSON Schema.
 *
 * A Standard Schema validates by itself and, where it implements Standard JSON Schema (zod 4.2 and newer, arktype),
 * describes itself too. Plain JSON Schema is validated by `@cfworker/json-schema`, which generates no code, and which
 * is loaded when the first value has to be checked.
 *
 * @see https://standardschema.dev
 * @module
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from '@standard-schema/spec'
import { isPromiseLike } from './promise-like.ts'

/** A schema of any library that implements Standard Schema. */
export type StandardSchema<Input = unknown, Output = Input> = StandardSchemaV1<Input, Output>

/** A JSON Schema object, dialect 2020-12 unless `$schema` says otherwise. */
export type JsonSchema = { readonly [keyword: string]: unknown }

/** What a tool, a prompt or a question may be given as its schema. */
export type AnySchema = StandardSchema | JsonSchema

/** The type of the values that a schema yields; plain JSON Schema yields objects of unknown members. */
export type InferOutput<Schema> =
  Schema extends StandardSchemaV1<unknown, infer Output> ? Output : { readonly [name: string]: unknown }

/** The type of the values that a schema takes. */
export type InferInput<Schema> =
  Schema extends StandardSchemaV1<infer Input, unknown> ? Input : { readonly [name: string]: unknown }

/** What a check found: the value as the schema yields it, or one sentence per problem, each naming its field. */
export type Checked = { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly problems: string }

/** A schema made ready for use. */
export interface PreparedSchema {
  /** The JSON Schema that clients are shown. */
  readonly json: JsonSchema
  check(value: unknown): Checked | Promise<Checked>
}

/** Problems beyond this many are not listed. */
const MAX_PROBLEMS = 5
const MAX_PROBLEM_CHARS = 300

export function isStandardSchema(schema: unknown): schema is StandardSchema {
  if ((typeof schema !== 'object' && typeof schema !== 'function') || schema === null) return false
  return '~standard' in schema
}

/**
 * @param where names the schema in error messages, for example `inputSchema of the tool "echo"`.
 * @param side which side of a transforming schema clients see: what they send (`input`) or what they get (`output`).
 * @throws {TypeError} for what is no schema, or can't be shown as JSON Schema.
 */
export function prepareSchema(schema: AnySchema, where: string, side: 'input' | 'output'): PreparedSchema {
  if (isStandardSchema(schema)) {
    return { json: describe(schema, where, side), check: (value) => checkStandard(schema, value) }
  }
  if (typeof schema !== 'object' || schema === null) {
    throw new TypeError(`${where} must be a Standard Schema (zod, arktype, valibot, …) or a JSON Schema object.`)
  }
  const json = schema as JsonSchema
  checkDialect(json, where)
  checkReach(json, where)
  return { json, check: (value) => checkJson(json, value) }
}

const DIALECTS: readonly string[] = [
  'https://json-schema.org/draft/2020-12/schema',
  'https://json-schema.org/draft/2019-09/schema',
  'http://json-schema.org/draft-07/schema',
  'http://json-schema.org/draft-04/schema',
]

function checkDialect(json: JsonSchema, where: string): void {
  const dialect = json['$schema']
  if (dialect === undefined) return
  if (typeof dialect === 'string' && DIALECTS.includes(dialect.replace(/#$/, ''))) return
  throw new TypeError(`${where} names the dialect ${String(dialect)}; supported are ${DIALECTS.join(', ')}.`)
}

/** Nobody follows a chain of references or checks a nesting that is longer; a value would take as long to check. */
const MAX_DEPTH = 128
const MAX_SUBSCHEMAS = 10_000

/** Keywords whose values are data, not schemas. */
const DATA: readonly string[] = ['const', 'enum', 'default', 'examples']

/**
 * What a schema needs must be in it: references to the network are never followed, so one that leads there would let
 * everything pass, or nothing. And it is bounded, because its shape decides how long a check takes.
 */
function checkReach(json: JsonSchema, where: string): void {
  const known = new Set<string>()
  const references = new Set<string>()
  let count = 0
  const walk = (value: unknown, depth: number): void => {
    if (typeof value !== 'object' || value === null) return
    if (depth > MAX_DEPTH) throw new TypeError(`${where} is nested deeper than ${MAX_DEPTH} levels.`)
    if (++count > MAX_SUBSCHEMAS) throw new TypeError(`${where} has more than ${MAX_SUBSCHEMAS} parts.`)
    for (const [keyword, inner] of Object.entries(value)) {
      if (DATA.includes(keyword)) continue
      if (keyword === '$id' && typeof inner === 'string') known.add(inner.replace(/#.*$/, ''))
      else if (keyword === '$ref' && typeof inner === 'string') references.add(inner.replace(/#.*$/, ''))
      else walk(inner, depth + 1)
    }
  }
  walk(json, 0)
  for (const reference of references) {
    // Relative ones are resolved against an $id, which is in the schema.
    if (!URL.canParse(reference) || known.has(reference)) continue
    throw new TypeError(
      `${where} refers to ${reference}, which is not in it. References to the network are not followed.`,
    )
  }
}

function describe(schema: StandardSchema, where: string, side: 'input' | 'output'): JsonSchema {
  const { vendor, jsonSchema } = schema['~standard'] as Partial<StandardJSONSchemaV1['~standard']> & { vendor: string }
  if (jsonSchema === undefined) {
    throw new TypeError(
      `${where} is a ${vendor} schema, which does not describe itself as JSON Schema. Wrap it with the adapter of its ` +
        'library (valibot: toStandardJsonSchema of @valibot/to-json-schema), or pass a plain JSON Schema.',
    )
  }
  try {
    return jsonSchema[side]({ target: 'draft-2020-12' })
  } catch (cause) {
    const text = cause instanceof Error ? cause.message : String(cause)
    throw new TypeError(`${where} can't be written as JSON Schema: ${text}`, { cause })
  }
}

function checkStandard(schema: StandardSchema, value: unknown): Checked | Promise<Checked> {
  const result = schema['~standard'].validate(value)
  return isPromiseLike(result) ? Promise.resolve(result).then(readResult) : readResult(result)
}

function readResult(result: StandardSchemaV1.Result<unknown>): Checked {
  if (result.issues === undefined) return { ok: true, value: result.value }
  const { issues } = result
  const lines = issues.slice(0, MAX_PROBLEMS).map((issue) => {
    const path = issue.path?.map((step) => String(typeof step === 'object' ? step.key : step)).join('.')
    return path ? `${path}: ${issue.message}` : issue.message
  })
  return { ok: false, problems: joinProblems(lines, issues.length) }
}

type Validate = (value: unknown) => string[]

const validators = new WeakMap<JsonSchema, Promise<Validate>>()

async function checkJson(json: JsonSchema, value: unknown): Promise<Checked> {
  let validator = validators.get(json)
  if (validator === undefined) {
    validator = makeValidator(json)
    validators.set(json, validator)
  }
  const problems = (await validator)(value)
  if (problems.length === 0) return { ok: true, value }
  return { ok: false, problems: joinProblems(problems.slice(0, MAX_PROBLEMS), problems.length) }
}

/** Longer values are told their first problem only: listing all of them would take time with their square. */
const LIST_ALL_CHARS = 4_096

async function makeValidator(json: JsonSchema): Promise<Validate> {
  const { Validator } = await import('@cfworker/json-schema')
  const first = new Validator(json as object, draftOf(json), true)
  const all = new Validator(json as object, draftOf(json), false)
  return (value) => {
    const quick = first.validate(value)
    if (quick.valid) return []
    const { errors } = JSON.stringify(value).length > LIST_ALL_CHARS ? quick : all.validate(value)
    // The outer errors only say that something inside does not match.
    const leaves = errors.filter(
      (error) => !errors.some((other) => deeper(other.keywordLocation, error.keywordLocation)),
    )
    return leaves.map((error) => {
      const path = error.instanceLocation.replace(/^#\/?/, '').replaceAll('/', '.')
      return path === '' ? error.error : `${path}: ${error.error}`
    })
  }
}

function deeper(location: string, than: string): boolean {
  return location.length > than.length && location.startsWith(`${than}/`)
}

function draftOf(json: JsonSchema): '4' | '7' | '2019-09' | '2020-12' {
  const dialect = typeof json['$schema'] === 'string' ? json['$schema'] : ''
  if (dialect.includes('draft-04')) return '4'
  if (dialect.includes('draft-07')) return '7'
  return dialect.includes('2019-09') ? '2019-09' : '2020-12'
}

function joinProblems(shown: readonly string[], total: number): string {
  // Names of members are the client's, and may be as long as its body.
  const text = shown
    .map((line) => (line.length > MAX_PROBLEM_CHARS ? `${line.slice(0, MAX_PROBLEM_CHARS)}…` : line))
    .join('; ')
  return total > shown.length ? `${text}; and ${total - shown.length} more` : text
}
