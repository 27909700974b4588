/**
 * `ctx.listRoots`: the places that the client lets the server work in.
 *
 * @see the specification, client/roots
 * @module
 */
import type { Meta } from '../wire/content.ts'
import { McpError } from '../wire/errors.ts'
import { isObject } from '../wire/jsonrpc.ts'
import { askClient, PROMPT_ANSWER_MS, requireCapability } from './ask-client.ts'
import type { AskSettings } from './ask-settings.ts'
import type { Call } from './call.ts'

export interface Root {
  /** A `file:` URI. */
  readonly uri: string
  readonly name?: string
  readonly _meta?: Meta
}

export async function listRoots(call: Call, settings: AskSettings | undefined): Promise<Root[]> {
  requireCapability(call, 'roots')
  const { roots } = await askClient(call, 'roots/list', {}, settings, PROMPT_ANSWER_MS)
  if (!Array.isArray(roots) || !roots.every((root) => isObject(root) && typeof root['uri'] === 'string')) {
    throw new McpError('ask_invalid_answer', 'The client answered roots/list without a list of URIs.')
  }
  return roots as Root[]
}
