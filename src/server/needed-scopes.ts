/**
 * Which scopes a request needs, by what it uses.
 *
 * @see the specification, basic/authorization, "Scope Challenge Handling"
 * @module
 */
import type { Identity } from '../session/principal.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import type { Access } from './access.ts'
import type { Prompt } from './prompt.ts'
import type { Registry } from './registry.ts'
import { findResource, type ResourceLists } from './resource.ts'
import type { Tool } from './tool.ts'

interface Lists extends ResourceLists {
  readonly tools: Registry<Tool>
  readonly prompts: Registry<Prompt>
}

/** The scopes that a request needs for what it uses; none for what is hidden, which answers as if it were unknown. */
export function neededScopes(
  lists: Lists,
  method: string,
  params: JsonObject | undefined,
  auth: Identity | undefined,
): readonly string[] {
  if (method === 'subscriptions/listen') return listened(lists, params?.['notifications'], auth)
  return used(lists, method, params ?? {}, auth)?.definition.scopes ?? []
}

/** Of more than this many URIs the request is refused anyway. */
const MOST_URIS = 1_000

/** What a listen stream needs: the scopes of every resource that it names. */
function listened(lists: Lists, filter: unknown, auth: Identity | undefined): readonly string[] {
  const uris = isObject(filter) ? filter['resourceSubscriptions'] : undefined
  if (!Array.isArray(uris)) return []
  const scopes = new Set<string>()
  for (const uri of uris.slice(0, MOST_URIS)) {
    const found = typeof uri === 'string' ? findResource(uri, lists, auth) : undefined
    for (const scope of found?.definition.scopes ?? []) scopes.add(scope)
  }
  return [...scopes]
}

function used(
  lists: Lists,
  method: string,
  { name, uri, ref }: JsonObject,
  auth: Identity | undefined,
): { readonly definition: Access } | undefined {
  switch (method) {
    case 'tools/call':
      return typeof name === 'string' ? lists.tools.get(name, auth) : undefined
    case 'prompts/get':
      return typeof name === 'string' ? lists.prompts.get(name, auth) : undefined
    case 'resources/read':
    case 'resources/subscribe':
      return typeof uri === 'string' ? findResource(uri, lists, auth) : undefined
    case 'completion/complete':
      if (!isObject(ref)) return undefined
      if (typeof ref['name'] === 'string') return lists.prompts.get(ref['name'], auth)
      return typeof ref['uri'] === 'string' ? lists.templates.get(ref['uri'], auth) : undefined
    default:
      return undefined
  }
}

/** All scopes that anything here needs. */
export function declaredScopes(lists: Lists): ReadonlySet<string> {
  const scopes = new Set<string>()
  for (const registry of [lists.tools, lists.resources, lists.templates, lists.prompts]) {
    for (const entry of registry.all()) for (const scope of entry.definition.scopes ?? []) scopes.add(scope)
  }
  return scopes
}
