/**
 * The fields of an elicitation form, and how a text becomes the value of one.
 *
 * @see the specification, client/elicitation, "Requested Schema"
 * @module
 */
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { type Choice, choicesOf, propertiesOf, requiredOf, typesOf } from '../arguments/schema.ts'
import { listed } from '../terminal/text.ts'

export type FieldKind = 'text' | 'number' | 'integer' | 'boolean' | 'choice' | 'choices'

export interface Field {
  readonly name: string
  readonly title: string
  readonly description: string | undefined
  readonly required: boolean
  readonly kind: FieldKind
  /** For `choice` and `choices`. */
  readonly choices: readonly Choice[]
  /** The default of the schema; `undefined` where it has none. */
  readonly preset: unknown
  readonly schema: JsonObject
}

/** The fields of a requested schema, in its order. */
export function fieldsOf(schema: JsonObject): Field[] {
  const required = new Set(requiredOf(schema))
  return Object.entries(propertiesOf(schema)).map(([name, property]) => {
    const { title, description, default: preset } = property
    const { kind, choices } = kindOf(property)
    return {
      name,
      title: typeof title === 'string' ? title : name,
      description: typeof description === 'string' ? description : undefined,
      required: required.has(name),
      kind,
      choices,
      preset,
      schema: property,
    }
  })
}

function kindOf(property: JsonObject): { kind: FieldKind; choices: Choice[] } {
  const types = typesOf(property)
  if (types.has('array'))
    return { kind: 'choices', choices: choicesOf(isObject(property['items']) ? property['items'] : {}) }
  const choices = choicesOf(property)
  if (choices.length > 0) return { kind: 'choice', choices }
  if (types.has('boolean')) return { kind: 'boolean', choices }
  if (types.has('integer')) return { kind: 'integer', choices }
  return { kind: types.has('number') ? 'number' : 'text', choices }
}

/** A value, or the sentence that says why the text is none. */
export type Read = { readonly value: unknown } | { readonly problem: string }

/**
 * Reads what was typed for a field. Patterns and formats are left to the server: a pattern of a stranger can take
 * for ever to match.
 */
export function readField(field: Field, text: string): Read {
  switch (field.kind) {
    case 'boolean':
      return readBoolean(text)
    case 'number':
    case 'integer':
      return readNumber(field, text)
    case 'choice':
      return readChoice(field, text)
    case 'choices':
      return readChoices(field, text)
    case 'text':
      return readText(field, text)
  }
}

function readBoolean(text: string): Read {
  if (/^(y|yes|true|1)$/i.test(text)) return { value: true }
  if (/^(n|no|false|0)$/i.test(text)) return { value: false }
  return { problem: 'Answer yes or no.' }
}

function readNumber({ kind, schema }: Field, text: string): Read {
  const value = text.trim() === '' ? Number.NaN : Number(text)
  if (!Number.isFinite(value)) return { problem: 'That is not a number.' }
  if (kind === 'integer' && !Number.isInteger(value)) return { problem: 'That is not a whole number.' }
  const { minimum, maximum } = schema
  if (typeof minimum === 'number' && value < minimum) return { problem: `At least ${minimum}.` }
  if (typeof maximum === 'number' && value > maximum) return { problem: `At most ${maximum}.` }
  return { value }
}

function readChoice({ choices }: Field, text: string): Read {
  const wanted = text.trim().toLowerCase()
  const byNumber = /^\d+$/.test(wanted) ? choices[Number(wanted) - 1] : undefined
  const choice =
    choices.find(({ value }) => String(value) === text) ??
    choices.find(({ value, title }) => [String(value), title].some((name) => name.toLowerCase() === wanted)) ??
    byNumber
  return choice ? { value: choice.value } : { problem: `One of ${listed(choices.map(({ title }) => title))}.` }
}

function readChoices(field: Field, text: string): Read {
  const values: unknown[] = []
  for (const part of text.split(',').map((word) => word.trim())) {
    if (part === '') continue
    const read: Read = field.choices.length > 0 ? readChoice(field, part) : { value: part }
    if ('problem' in read) return read
    values.push(read.value)
  }
  const { minItems, maxItems } = field.schema
  if (typeof minItems === 'number' && values.length < minItems) return { problem: `At least ${minItems} of them.` }
  if (typeof maxItems === 'number' && values.length > maxItems) return { problem: `At most ${maxItems} of them.` }
  return { value: values }
}

function readText({ schema }: Field, text: string): Read {
  const { minLength, maxLength } = schema
  if (typeof minLength === 'number' && text.length < minLength) return { problem: `At least ${minLength} characters.` }
  if (typeof maxLength === 'number' && text.length > maxLength) return { problem: `At most ${maxLength} characters.` }
  return { value: text }
}
