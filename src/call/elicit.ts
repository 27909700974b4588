/**
 * `ctx.elicit`: a question to the user, as a form or by a URL.
 *
 * @see the specification, client/elicitation
 * @module
 */
import { McpError } from '../wire/errors.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import { askClient, missing, requireCapability, SLOW_ANSWER_MS } from './ask-client.ts'
import type { AskSettings } from './ask-settings.ts'
import type { Call } from './call.ts'
import { type AnySchema, type JsonSchema, type PreparedSchema, prepareSchema } from './standard-schema.ts'

/** A form. Never ask for secrets with it: its content passes through the client and its model. */
export interface ElicitFormParams<Schema extends AnySchema = AnySchema> {
  readonly mode?: 'form'
  readonly message: string
  /** A flat object of strings, numbers, booleans and enums. */
  readonly requestedSchema: Schema
}

/** A page that the user opens (2025-11-25): for secrets, payments and third-party sign-in. */
export interface ElicitUrlParams {
  readonly mode: 'url'
  readonly message: string
  /** Absolute; no personal data and no link that is already signed in. */
  readonly url: string
  /** Names this question in `server.elicitationComplete` (2025-11-25 only). Default: a random one. */
  readonly elicitationId?: string
}

/** What the user did. For a URL, `accept` only says that the user agreed to open it. */
export type ElicitResult<Content> =
  | { readonly action: 'accept'; readonly content: Content }
  | { readonly action: 'decline' }
  | { readonly action: 'cancel' }

export async function elicit(
  call: Call,
  params: ElicitFormParams | ElicitUrlParams,
  settings: AskSettings | undefined,
): Promise<ElicitResult<unknown>> {
  const { elicitation } = call.session.facts.revision
  if (params.mode === 'url') {
    requireCapability(call, 'elicitation.url')
    if (elicitation !== 'modes') throw missing('elicitation.url')
    checkUrl(params.url)
    const { message, url } = params
    const question = {
      mode: 'url',
      message,
      url,
      ...(call.session.facts.revision.elicitationIds && named(call, params)),
    }
    const result = await askClient(call, 'elicitation/create', question, settings, SLOW_ANSWER_MS)
    return readAction(result, () => undefined)
  }
  requireCapability(call, 'elicitation')
  if (elicitation === false) throw missing('elicitation')
  const schema = prepareForm(params.requestedSchema)
  const question: JsonObject = { message: params.message, requestedSchema: schema.json }
  // `mode` is optional for forms, and revisions before it had modes don't know it.
  const sent = elicitation === 'modes' ? { mode: 'form', ...question } : question
  const result = await askClient(call, 'elicitation/create', sent, settings, SLOW_ANSWER_MS)
  return readAction(result, (content) => checkContent(schema, content))
}

/** The name under which the completion is told. */
function named(call: Call, params: ElicitUrlParams): { readonly elicitationId: string } {
  const elicitationId = params.elicitationId ?? call.services.replica.tags.next()
  call.services.elicitations.add(elicitationId, call.session)
  return { elicitationId }
}

async function readAction(result: JsonObject, read: (content: unknown) => unknown): Promise<ElicitResult<unknown>> {
  const { action, content } = result
  if (action === 'accept') return { action, content: await read(content) }
  if (action === 'decline' || action === 'cancel') return { action }
  throw new McpError('ask_invalid_answer', 'The client answered elicitation/create with an unknown action.')
}

async function checkContent(schema: PreparedSchema, content: unknown): Promise<unknown> {
  const checked = await schema.check(content ?? {})
  if (checked.ok) return checked.value
  throw new McpError('ask_invalid_answer', `The answer does not match the form: ${checked.problems}`)
}

const prepared = new WeakMap<object, PreparedSchema>()

/** Converts a form's schema once; forms are usually constants of a module. */
function prepareForm(schema: AnySchema): PreparedSchema {
  const known = prepared.get(schema)
  if (known !== undefined) return known
  const where = 'requestedSchema of ctx.elicit'
  const { json, check } = prepareSchema(schema, where, 'input')
  const { properties, required, type } = json
  if (type !== 'object' || !isObject(properties)) throw new TypeError(`${where} must be an object with properties.`)
  for (const [name, property] of Object.entries(properties)) {
    if (!isObject(property) || !isPrimitive(property)) {
      throw new TypeError(
        `${where}: the property "${name}" must be a string, number, integer, boolean or enum. Forms are flat, so that ` +
          'every client can show them.',
      )
    }
  }
  // Members beyond these are not part of the restricted schema that clients validate.
  const shown: JsonSchema = { type, properties, ...(Array.isArray(required) && { required }) }
  const form = { json: shown, check }
  prepared.set(schema, form)
  return form
}

function isPrimitive(property: JsonObject): boolean {
  const { type, items } = property
  if (type === 'string' || type === 'number' || type === 'integer' || type === 'boolean') return true
  if (Array.isArray(property['enum']) || Array.isArray(property['oneOf'])) return true
  return type === 'array' && isObject(items) && (Array.isArray(items['enum']) || Array.isArray(items['anyOf']))
}

/** The page opens in the user's browser: no scheme that runs there, no credentials that would be shown. */
function checkUrl(url: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const local = parsed !== undefined && /^(localhost|\[::1\]|127(\.\d{1,3}){3})$/.test(parsed.hostname)
  const safe = parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && local)
  if (!safe || parsed.username !== '' || parsed.password !== '') {
    throw new TypeError(
      'url of ctx.elicit must be an https: URL (http: on a loopback name) without credentials; ' +
        `got ${JSON.stringify(url)}.`,
    )
  }
}
