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
import { describeResource, type ResourceLists } from './resource.ts'

/** Items per page. Most servers have one page; large ones should not send megabytes at a time. */
export const PAGE_SIZE = 200

/** What a list says about being cached; `varies`: it was made for this caller. */
export type Hints = (call: Call, varies?: boolean) => object

/** `tools/list`, `prompts/list`, `resources/templates/list`. */
export function list<Entry extends { readonly definition: Access }>(
  call: Call,
  member: string,
  registry: Registry<Entry>,
  hints: Hints,
): MaybePromise<JsonText> {
  const { cursor } = call.params
  const { revision } = call.session.facts
  if (cursor === undefined) {
    const page = registry.page(revision, 0, PAGE_SIZE, call.identity)
    if (page.next === undefined) return listText(call, member, page.items, '', hints)
  }
  return listPage(call, member, registry, [], hints)
}

function listText(
  call: Call,
  member: string,
  items: readonly string[],
  next: string,
  hints: Hints,
  varies = false,
): JsonText {
  const text = `{"${member}":[${items.join()}]${next}`
  if (!call.session.facts.revision.cacheHints) return new JsonText(`${text}}`)
  return new JsonText(`${text},${JSON.stringify(hints(call, varies)).slice(1)}`)
}

/** `resources/list`: the registered ones, then what the templates list. */
export async function listResources(
  call: Call,
  { resources: registry, templates }: ResourceLists,
  hints: Hints,
): Promise<JsonText> {
  const listing = [...templates.entries(call.identity)].flatMap((template) => template.definition.list ?? [])
  if (listing.length === 0) return list(call, 'resources', registry, hints)
  const after = await openCursor(call, 'resources')
  const { revision } = call.session.facts
  // Every page has the same scope, also those that are not made for the caller.
  if (registry.page(revision, after, PAGE_SIZE, call.identity).next !== undefined) {
    return listPage(call, 'resources', registry, [], hints, true)
  }
  const found = await Promise.all(listing.map(async (run) => run(createContext(call))))
  const items = found
    .flat()
    .map(({ uri, name, ...definition }) => JSON.stringify(describeResource({ uri, name, definition }, revision)))
  return listPage(call, 'resources', registry, items, hints, true)
}

async function listPage<Entry extends { readonly definition: Access }>(
  call: Call,
  member: string,
  registry: Registry<Entry>,
  more: readonly string[],
  hints: Hints,
  varies = false,
): Promise<JsonText> {
  const after = await openCursor(call, member)
  const page = registry.page(call.session.facts.revision, after, PAGE_SIZE, call.identity)
  const items = [...page.items, ...more]
  const next = page.next === undefined ? '' : `,"nextCursor":"${await sealCursor(call, member, page.next)}"`
  return listText(call, member, items, next, hints, varies)
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
