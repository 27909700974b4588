/**
 * The four list methods: pages of registered things as ready text, with sealed cursors.
 *
 * @see the specification, server/utilities/pagination
 * @module
 */
import type { Call } from '../call/call.ts'
import { createContext } from '../call/context.ts'
import type { MaybePromise } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import { JsonText } from '../wire/jsonrpc.ts'
import type { Access } from './access.ts'
import type { Registry } from './registry.ts'
import { describeResource, type Resource, type ResourceTemplate } from './resource.ts'

/** Items per page. Most servers have one page; large ones should not send megabytes at a time. */
export const PAGE_SIZE = 200

/** `tools/list`, `prompts/list`, `resources/templates/list`. */
export function list<Entry extends { readonly definition: Access }>(
  call: Call,
  member: string,
  registry: Registry<Entry>,
): MaybePromise<JsonText> {
  const { cursor } = call.params
  const { revision } = call.session.facts
  if (cursor === undefined) {
    const page = registry.page(revision, 0, PAGE_SIZE, call.identity)
    if (page.next === undefined) return new JsonText(`{"${member}":[${page.items.join()}]}`)
  }
  return listPage(call, member, registry, [])
}

/** `resources/list`: the registered ones, then what the templates list. */
export async function listResources(
  call: Call,
  registry: Registry<Resource>,
  templates: Registry<ResourceTemplate>,
): Promise<JsonText> {
  const listing = [...templates.entries(call.identity)].flatMap((template) => template.definition.list ?? [])
  if (listing.length === 0) return list(call, 'resources', registry)
  const after = await openCursor(call, 'resources')
  const { revision } = call.session.facts
  if (registry.page(revision, after, PAGE_SIZE, call.identity).next !== undefined)
    return listPage(call, 'resources', registry, [])
  const found = await Promise.all(listing.map(async (run) => run(createContext(call))))
  const items = found
    .flat()
    .map(({ uri, name, ...definition }) => JSON.stringify(describeResource({ uri, name, definition }, revision)))
  return listPage(call, 'resources', registry, items)
}

async function listPage<Entry extends { readonly definition: Access }>(
  call: Call,
  member: string,
  registry: Registry<Entry>,
  more: readonly string[],
): Promise<JsonText> {
  const after = await openCursor(call, member)
  const page = registry.page(call.session.facts.revision, after, PAGE_SIZE, call.identity)
  const items = [...page.items, ...more].join()
  if (page.next === undefined) return new JsonText(`{"${member}":[${items}]}`)
  const cursor = await sealCursor(call, member, page.next)
  return new JsonText(`{"${member}":[${items}],"nextCursor":"${cursor}"}`)
}

/**
 * A cursor says which list it belongs to, where in it the next page starts, and whose it is. The place has a fixed
 * width: a sealed text shows its length, and so how much is hidden before the place.
 */
function sealCursor(call: Call, member: string, after: number): MaybePromise<string> {
  const text = JSON.stringify([member, String(after).padStart(12, '0'), call.session.facts.principal])
  return call.services.replica.ring.seal('cursor', new TextEncoder().encode(text))
}

async function openCursor(call: Call, member: string): Promise<number> {
  const { cursor } = call.params
  if (cursor === undefined) return 0
  const opened = typeof cursor === 'string' ? await call.services.replica.ring.open('cursor', cursor) : 'malformed'
  if (typeof opened !== 'string') {
    const [list, after, principal] = JSON.parse(new TextDecoder().decode(opened.bytes)) as [string, string, string]
    if (list === member && principal === call.session.facts.principal) return Number(after)
  }
  throw new McpError('invalid_params', 'cursor: is not one that this server gave for this list.')
}
