/**
 * Prompts: defining, listing and getting them.
 *
 * @see the specification, server/prompts
 * @module
 */
import type { Call } from '../call/call.ts'
import { type Context, createContext } from '../call/context.ts'
import { type AnySchema, type InferOutput, type PreparedSchema, prepareSchema } from '../call/standard-schema.ts'
import type { MaybePromise } from '../engine/platform.ts'
import type { ContentBlock, Icon, Meta } from '../wire/content.ts'
import { INTERNAL_MESSAGE, McpError } from '../wire/errors.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import type { Revision } from '../wire/revision.ts'
import { type Access, checkAccess } from './access.ts'
import type { Complete } from './complete.ts'
import { checkIcons } from './identity.ts'
import type { Registry } from './registry.ts'
import { fitBlock } from './tool-result.ts'

export interface PromptArgument {
  readonly name: string
  readonly title?: string
  readonly description?: string
  readonly required?: boolean
}

/** What a prompt is, besides its name and its handler. */
export interface PromptDefinition<Args extends AnySchema | undefined = AnySchema | undefined> extends Access {
  readonly title?: string
  readonly description?: string
  /** An object schema of strings; its properties become the prompt's arguments. */
  readonly argsSchema?: Args
  /** The arguments by hand, where a schema says too much. Not together with `argsSchema`. */
  readonly arguments?: readonly PromptArgument[]
  /** Suggests values of arguments. */
  readonly complete?: { readonly [argument: string]: Complete }
  readonly icons?: readonly Icon[]
  readonly _meta?: Meta
}

export interface PromptMessage {
  readonly role: 'user' | 'assistant'
  readonly content: ContentBlock
}

/** A text, messages, or a result. */
export type PromptReturn =
  | string
  | readonly PromptMessage[]
  | { readonly description?: string; readonly messages: readonly PromptMessage[]; readonly _meta?: Meta }

export type PromptArguments<Args extends AnySchema | undefined> = Args extends AnySchema
  ? InferOutput<Args>
  : { readonly [name: string]: string }

export type PromptHandler<Args extends AnySchema | undefined, State> = (
  args: PromptArguments<Args>,
  context: Context<State>,
) => MaybePromise<PromptReturn>

export interface Prompt {
  readonly name: string
  readonly definition: PromptDefinition
  readonly args: PreparedSchema | undefined
  readonly arguments: readonly PromptArgument[]
  readonly handler: (args: unknown, context: Context) => unknown
}

export function preparePrompt(name: string, definition: PromptDefinition, handler: Prompt['handler']): Prompt {
  if (typeof name !== 'string' || name === '') throw new TypeError('A prompt needs a name.')
  if (typeof handler !== 'function') throw new TypeError(`The prompt "${name}" needs a handler function.`)
  checkIcons(definition.icons, `The prompt "${name}"`)
  checkAccess(definition, `The prompt "${name}"`)
  const { argsSchema } = definition
  if (argsSchema !== undefined && definition.arguments !== undefined) {
    throw new TypeError(`The prompt "${name}" has both argsSchema and arguments; keep one.`)
  }
  const args = argsSchema && prepareSchema(argsSchema, `argsSchema of the prompt "${name}"`, 'input')
  return { name, definition, args, arguments: args ? readArguments(args, name) : (definition.arguments ?? []), handler }
}

function readArguments({ json }: PreparedSchema, name: string): PromptArgument[] {
  const { type, properties, required } = json
  if (type !== 'object' || !isObject(properties))
    throw new TypeError(`argsSchema of the prompt "${name}" must be an object.`)
  return Object.entries(properties).map(([argument, property]) => {
    const { title, description } = isObject(property) ? property : ({} as JsonObject)
    return {
      name: argument,
      ...(typeof title === 'string' && { title }),
      ...(typeof description === 'string' && { description }),
      required: Array.isArray(required) && required.includes(argument),
    }
  })
}

export function describePrompt(prompt: Prompt, revision: Revision): object {
  const { title, description, icons, _meta } = prompt.definition
  const listed = prompt.arguments.map(({ title: label, ...rest }) =>
    revision.structured && label !== undefined ? { ...rest, title: label } : rest,
  )
  return {
    name: prompt.name,
    ...(revision.structured && { title }),
    description,
    ...(listed.length > 0 && { arguments: listed }),
    ...(revision.icons && { icons }),
    ...(revision.itemMeta && { _meta }),
  }
}

/** `prompts/get`. */
export async function getPrompt(call: Call, prompts: Registry<Prompt>): Promise<object> {
  const { name, arguments: args } = call.params
  if (typeof name !== 'string') throw new McpError('invalid_params', 'name: must be the name of a prompt.')
  const prompt = prompts.get(name, call.identity)
  if (prompt === undefined) throw new McpError('invalid_params', `Unknown prompt: ${name.slice(0, 128)}`)
  if (args !== undefined && !isObject(args)) throw new McpError('invalid_params', 'arguments: must be an object.')
  const checked = await checkArguments(prompt, args ?? {})
  const returned = await prompt.handler(checked, createContext(call))
  return fitMessages(toPromptResult(prompt, returned), call.session.facts.revision)
}

async function checkArguments(prompt: Prompt, args: JsonObject): Promise<unknown> {
  const notText = Object.entries(args).find(([, value]) => typeof value !== 'string')
  if (notText !== undefined)
    throw new McpError('invalid_params', `arguments.${notText[0].slice(0, 128)}: must be a string.`)
  const missing = prompt.arguments.find(({ name, required }) => required && !Object.hasOwn(args, name))
  if (missing !== undefined) throw new McpError('invalid_params', `arguments.${missing.name}: is required.`)
  if (prompt.args === undefined) return args
  const checked = await prompt.args.check(args)
  if (checked.ok) return checked.value
  throw new McpError('invalid_params', `Invalid arguments for the prompt ${prompt.name}: ${checked.problems}`)
}

interface PromptMessages {
  readonly messages: readonly unknown[]
  readonly [member: string]: unknown
}

function toPromptResult(prompt: Prompt, returned: unknown): PromptMessages {
  const { description } = prompt.definition
  if (typeof returned === 'string') {
    return { description, messages: [{ role: 'user', content: { type: 'text', text: returned } }] }
  }
  if (Array.isArray(returned)) return { description, messages: returned }
  if (isObject(returned) && Array.isArray(returned['messages']))
    return { description, ...returned, messages: returned['messages'] }
  throw new McpError('internal_error', INTERNAL_MESSAGE, {
    cause: new TypeError(`The prompt "${prompt.name}" returned neither a text nor messages.`),
  })
}

/** The messages in words that a revision knows, as the results of tools are. */
function fitMessages(result: PromptMessages, revision: Revision): PromptMessages {
  if (revision.structured) return result
  const messages = result.messages.map((message) => {
    if (!isObject(message) || !isObject(message['content'])) return message
    return { ...message, content: fitBlock(message['content'] as unknown as ContentBlock, revision) }
  })
  return { ...result, messages }
}
