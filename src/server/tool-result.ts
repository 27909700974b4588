/**
 * What a tool may return, and how it becomes a result of the client's revision.
 *
 * @see the specification, server/tools, "Tool Result"
 * @module
 */
import type { AnySchema, InferInput } from '../call/standard-schema.ts'
import type { ContentBlock, Meta } from '../wire/content.ts'
import { INTERNAL_MESSAGE, McpError } from '../wire/errors.ts'
import { isObject } from '../wire/jsonrpc.ts'
import type { Revision } from '../wire/revision.ts'

/** A result in full. */
export interface CallToolResult {
  readonly content: readonly ContentBlock[]
  /** A value that matches the tool's `outputSchema`: an object, or under 2026-07-28 any JSON. */
  readonly structuredContent?: unknown
  /** The tool failed in a way that the model should know about. */
  readonly isError?: boolean
  readonly _meta?: Meta
}

/** A full result whose parts may be left out. */
export interface PartialToolResult<Structured> {
  readonly content?: readonly ContentBlock[]
  readonly structuredContent?: Structured
  readonly isError?: boolean
  readonly _meta?: Meta
}

/** A text, a content block, a list of them, or a result; with an `outputSchema` the structured value itself too. */
export type ToolReturn<Output extends AnySchema | undefined> = Output extends AnySchema
  ? InferInput<Output> | PartialToolResult<InferInput<Output>>
  : string | ContentBlock | readonly ContentBlock[] | PartialToolResult<unknown> | undefined | void

const BLOCK_TYPES: readonly unknown[] = ['text', 'image', 'audio', 'resource', 'resource_link']

function isBlock(value: unknown): value is ContentBlock {
  return isObject(value) && BLOCK_TYPES.includes(value['type'])
}

export function errorResult(message: string): CallToolResult {
  return { content: [{ type: 'text', text: message }], isError: true }
}

/**
 * @param structured the tool has an output schema, so a bare value is its structured content.
 * @throws {McpError} `internal_error` for a value that is no result; its cause says what came back.
 */
export function toToolResult(name: string, returned: unknown, structured: boolean): CallToolResult {
  if (isObject(returned) && (Array.isArray(returned['content']) || Object.hasOwn(returned, 'structuredContent'))) {
    return { ...returned, content: (returned['content'] as ContentBlock[] | undefined) ?? [] }
  }
  if (structured && returned !== undefined) {
    const failed = isObject(returned) && returned['isError'] === true
    return failed ? { content: [], isError: true } : { content: [], structuredContent: returned }
  }
  if (typeof returned === 'string') return { content: [{ type: 'text', text: returned }] }
  if (returned === undefined || returned === null) return { content: [] }
  if (isBlock(returned)) return { content: [returned] }
  if (Array.isArray(returned) && returned.every(isBlock)) return { content: returned }
  throw new McpError('internal_error', INTERNAL_MESSAGE, {
    cause: new TypeError(
      `The tool "${name}" returned a ${typeof returned} that is neither a text, content nor a result. ` +
        'Return a string, a content block, a list of blocks, { content } or, with an outputSchema, an object.',
    ),
  })
}

/** Leaves out what a revision does not know. Its clients refuse content types that they have never heard of. */
export function fitRevision(result: CallToolResult, revision: Revision): CallToolResult {
  const { structuredContent, ...without } = result
  if (revision.anyStructure || (revision.structured && isObject(structuredContent))) return result
  if (structuredContent === undefined && revision.structured) return result
  const { content, ...rest } = withText(without, structuredContent)
  return { ...rest, content: content.map((block) => fitBlock(block, revision)) }
}

/** "A tool that returns structured content SHOULD also return the serialized JSON in a TextContent block." */
export function withText(result: CallToolResult, structured: unknown): CallToolResult {
  if (result.content.length > 0 || structured === undefined) return result
  return { ...result, content: [{ type: 'text', text: JSON.stringify(structured) }] }
}

/** One block in words that a revision knows. */
export function fitBlock(block: ContentBlock, revision: Revision): ContentBlock {
  if (block.type === 'resource_link' && !revision.structured) {
    return { type: 'text', text: `${block.title ?? block.name}: ${block.uri}` }
  }
  if (block.type === 'audio' && !revision.audio) {
    // The only way to carry its bytes. A resource has to have a URI; this one leads nowhere, as there is nothing to read.
    const { data: blob, mimeType } = block
    return { type: 'resource', resource: { uri: 'embedded:audio', mimeType, blob } }
  }
  return block
}
