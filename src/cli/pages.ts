/**
 * Reads a list of the server over all its pages.
 *
 * @see the specification, server/utilities/pagination
 * @module
 */
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'

/** A server that never stops handing out cursors is not followed for ever. */
const MAX_PAGES = 100

/** Whatever sends requests. */
export interface Requester {
  request(method: string, params?: JsonObject): Promise<JsonObject>
}

/** The entries of `method`, which are in the member `member` of each result. */
export async function allPages(requester: Requester, method: string, member: string): Promise<JsonObject[]> {
  const entries: JsonObject[] = []
  let cursor: unknown
  for (let page = 0; page < MAX_PAGES; page++) {
    const result = await requester.request(method, cursor === undefined ? undefined : { cursor })
    const list = result[member]
    if (Array.isArray(list)) entries.push(...list.filter(isObject))
    cursor = result['nextCursor']
    if (typeof cursor !== 'string') break
  }
  return entries
}
