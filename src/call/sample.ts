/**
 * `ctx.sample`: a message from the client's model.
 *
 * @see the specification, client/sampling
 * @module
 */
import type { AudioContent, ContentBlock, ImageContent, Meta, TextContent } from '../wire/content.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import { askClient, requireCapability, SLOW_ANSWER_MS } from './ask-client.ts'
import type { AskSettings } from './ask-settings.ts'
import type { Call } from './call.ts'
import type { JsonSchema } from './standard-schema.ts'

/** The model wants a tool to be called (2025-11-25, capability `sampling.tools`). */
export interface ToolUseContent {
  readonly type: 'tool_use'
  readonly id: string
  readonly name: string
  readonly input: JsonObject
  readonly _meta?: Meta
}

/** What the tool answered. */
export interface ToolResultContent {
  readonly type: 'tool_result'
  readonly toolUseId: string
  readonly content: readonly ContentBlock[]
  readonly structuredContent?: JsonObject
  readonly isError?: boolean
  readonly _meta?: Meta
}

export type SamplingContent = TextContent | ImageContent | AudioContent | ToolUseContent | ToolResultContent

export interface SamplingMessage {
  readonly role: 'user' | 'assistant'
  readonly content: SamplingContent | readonly SamplingContent[]
  readonly _meta?: Meta
}

export interface CreateMessageParams {
  readonly messages: readonly SamplingMessage[]
  readonly maxTokens: number
  readonly systemPrompt?: string
  readonly temperature?: number
  readonly stopSequences?: readonly string[]
  readonly modelPreferences?: {
    readonly hints?: readonly { readonly name?: string }[]
    readonly costPriority?: number
    readonly speedPriority?: number
    readonly intelligencePriority?: number
  }
  /** Other values than `none` need the capability `sampling.context` from 2025-11-25 on. */
  readonly includeContext?: 'none' | 'thisServer' | 'allServers'
  readonly metadata?: JsonObject
  /** Needs the capability `sampling.tools`. */
  readonly tools?: readonly { readonly name: string; readonly description?: string; readonly inputSchema: JsonSchema }[]
  readonly toolChoice?: { readonly mode?: 'auto' | 'required' | 'none' }
}

export interface CreateMessageResult {
  readonly role: 'user' | 'assistant'
  readonly content: SamplingContent | readonly SamplingContent[]
  readonly model: string
  readonly stopReason?: string
  readonly _meta?: Meta
}

export async function sample(
  call: Call,
  params: CreateMessageParams,
  settings: AskSettings | undefined,
): Promise<CreateMessageResult> {
  requireCapability(call, 'sampling')
  if (params.tools !== undefined || params.toolChoice !== undefined) requireCapability(call, 'sampling.tools')
  const context = params.includeContext !== undefined && params.includeContext !== 'none'
  if (context && call.session.facts.revision.samplingParts) requireCapability(call, 'sampling.context')
  checkToolResults(params.messages)
  const result = await askClient(
    call,
    'sampling/createMessage',
    params as unknown as JsonObject,
    settings,
    SLOW_ANSWER_MS,
  )
  const { model, role, content } = result
  const blocks = Array.isArray(content) ? content : [content]
  if (typeof model !== 'string' || (role !== 'user' && role !== 'assistant') || !blocks.every(isSamplingBlock)) {
    throw new McpError('ask_invalid_answer', 'The client answered sampling/createMessage without a valid message.')
  }
  return result as unknown as CreateMessageResult
}

function isSamplingBlock(block: unknown): boolean {
  if (typeof block !== 'object' || block === null) return false
  const { type, text, data, mimeType } = block as JsonObject
  if (type === 'text') return typeof text === 'string'
  if (type === 'image' || type === 'audio') return typeof data === 'string' && typeof mimeType === 'string'
  return type === 'tool_use' || type === 'tool_result'
}

/**
 * A message with tool results holds nothing else, and answers exactly the tool uses of the message before it: model
 * providers refuse anything else, far from the line that is wrong.
 */
function checkToolResults(messages: readonly SamplingMessage[]): void {
  let open: string[] = []
  for (const message of messages) {
    const blocks = Array.isArray(message.content) ? message.content : [message.content as SamplingContent]
    const results = blocks.filter((block): block is ToolResultContent => block.type === 'tool_result')
    if (results.length > 0 && results.length < blocks.length) {
      throw new TypeError('A sampling message with a tool_result may hold nothing but tool results.')
    }
    const answered = new Set(results.map((result) => result.toolUseId))
    const unanswered = open.find((id) => !answered.has(id))
    if (unanswered !== undefined) {
      throw new TypeError(`The tool use ${unanswered} must be answered by the very next sampling message.`)
    }
    const foreign = [...answered].find((id) => !open.includes(id))
    if (foreign !== undefined) throw new TypeError(`The tool result ${foreign} answers no tool use before it.`)
    open = blocks.filter((block) => block.type === 'tool_use').map((block) => (block as ToolUseContent).id)
  }
}
