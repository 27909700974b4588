/**
 * Suggestions for the values of prompt arguments and template variables.
 *
 * @see the specification, server/utilities/completion
 * @module
 */
import type { Call } from '../call/call.ts'
import { McpError } from '../wire/errors.ts'
import { isObject } from '../wire/jsonrpc.ts'
import type { Complete } from './complete.ts'
import type { Prompt } from './prompt.ts'
import type { Registry } from './registry.ts'
import type { ResourceTemplate } from './resource.ts'

/** "Maximum 100 items per response". */
const MAX_VALUES = 100

/** `completion/complete`. */
export async function complete(
  call: Call,
  prompts: Registry<Prompt>,
  templates: Registry<ResourceTemplate>,
): Promise<object> {
  const { argument, context } = call.params
  if (!isObject(argument) || typeof argument['name'] !== 'string' || typeof argument['value'] !== 'string') {
    throw new McpError('invalid_params', 'argument: needs a name and a value, both strings.')
  }
  const completers = findCompleters(call, prompts, templates)
  const { name, value } = argument as { name: string; value: string }
  const run = completers !== undefined && Object.hasOwn(completers, name) ? completers[name] : undefined
  if (run === undefined) return { completion: { values: [], total: 0, hasMore: false } }
  const settled = isObject(context) && isObject(context['arguments']) ? context['arguments'] : {}
  const returned = await run(value, { arguments: settled as { [name: string]: string } })
  const { values, total, hasMore } = isList(returned)
    ? { values: returned, total: returned.length, hasMore: undefined }
    : returned
  const shown = values.slice(0, MAX_VALUES)
  return { completion: { values: shown, total, hasMore: hasMore ?? values.length > shown.length } }
}

function isList(value: unknown): value is readonly string[] {
  return Array.isArray(value)
}

function findCompleters(
  call: Call,
  prompts: Registry<Prompt>,
  templates: Registry<ResourceTemplate>,
): { readonly [name: string]: Complete } | undefined {
  const { ref } = call.params
  if (isObject(ref) && ref['type'] === 'ref/prompt' && typeof ref['name'] === 'string') {
    const prompt = prompts.get(ref['name'], call.identity)
    if (prompt === undefined) throw new McpError('invalid_params', `Unknown prompt: ${ref['name'].slice(0, 128)}`)
    return prompt.definition.complete ?? {}
  }
  if (isObject(ref) && ref['type'] === 'ref/resource' && typeof ref['uri'] === 'string') {
    const template = templates.get(ref['uri'], call.identity)
    if (template === undefined) throw new McpError('invalid_params', 'ref.uri: no resource template has this URI.')
    return template.definition.complete ?? {}
  }
  throw new McpError('invalid_params', 'ref: must be { type: "ref/prompt", name } or { type: "ref/resource", uri }.')
}
