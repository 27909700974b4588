/**
 * `createServer`: where an author says what a server has.
 *
 * @module
 */
import type { Context } from '../call/context.ts'
import type { AnySchema } from '../call/standard-schema.ts'
import type { MaybePromise } from '../engine/platform.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import { checkAccess } from './access.ts'
import { checkCacheHints } from './cache-hints.ts'
import { type CloseHook, Definition, type SessionHook } from './definition.ts'
import { checkIcons, checkIdentity, type ServerIdentity } from './identity.ts'
import type { Middleware } from './middleware.ts'
import { type Prompt, type PromptDefinition, type PromptHandler, preparePrompt } from './prompt.ts'
import type { Registration } from './registry.ts'
import {
  prepareResource,
  type Resource,
  type ResourceDefinition,
  type ResourceReturn,
  type ResourceTemplate,
  type ResourceTemplateDefinition,
} from './resource.ts'
import { prepareTool, type Tool, type ToolDefinition, type ToolHandler } from './tool.ts'
import { UriTemplate } from './uri-template.ts'

/**
 * A server: tools, resources and prompts, written once and served by `serve`, `fetchHandler` or `serveStdio`, by
 * several of them at a time if need be.
 *
 * @typeParam State the application state that handlers get as `ctx.state`; it is given where the server is served.
 */
export interface Server<State = unknown> {
  /**
   * Adds a tool.
   *
   * @throws {TypeError} for a name in use or a definition that could not be served.
   * @example
   * ```ts
   * server.tool('add', { inputSchema: z.object({ a: z.number(), b: z.number() }) }, ({ a, b }) => `${a + b}`)
   * ```
   * @see the specification, server/tools
   */
  tool<Input extends AnySchema | undefined = undefined>(
    name: string,
    definition: ToolDefinition<Input, undefined>,
    handler: ToolHandler<Input, undefined, State>,
  ): Registration<ToolDefinition>
  // Apart from the first, because only a return type without type parameters gives literals such as `type: 'text'` their
  // own type.
  tool<Input extends AnySchema | undefined = undefined, Output extends AnySchema | undefined = undefined>(
    name: string,
    definition: ToolDefinition<Input, Output>,
    handler: ToolHandler<Input, Output, State>,
  ): Registration<ToolDefinition>

  /**
   * Adds a resource.
   *
   * @throws {TypeError} for a URI in use or one that is not absolute.
   * @example
   * ```ts
   * server.resource('readme', 'file:///readme.md', { mimeType: 'text/markdown' }, () => readFile('readme.md'))
   * ```
   * @see the specification, server/resources
   */
  resource(
    name: string,
    uri: string,
    definition: ResourceDefinition,
    read: (uri: URL, context: Context<State>) => MaybePromise<ResourceReturn>,
  ): Registration<ResourceDefinition>

  /**
   * Adds resources that share a URI template (RFC 6570).
   *
   * @throws {TypeError} for a template in use or a malformed one.
   * @example
   * ```ts
   * server.resourceTemplate('user', 'users://{id}', {}, (uri, { id }) => JSON.stringify(users.get(id)))
   * ```
   */
  resourceTemplate<Template extends string>(
    name: string,
    uriTemplate: Template,
    definition: ResourceTemplateDefinition<State>,
    read: (uri: URL, variables: TemplateVariables<Template>, context: Context<State>) => MaybePromise<ResourceReturn>,
  ): Registration<ResourceTemplateDefinition<State>>

  /**
   * Adds a prompt.
   *
   * @throws {TypeError} for a name in use or a definition that could not be served.
   * @example
   * ```ts
   * server.prompt('review', { argsSchema: z.object({ code: z.string() }) }, ({ code }) => `Review this:\n${code}`)
   * ```
   * @see the specification, server/prompts
   */
  prompt<Args extends AnySchema | undefined = undefined>(
    name: string,
    definition: PromptDefinition<Args>,
    handler: PromptHandler<Args, State>,
  ): Registration<PromptDefinition>

  /** Wraps the handling of every request; the first one added is the outermost. */
  use(middleware: Middleware<State>): void

  /**
   * Declares an extension or experimental capability, and that this server reads the client's settings of it.
   *
   * @param id with a prefix, such as `com.example/feature`.
   */
  extension(id: string, settings?: JsonObject): void

  /** Tells the sessions and streams that subscribed to this URI that the resource has changed. */
  resourceUpdated(uri: string): void

  /**
   * Tells the client that what it was sent to a URL for is done (`notifications/elicitation/complete`, 2025-11-25).
   * Only the session that was asked hears it. Under 2026-07-28 the client finds out by its retry instead.
   */
  elicitationComplete(elicitationId: string): void

  /**
   * Called when a session is opened by `initialize` and when it is closed by DELETE. A session that expires is noticed
   * only when it is used again, and calls nothing.
   */
  onSession(hook: SessionHook): void

  /** Called when a serving endpoint has finished its calls and is about to close. */
  onClose(hook: CloseHook): void
}

/** The variables of a URI template, by their names. */
export type TemplateVariables<Template extends string> = string extends Template
  ? { readonly [name: string]: string }
  : Template extends `${string}{${infer Body}}${infer Rest}`
    ? { readonly [Name in VariableNames<StripOperator<Body>>]: string } & TemplateVariables<Rest>
    : unknown

type StripOperator<Body extends string> = Body extends `${'+' | '#' | '.' | '/' | ';' | '?' | '&'}${infer Names}`
  ? Names
  : Body
type VariableNames<Body extends string> = Body extends `${infer Name},${infer Rest}`
  ? StripExplode<Name> | VariableNames<Rest>
  : StripExplode<Body>
type StripExplode<Name extends string> = Name extends `${infer Bare}*` ? Bare : Name

const definitions = new WeakMap<object, Definition>()

/** The definition behind a server, for those who serve it. */
export function definitionOf(server: Server<never> | Server): Definition {
  const definition = definitions.get(server)
  if (definition === undefined) throw new TypeError('Pass the server that createServer returned.')
  return definition
}

/**
 * Makes a server from its identity. What it offers is added to it afterwards, also while it is served.
 *
 * @throws {TypeError} without a name or a version.
 * @example
 * ```ts
 * const server = createServer({ name: 'weather', version: '1.0.0' })
 * ```
 */
export function createServer<State = unknown>(identity: ServerIdentity): Server<State> {
  checkIdentity(identity)
  const definition = new Definition(identity)
  const server: Server<State> = {
    tool: (name: string, toolDefinition: ToolDefinition, handler: unknown) =>
      definition.tools.add<ToolDefinition>(name, toolDefinition, (current) =>
        prepareTool(name, current, handler as Tool['handler']),
      ),
    resource: (name, uri, resourceDefinition, read) =>
      definition.resources.add(uri, resourceDefinition, (current) =>
        prepareResource(name, uri, current, read as Resource['read']),
      ),
    resourceTemplate: (name, uriTemplate, templateDefinition, read) => {
      const template = new UriTemplate(uriTemplate)
      checkIcons(templateDefinition.icons, `The resource template "${name}"`)
      checkAccess(templateDefinition, `The resource template "${name}"`)
      checkCacheHints(templateDefinition.cache, `The resource template "${name}"`)
      return definition.templates.add<ResourceTemplateDefinition<State>>(
        uriTemplate,
        templateDefinition,
        (current): ResourceTemplate => ({
          name,
          template,
          definition: current as ResourceTemplateDefinition,
          read: read as ResourceTemplate['read'],
        }),
      )
    },
    prompt: (name, promptDefinition, handler) =>
      definition.prompts.add<PromptDefinition>(name, promptDefinition, (current) =>
        preparePrompt(name, current, handler as Prompt['handler']),
      ),
    use: (middleware) => definition.use(middleware as Middleware),
    extension: (id, settings = {}) => {
      if (!/^[A-Za-z0-9.-]+\/[A-Za-z0-9_.-]+$/.test(id)) {
        throw new TypeError(`An extension id has a prefix, such as com.example/feature; got ${JSON.stringify(id)}.`)
      }
      definition.extend(id, settings)
    },
    resourceUpdated: (uri) => definition.tell((listener) => listener.resourceUpdated(uri)),
    elicitationComplete: (id) => definition.tell((listener) => listener.elicitationComplete(id)),
    onSession: (hook) => void definition.sessionHooks.push(hook),
    onClose: (hook) => void definition.closeHooks.push(hook),
  }
  definitions.set(server, definition)
  return server
}
