/**
 * The server as an OAuth resource: what it is called, and what it publishes about itself.
 *
 * @see RFC 9728; the specification, basic/authorization, "Authorization Server Discovery"
 * @module
 */
import { isLoopbackName } from '../wire/loopback.ts'
import { ALGORITHMS } from './algorithms.ts'
import type { AuthRequest } from './authenticate.ts'
import type { LocalAddress, ResourceMetadata } from './authenticator.ts'

/** Where RFC 9728 puts the metadata: between the host and the path of the resource. */
export const WELL_KNOWN = '/.well-known/oauth-protected-resource'

/** What the server is as a resource; part of every scheme whose tokens come from an authorization server. */
export interface ResourceOptions {
  /**
   * The URL that clients connect to, for example `https://mcp.example.com/mcp`: the identifier of this resource, which
   * tokens are issued for. It is never read from a request, because whoever sends the request can write what he likes.
   * Default on a loopback address: the server's own. Elsewhere it is needed.
   */
  readonly resource?: string
  /** Scopes that every request needs. Default: none. */
  readonly scopes?: readonly string[]
  /** Scopes that a client shall ask for at first. Default: `scopes`. */
  readonly scopesSupported?: readonly string[]
  /**
   * Where clients find the metadata, if a proxy in front can't lead the well-known path of the host to this server.
   * Default: that path, as RFC 9728 has it.
   */
  readonly metadataUrl?: string
  /**
   * Whether tokens have to be bound to a key that the client proves to have with every request (DPoP, RFC 9449), so that
   * a stolen token is worth nothing. Default `'accepted'`: those that are bound need the proof, the others do not.
   */
  readonly dpop?: 'accepted' | 'required'
  /** More members of the metadata, such as `resource_name` and `resource_documentation`. */
  readonly metadata?: { readonly [member: string]: unknown }
}

export class ProtectedResource implements ResourceMetadata {
  readonly scopes: readonly string[]
  /** The authorization servers, by their issuers. */
  readonly issuers: readonly string[]
  readonly #options: ResourceOptions
  readonly #url: URL | undefined
  readonly #local: LocalAddress | undefined

  /**
   * @param name the function that has the options, for its errors.
   * @throws {TypeError} for a resource that is missing, or no URL that tokens could be issued for.
   */
  constructor(options: ResourceOptions, issuers: readonly string[], local: LocalAddress | undefined, name: string) {
    this.scopes = options.scopes ?? []
    this.issuers = issuers
    this.#options = options
    this.#local = local
    this.#url = options.resource === undefined ? undefined : resourceUrl(options.resource, name)
    if (this.#url === undefined && local === undefined) {
      throw new TypeError(
        `${name} needs resource here: the URL that clients connect to, for example 'https://mcp.example.com/mcp'.`,
      )
    }
    if (options.metadataUrl !== undefined) resourceUrl(options.metadataUrl, name)
    checkScopes([...this.scopes, ...(options.scopesSupported ?? [])], name)
  }

  /** The identifiers that a token may be issued for. */
  get identifiers(): readonly string[] {
    if (this.#options.resource !== undefined) return [this.#options.resource]
    // One server has three names on its own machine, and a client goes by the one that it was given.
    return ['localhost', '127.0.0.1', '[::1]'].map((name) => this.#localUrl(name))
  }

  /** Where a client that sent this request finds the metadata. */
  metadataUrl(request: AuthRequest): string {
    if (this.#options.metadataUrl !== undefined) return this.#options.metadataUrl
    const { origin, pathname, search } = new URL(this.#identifier(request))
    return `${origin}${WELL_KNOWN}${pathname === '/' ? '' : pathname}${search}`
  }

  isAt(path: string): boolean {
    if (path === WELL_KNOWN || path === `${WELL_KNOWN}/`) return true
    const own = this.#url?.pathname ?? this.#local?.path
    return path === `${WELL_KNOWN}${own}` || path === `${WELL_KNOWN}${own}/`
  }

  document(request: AuthRequest): string {
    const scopesSupported = this.#scopesSupported
    return JSON.stringify({
      resource: this.#identifier(request),
      authorization_servers: this.issuers,
      ...(scopesSupported.length > 0 && { scopes_supported: scopesSupported }),
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ALGORITHMS,
      ...(this.#options.dpop === 'required' && { dpop_bound_access_tokens_required: true }),
      ...this.#options.metadata,
    })
  }

  with(other: ResourceMetadata): ProtectedResource {
    if (!(other instanceof ProtectedResource) || other.#options.resource !== this.#options.resource) {
      throw new TypeError('anyOf: all schemes with tokens need the same resource, for it is one server.')
    }
    const scopesSupported = [...new Set([...this.#scopesSupported, ...other.#scopesSupported])]
    const options = { ...other.#options, ...this.#options, scopesSupported }
    return new ProtectedResource(options, [...new Set([...this.issuers, ...other.issuers])], this.#local, 'anyOf')
  }

  get #scopesSupported(): readonly string[] {
    return this.#options.scopesSupported ?? this.scopes
  }

  /**
   * The identifier as the client must have it: clients compare it with the URL that they connect to. Only between the
   * names of loopback does it go by `Host`, which was checked before.
   */
  #identifier(request: AuthRequest): string {
    if (this.#options.resource !== undefined) return this.#options.resource
    const [, name = ''] = /^(.*?)(?::\d+)?$/.exec(request.header('host')?.toLowerCase() ?? '') ?? []
    return this.#localUrl(isLoopbackName(name) ? name : 'localhost')
  }

  #localUrl(name: string): string {
    return `http://${name}:${this.#local?.port()}${this.#local?.path}`
  }
}

/** @throws {TypeError} for a URL that can't identify a resource (RFC 8707, section 2). */
function resourceUrl(text: string, name: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined
  const https = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackName(url.hostname))
  if (url === undefined || !https || text.includes('#') || url.username !== '') {
    throw new TypeError(
      `${name}: resource and metadataUrl are https URLs without a fragment (http only on loopback); got ${JSON.stringify(text)}.`,
    )
  }
  return url
}

/** @throws {TypeError} for what is no scope, and for one that is none of a resource. */
export function checkScopes(scopes: readonly string[], name: string): void {
  for (const scope of scopes) {
    if (typeof scope !== 'string' || !/^[!#-[\]-~]+$/.test(scope)) {
      throw new TypeError(`${name}: a scope is a word of visible ASCII without quotes; got ${JSON.stringify(scope)}.`)
    }
    // "MCP Servers SHOULD NOT include offline_access in WWW-Authenticate scope or scopes_supported".
    if (scope === 'offline_access') {
      throw new TypeError(`${name}: offline_access is for clients to ask for; a resource needs no refresh tokens.`)
    }
  }
}

/** Whether a token that was issued for `audience` was issued for `own`: URLs compare without their last slash. */
export function sameAudience(audience: string, own: string): boolean {
  return audience === own || canonical(audience) === canonical(own)
}

/**
 * "Implementations SHOULD accept uppercase scheme and host components"; and the endpoint is served with a slash too.
 * Nothing else is made equal: what a URL parser would tidy up was not written by an honest issuer.
 */
function canonical(identifier: string): string {
  const [, origin, path] = /^(https?:\/\/[^/?#@]+)(.*)$/i.exec(identifier) ?? []
  if (origin === undefined) return identifier
  return (
    origin.toLowerCase().replace(/^(https):\/\/(.*):443$|^(http):\/\/(.*):80$/, '$1$3://$2$4') +
    path!.replace(/\/$/, '')
  )
}
