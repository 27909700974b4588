/**
 * Resources and resource templates: defining, listing and reading them.
 *
 * @see the specification, server/resources
 * @module
 */
import type { Call } from '../call/call.ts'
import { type Context, createContext } from '../call/context.ts'
import type { MaybePromise } from '../engine/platform.ts'
import type { Identity } from '../session/principal.ts'
import type { Annotations, Icon, Meta, ResourceContents } from '../wire/content.ts'
import { INTERNAL_MESSAGE, McpError } from '../wire/errors.ts'
import { isObject } from '../wire/jsonrpc.ts'
import type { Revision } from '../wire/revision.ts'
import { type Access, checkAccess } from './access.ts'
import { type CacheHints, checkCacheHints, readHints } from './cache-hints.ts'
import type { Complete } from './complete.ts'
import { checkIcons } from './identity.ts'
import type { Registry } from './registry.ts'
import type { UriTemplate } from './uri-template.ts'

/** What a resource is, besides its name, its URI and its reader. */
export interface ResourceDefinition extends Access {
  readonly title?: string
  readonly description?: string
  readonly mimeType?: string
  readonly annotations?: Annotations
  readonly icons?: readonly Icon[]
  /** Bytes, where known. */
  readonly size?: number
  /** How long and for whom its contents may be cached (2026-07-28). Default: `{ ttlMs: 0, scope: 'private' }`. */
  readonly cache?: CacheHints
  readonly _meta?: Meta
}

/** A resource as a list shows it. */
export interface ListedResource extends Omit<ResourceDefinition, keyof Access> {
  readonly uri: string
  readonly name: string
}

export interface ResourceTemplateDefinition<State = unknown> extends Omit<ResourceDefinition, 'size'> {
  /** Suggests values of the template's variables. */
  readonly complete?: { readonly [variable: string]: Complete }
  /** Resources of this template that shall appear in `resources/list`. */
  readonly list?: (context: Context<State>) => MaybePromise<readonly ListedResource[]>
}

/** A text, bytes, one part or several. Parts without a URI or a type get those of the resource. */
export type ResourceReturn =
  | string
  | Uint8Array
  | ResourcePart
  | readonly ResourcePart[]
  | { readonly contents: readonly ResourcePart[]; readonly _meta?: Meta }

export type ResourcePart = {
  readonly uri?: string
  readonly mimeType?: string
  readonly _meta?: Meta
} & ({ readonly text: string } | { readonly blob: string | Uint8Array })

export interface Resource {
  readonly name: string
  readonly uri: string
  readonly definition: ResourceDefinition
  readonly read: (uri: URL, context: Context) => unknown
}

export interface ResourceTemplate {
  readonly name: string
  readonly template: UriTemplate
  readonly definition: ResourceTemplateDefinition
  readonly read: (uri: URL, variables: Record<string, string>, context: Context) => unknown
}

export function prepareResource(
  name: string,
  uri: string,
  definition: ResourceDefinition,
  read: Resource['read'],
): Resource {
  if (!URL.canParse(uri))
    throw new TypeError(`The resource "${name}" needs an absolute URI; got ${JSON.stringify(uri)}.`)
  if (typeof read !== 'function') throw new TypeError(`The resource "${name}" needs a function that reads it.`)
  checkIcons(definition.icons, `The resource "${name}"`)
  checkAccess(definition, `The resource "${name}"`)
  checkCacheHints(definition.cache, `The resource "${name}"`)
  return { name, uri, definition, read }
}

export function describeResource(resource: Pick<Resource, 'name' | 'uri' | 'definition'>, revision: Revision): object {
  return { uri: resource.uri, ...describeCommon(resource, revision), size: resource.definition.size }
}

export function describeTemplate(template: ResourceTemplate, revision: Revision): object {
  return { uriTemplate: template.template.text, ...describeCommon(template, revision) }
}

function describeCommon(item: { readonly name: string; readonly definition: ResourceDefinition }, revision: Revision) {
  const { title, description, mimeType, annotations, icons, _meta } = item.definition
  return {
    name: item.name,
    ...(revision.structured && { title }),
    description,
    mimeType,
    annotations,
    ...(revision.icons && { icons }),
    ...(revision.itemMeta && { _meta }),
  }
}

/** The URI of a request, checked before anything looks it up. */
export function requestUri(call: Call): string {
  const { uri } = call.params
  const limit = call.services.replica.limits.uriBytes
  if (typeof uri !== 'string' || !fits(uri, limit) || !URL.canParse(uri)) {
    throw new McpError('invalid_params', `uri: must be an absolute URI of at most ${limit} bytes.`)
  }
  return uri
}

function fits(text: string, bytes: number): boolean {
  if (text.length > bytes) return false
  return text.length * 3 <= bytes || new TextEncoder().encode(text).length <= bytes
}

export interface ResourceLists {
  readonly resources: Registry<Resource>
  readonly templates: Registry<ResourceTemplate>
}

/** `resources/read`. */
export async function readResource(call: Call, lists: ResourceLists): Promise<object> {
  const uri = requestUri(call)
  const resource = lists.resources.get(uri, call.identity)
  if (resource !== undefined) {
    const returned = await resource.read(new URL(uri), createContext(call))
    return toReadResult(call, returned, uri, resource.definition)
  }
  for (const template of lists.templates.entries(call.identity)) {
    const variables = template.template.match(uri)
    if (variables === undefined) continue
    const returned = await template.read(new URL(uri), variables, createContext(call))
    return toReadResult(call, returned, uri, template.definition)
  }
  throw resourceNotFound(uri)
}

/** What is behind a URI for this identity: what can be read, and so be subscribed to. */
export function findResource(
  uri: string,
  lists: ResourceLists,
  auth: Identity | undefined,
): Resource | ResourceTemplate | undefined {
  const resource = lists.resources.get(uri, auth)
  if (resource !== undefined) return resource
  for (const template of lists.templates.entries(auth)) if (template.template.match(uri) !== undefined) return template
  return undefined
}

export function resourceNotFound(uri: string): McpError {
  return new McpError('resource_not_found', 'Resource not found', { data: { uri } })
}

function toReadResult(call: Call, returned: unknown, uri: string, { mimeType, cache }: ResourceDefinition): object {
  const hints = call.session.facts.revision.cacheHints && readHints(cache)
  if (isObject(returned) && Array.isArray(returned['contents'])) {
    return { ...returned, contents: returned['contents'].map((part) => toContents(part, uri, mimeType)), ...hints }
  }
  const parts = Array.isArray(returned) ? returned : [returned]
  return { contents: parts.map((part) => toContents(part, uri, mimeType)), ...hints }
}

function toContents(part: unknown, uri: string, mimeType: string | undefined): ResourceContents {
  if (typeof part === 'string') return { uri, mimeType: mimeType ?? 'text/plain', text: part }
  if (part instanceof Uint8Array) {
    return { uri, mimeType: mimeType ?? 'application/octet-stream', blob: toBase64(part) }
  }
  if (isObject(part) && typeof part['text'] === 'string') {
    return { uri, ...(mimeType !== undefined && { mimeType }), ...part, text: part['text'] }
  }
  if (isObject(part) && (typeof part['blob'] === 'string' || part['blob'] instanceof Uint8Array)) {
    const blob = typeof part['blob'] === 'string' ? part['blob'] : toBase64(part['blob'])
    return { uri, ...(mimeType !== undefined && { mimeType }), ...part, blob }
  }
  throw new McpError('internal_error', INTERNAL_MESSAGE, {
    cause: new TypeError(`The resource ${uri} returned neither text, bytes nor contents.`),
  })
}

/** In pieces, because `String.fromCharCode` takes a bounded number of arguments. */
function toBase64(bytes: Uint8Array): string {
  let binary = ''
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(binary)
}
