/**
 * Everything that an author has said about a server, in the form in which requests are answered from it. One
 * definition may be served by several endpoints at a time.
 *
 * @module
 */
import type { Call } from '../call/call.ts'
import type { Present } from '../call/input-required.ts'
import type { MaybePromise } from '../engine/platform.ts'
import type { ListKind } from '../session/cluster.ts'
import type { SessionFacts } from '../session/session-id.ts'
import { sipHashText, sipKey } from '../session/siphash.ts'
import { McpError } from '../wire/errors.ts'
import { isObject, type JsonObject, JsonText } from '../wire/jsonrpc.ts'
import { LATEST, MODERN, type Revision } from '../wire/revision.ts'
import { listHints } from './cache-hints.ts'
import { complete } from './completion.ts'
import { discover } from './discover.ts'
import type { ServerIdentity } from './identity.ts'
import { listen } from './listen.ts'
import { list, listResources } from './lists.ts'
import { compose, type Middleware } from './middleware.ts'
import { presenter } from './modern-result.ts'
import { describePrompt, getPrompt, type Prompt } from './prompt.ts'
import { Registry } from './registry.ts'
import { describeResource, describeTemplate, type Resource, type ResourceTemplate, readResource } from './resource.ts'
import { setLevel, subscribe, unsubscribe } from './subscriptions.ts'
import { callTool, describeTool, type Tool } from './tool.ts'

/** What an endpoint wants to hear while it serves a definition. */
export interface DefinitionListener {
  listChanged(list: ListKind): void
  resourceUpdated(uri: string): void
  elicitationComplete(elicitationId: string): void
}

/** A session as hooks see it. */
export interface SessionInfo {
  readonly client: { readonly name: string; readonly version: string }
  readonly revision: Revision['name']
}

export type SessionHook = (session: SessionInfo, event: 'open' | 'close') => void | Promise<void>
export type CloseHook = () => void | Promise<void>

type Method = (call: Call) => MaybePromise<object | JsonText>

/** The catalogue's hash needs a key only because the function does; nothing secret hangs on it. */
const HASH_KEY = sipKey(new Uint8Array(16))

const NO_SETTINGS: { readonly [name: string]: unknown } = {}

export class Definition {
  readonly identity: ServerIdentity
  readonly tools: Registry<Tool>
  readonly resources: Registry<Resource>
  readonly templates: Registry<ResourceTemplate>
  readonly prompts: Registry<Prompt>
  readonly middleware: Middleware[] = []
  readonly sessionHooks: SessionHook[] = []
  readonly closeHooks: CloseHook[] = []
  /** Settings of the declared extensions, by their id. */
  readonly extensions: Map<string, JsonObject> = new Map()
  /** Whether anything needs scopes or is hidden from some: then requests are looked at before they start. */
  restricted = false
  readonly #listeners = new Set<DefinitionListener>()
  readonly #methods: Readonly<Record<Revision['era'], ReadonlyMap<string, Method>>>
  readonly #texts = new Map<string, JsonText>()
  /** Makes results of the modern era. */
  readonly present: Present
  #dispatch: Method | undefined
  #dispatchModern: Method | undefined
  #hash: string | undefined

  constructor(identity: ServerIdentity) {
    this.identity = identity
    this.present = presenter(identity, MODERN)
    const changed = (kind: ListKind): void => this.#listChanged(kind)
    this.tools = new Registry('tools', 'tool', describeTool, changed)
    this.resources = new Registry<Resource>('resources', 'resource', describeResource, changed)
    this.templates = new Registry('resources', 'resource template', describeTemplate, changed)
    this.prompts = new Registry('prompts', 'prompt', describePrompt, changed)
    this.#methods = this.#tables()
  }

  /** Answers a request of the legacy era. */
  get dispatch(): Method {
    this.#dispatch ??= this.#compose(this.#methods.legacy)
    return this.#dispatch
  }

  /** Answers a request of the modern era. */
  get dispatchModern(): Method {
    this.#dispatchModern ??= this.#compose(this.#methods.modern)
    return this.#dispatchModern
  }

  use(middleware: Middleware): void {
    this.middleware.push(middleware)
    this.#dispatch = this.#dispatchModern = undefined
  }

  /** What the server really has, in the words of a revision. `stateful`: there are sessions to tell about changes. */
  capabilities(revision: Revision, stateful: boolean): object {
    const listChanged = stateful ? { listChanged: true } : {}
    const extensions = this.extensions.size > 0 && Object.fromEntries(this.extensions)
    return {
      logging: {},
      ...(this.tools.used && { tools: listChanged }),
      ...((this.resources.used || this.templates.used) && {
        resources: stateful ? { subscribe: true, listChanged: true } : {},
      }),
      ...(this.prompts.used && { prompts: listChanged }),
      ...(revision.completions && this.#completes() && { completions: {} }),
      ...(extensions && { [revision.extensions]: extensions }),
    }
  }

  /** The settings that a client gave for the extensions declared here. */
  readExtensions(capabilities: JsonObject | undefined, revision: Revision): { readonly [name: string]: unknown } {
    if (this.extensions.size === 0) return NO_SETTINGS
    const declared = capabilities?.[revision.extensions]
    if (!isObject(declared)) return NO_SETTINGS
    const names = [...this.extensions.keys()].filter((name) => Object.hasOwn(declared, name))
    return Object.fromEntries(names.map((name) => [name, declared[name]]))
  }

  /** A JSON text that stays the same until something is registered, changed or declared. */
  text(key: string, make: () => object): JsonText {
    const known = this.#texts.get(key)
    if (known !== undefined) return known
    const made = new JsonText(JSON.stringify(make()))
    this.#texts.set(key, made)
    return made
  }

  extend(id: string, settings: JsonObject): void {
    this.extensions.set(id, settings)
    this.#texts.clear()
  }

  listen(listener: DefinitionListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  tell(event: (listener: DefinitionListener) => void): void {
    for (const listener of this.#listeners) event(listener)
  }

  /** Names the lists as they look now. */
  hash(): string {
    const lists = [this.tools, this.resources, this.templates, this.prompts]
    this.#hash ??= sipHashText(HASH_KEY, lists.map((registry) => registry.describe(LATEST)).join('\n'))
    return this.#hash
  }

  /** The lists that the server has. */
  lists(): readonly ListKind[] {
    const kinds: ListKind[] = []
    if (this.tools.used) kinds.push('tools')
    if (this.resources.used || this.templates.used) kinds.push('resources')
    if (this.prompts.used) kinds.push('prompts')
    return kinds
  }

  /** Runs the session hooks; what they throw goes to `report`. */
  async runSessionHooks(
    facts: SessionFacts,
    event: 'open' | 'close',
    report: (thrown: unknown) => void,
  ): Promise<void> {
    const info: SessionInfo = { client: facts.client, revision: facts.revision.name }
    for (const hook of this.sessionHooks) {
      try {
        await hook(info, event)
      } catch (thrown) {
        report(thrown)
      }
    }
  }

  #listChanged(kind: ListKind): void {
    this.#hash = undefined
    this.#texts.clear()
    this.restricted = [this.tools, this.resources, this.templates, this.prompts].some(({ restricted }) => restricted)
    this.tell((listener) => listener.listChanged(kind))
  }

  #compose(methods: ReadonlyMap<string, Method>): Method {
    return compose(this.middleware, (call) => {
      const method = methods.get(call.method)
      if (method === undefined) throw new McpError('method_not_found', `Unknown method: ${call.method.slice(0, 128)}`)
      return method(call)
    })
  }

  #completes(): boolean {
    for (const prompt of this.prompts.all()) if (prompt.definition.complete) return true
    for (const template of this.templates.all()) if (template.definition.complete) return true
    return false
  }

  /** Every method of each era, by its name in the specification. What a server lacks is unknown to it. */
  #tables(): Readonly<Record<Revision['era'], ReadonlyMap<string, Method>>> {
    const { tools, resources, templates, prompts } = this
    const when =
      (has: () => boolean, method: Method): Method =>
      (call) => {
        if (has()) return method(call)
        throw new McpError(
          'method_not_found',
          `Unknown method: ${call.method}. This server does not have that capability.`,
        )
      }
    const hasTools = (): boolean => tools.used
    const hasResources = (): boolean => resources.used || templates.used
    const hasPrompts = (): boolean => prompts.used
    const both = { resources, templates }
    const hints = (call: Call, own = false): object =>
      listHints(call, this.identity.cache, own || this.restricted || this.middleware.length > 0)
    const shared: [string, Method][] = [
      ['tools/list', when(hasTools, (call) => list(call, 'tools', tools, hints))],
      ['tools/call', when(hasTools, (call) => callTool(call, tools))],
      ['resources/list', when(hasResources, (call) => listResources(call, both, hints))],
      ['resources/templates/list', when(hasResources, (call) => list(call, 'resourceTemplates', templates, hints))],
      ['resources/read', when(hasResources, (call) => readResource(call, both))],
      ['prompts/list', when(hasPrompts, (call) => list(call, 'prompts', prompts, hints))],
      ['prompts/get', when(hasPrompts, (call) => getPrompt(call, prompts))],
      [
        'completion/complete',
        when(
          () => this.#completes(),
          (call) => complete(call, prompts, templates),
        ),
      ],
    ]
    const legacy: [string, Method][] = [
      ['ping', () => ({})],
      ['logging/setLevel', setLevel],
      ['resources/subscribe', when(hasResources, (call) => subscribe(call, both))],
      ['resources/unsubscribe', when(hasResources, unsubscribe)],
    ]
    const modern: [string, Method][] = [
      ['server/discover', (call) => discover(call, this)],
      ['subscriptions/listen', (call) => listen(call, this)],
    ]
    return { legacy: new Map([...shared, ...legacy]), modern: new Map([...shared, ...modern]) }
  }
}
