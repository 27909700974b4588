/**
 * What every result of the modern era says: its type, and who answered.
 *
 * @see the specification 2026-07-28, basic/index, "ResultType" and "Per-response protocol fields"
 * @module
 */
import type { Present } from '../call/input-required.ts'
import { SERVER_INFO } from '../wire/envelope.ts'
import { isObject, JsonText } from '../wire/jsonrpc.ts'
import type { Revision } from '../wire/revision.ts'
import { type ServerIdentity, serverInfo } from './identity.ts'

/** Makes results for an identity. Its own part is the same in each, so it is text from the start. */
export function presenter(identity: ServerIdentity, revision: Revision): Present {
  const info = serverInfo(identity, revision)
  const meta = JSON.stringify({ [SERVER_INFO]: info })
  const heads = { complete: head('complete', meta), input_required: head('input_required', meta) }
  return (result, type) => {
    if (result instanceof JsonText) return splice(heads[type], result.text)
    const stated = result as { readonly _meta?: unknown; readonly resultType?: unknown }
    if (stated._meta === undefined && stated.resultType === undefined)
      return splice(heads[type], JSON.stringify(result))
    const { _meta: own, resultType: _, ...rest } = stated
    const merged = { ...(isObject(own) && own), [SERVER_INFO]: info }
    return splice(head(type, JSON.stringify(merged)), JSON.stringify(rest))
  }
}

function head(type: string, meta: string): string {
  return `{"resultType":"${type}","_meta":${meta}`
}

/** Puts the members of one object text after those of another that is still open. */
function splice(open: string, text: string): JsonText {
  return new JsonText(text === '{}' ? `${open}}` : `${open},${text.slice(1)}`)
}
