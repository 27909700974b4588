/**
 * Tools: defining, listing and calling them.
 *
 * @see the specification, server/tools
 * @module
 */
import type { Call } from '../call/call.ts'
import { type Context, createContext } from '../call/context.ts'
import { isPromiseLike } from '../call/promise-like.ts'
import { type AnySchema, type InferOutput, type PreparedSchema, prepareSchema } from '../call/standard-schema.ts'
import type { MaybePromise } from '../engine/platform.ts'
import type { Icon, Meta } from '../wire/content.ts'
import { INTERNAL_MESSAGE, McpError, ToolError } from '../wire/errors.ts'
import { isObject } from '../wire/jsonrpc.ts'
import type { Revision } from '../wire/revision.ts'
import { type Access, checkAccess } from './access.ts'
import { checkIcons } from './identity.ts'
import { type ParamHeader, readParamHeaders } from './param-headers.ts'
import type { Registry } from './registry.ts'
import {
  type CallToolResult,
  errorResult,
  fitRevision,
  type ToolReturn,
  toToolResult,
  withText,
} from './tool-result.ts'

export interface ToolAnnotations {
  readonly title?: string
  readonly readOnlyHint?: boolean
  readonly destructiveHint?: boolean
  readonly idempotentHint?: boolean
  readonly openWorldHint?: boolean
}

/** What a tool is, besides its handler. */
export interface ToolDefinition<
  Input extends AnySchema | undefined = AnySchema | undefined,
  Output extends AnySchema | undefined = AnySchema | undefined,
> extends Access {
  readonly title?: string
  /** For the client's model: what the tool does and when to use it. */
  readonly description?: string
  /** An object schema. Without one the tool takes no arguments. */
  readonly inputSchema?: Input
  /**
   * What structured results are checked against. Clients before 2026-07-28 know objects only: a result of any other kind
   * reaches them as text.
   */
  readonly outputSchema?: Output
  readonly annotations?: ToolAnnotations
  readonly icons?: readonly Icon[]
  /** Milliseconds until a call ends with `request_timeout`. Default: none, the client decides. */
  readonly timeout?: number
  /**
   * Under 2026-07-28 a call that asks its client waits in the memory of its process, by default. With `true` it does not
   * wait: the client's retry runs the handler again from its beginning, on any process with the same `secrets`, and gives
   * it the answers that it got before. So the handler must ask the same questions in the same order, and wrap what must
   * not happen twice in `ctx.step`. In older revisions `durable` changes nothing: the call waits while its request is
   * open.
   */
  readonly durable?: boolean
  /**
   * Names what the handler does, for `durable`: after it has changed, retries of calls that began before are refused.
   * Default: the version of the server.
   */
  readonly version?: string
  readonly _meta?: Meta
}

/** The arguments of a tool, as its input schema yields them. */
export type ToolArguments<Input extends AnySchema | undefined> = Input extends AnySchema
  ? InferOutput<Input>
  : Record<string, never>

export type ToolHandler<Input extends AnySchema | undefined, Output extends AnySchema | undefined, State> = (
  args: ToolArguments<Input>,
  context: Context<State>,
) => MaybePromise<ToolReturn<Output>>

/** A tool ready for use. */
export interface Tool {
  readonly name: string
  readonly definition: ToolDefinition
  readonly input: PreparedSchema | undefined
  readonly output: PreparedSchema | undefined
  /** Arguments that clients mirror into headers. */
  readonly headers: readonly ParamHeader[]
  readonly handler: (args: unknown, context: Context) => unknown
}

/** "Tool names SHOULD be between 1 and 128 characters", of these; clients refuse others. */
const TOOL_NAME = /^[A-Za-z0-9_.-]{1,128}$/

/** @throws {TypeError} for a definition that could not be served. */
export function prepareTool(name: string, definition: ToolDefinition, handler: Tool['handler']): Tool {
  if (!TOOL_NAME.test(name)) {
    throw new TypeError(`The tool name ${JSON.stringify(name)} is not 1 to 128 of the characters A-Z a-z 0-9 _ . -`)
  }
  if (typeof handler !== 'function') throw new TypeError(`The tool "${name}" needs a handler function.`)
  checkIcons(definition.icons, `The tool "${name}"`)
  checkAccess(definition, `The tool "${name}"`)
  const { inputSchema, outputSchema } = definition
  const input = inputSchema === undefined ? undefined : prepareObject(inputSchema, `inputSchema of the tool "${name}"`)
  return {
    name,
    definition,
    input,
    headers: readParamHeaders(input?.json, `inputSchema of the tool "${name}"`),
    output:
      outputSchema === undefined
        ? undefined
        : prepareSchema(outputSchema, `outputSchema of the tool "${name}"`, 'output'),
    handler,
  }
}

function prepareObject(schema: AnySchema, where: string): PreparedSchema {
  const prepared = prepareSchema(schema, where, 'input')
  if (prepared.json['type'] !== 'object') {
    throw new TypeError(`${where} must describe an object: its JSON Schema needs "type": "object" at the top.`)
  }
  return prepared
}

/** The tool as `tools/list` shows it in a revision. */
export function describeTool(tool: Tool, revision: Revision): object {
  const { title, description, annotations, icons, _meta } = tool.definition
  return {
    name: tool.name,
    ...(revision.structured && { title }),
    description,
    inputSchema: tool.input?.json ?? { type: 'object', properties: {} },
    ...(showsOutput(tool, revision) && { outputSchema: tool.output?.json }),
    ...(revision.toolAnnotations && { annotations }),
    ...(revision.icons && { icons }),
    ...(revision.itemMeta && { _meta }),
  }
}

/** Older revisions know objects only: their clients refuse a whole list for one schema that describes something else. */
function showsOutput({ output }: Tool, revision: Revision): boolean {
  return revision.anyStructure || (revision.structured && output?.json['type'] === 'object')
}

/** `tools/call`. */
export function callTool(call: Call, tools: Registry<Tool>): MaybePromise<object> {
  const { name, arguments: args } = call.params
  if (typeof name !== 'string') throw new McpError('invalid_params', 'name: must be the name of a tool.')
  const tool = tools.get(name, call.identity)
  if (tool === undefined) throw new McpError('invalid_params', `Unknown tool: ${name.slice(0, 128)}`)
  if (args !== undefined && !isObject(args)) throw new McpError('invalid_params', 'arguments: must be an object.')
  if (tool.definition.timeout !== undefined) call.limitTime(tool.definition.timeout)
  if (tool.input === undefined) return run(call, tool, args ?? {})
  const checked = tool.input.check(args ?? {})
  if (checked instanceof Promise) return checked.then((late) => runChecked(call, tool, late))
  return runChecked(call, tool, checked)
}

function runChecked(
  call: Call,
  tool: Tool,
  checked: Awaited<ReturnType<PreparedSchema['check']>>,
): MaybePromise<object> {
  if (checked.ok) return run(call, tool, checked.value)
  const message = `Invalid arguments for the tool ${tool.name}: ${checked.problems}`
  // From 2025-11-25 on the model shall see what was wrong and try again.
  if (call.session.facts.revision.invalidArgumentsAreResults) return errorResult(message)
  throw new McpError('invalid_params', message)
}

function run(call: Call, tool: Tool, args: unknown): MaybePromise<object> {
  try {
    const returned = tool.handler(args, createContext(call))
    if (!isPromiseLike(returned)) return finish(call, tool, returned)
    return Promise.resolve(returned).then(
      (value) => finish(call, tool, value),
      (thrown) => toolFailed(call, tool, thrown),
    )
  } catch (thrown) {
    return toolFailed(call, tool, thrown)
  }
}

function finish(call: Call, tool: Tool, returned: unknown): MaybePromise<object> {
  const { revision } = call.session.facts
  if (typeof returned === 'string' && tool.output === undefined) return { content: [{ type: 'text', text: returned }] }
  const result = toToolResult(tool.name, returned, tool.output !== undefined)
  if (tool.output === undefined || result.isError) return fitRevision(result, revision)
  return checkOutput(tool, tool.output, result).then((checked) => fitRevision(checked, revision))
}

async function checkOutput(tool: Tool, output: PreparedSchema, result: CallToolResult): Promise<CallToolResult> {
  if (result.structuredContent === undefined) {
    throw new McpError('internal_error', INTERNAL_MESSAGE, {
      cause: new TypeError(`The tool "${tool.name}" has an outputSchema but returned no structured content.`),
    })
  }
  const checked = await output.check(result.structuredContent)
  if (!checked.ok) {
    throw new McpError('internal_error', INTERNAL_MESSAGE, {
      cause: new TypeError(`The tool "${tool.name}" returned what its outputSchema refuses: ${checked.problems}`),
    })
  }
  return { ...withText(result, checked.value), structuredContent: checked.value }
}

/** What a thrown value becomes: shown to the model, sent as a protocol error, or hidden. */
function toolFailed(call: Call, tool: Tool, thrown: unknown): object {
  if (thrown instanceof McpError) throw thrown
  if (thrown instanceof ToolError) return errorResult(thrown.message)
  // What a cancelled handler throws on its way out is no news.
  if (!call.ended) call.services.replica.report(thrown, `the tool "${tool.name}"`)
  return errorResult(`The tool ${tool.name} failed.`)
}
