/**
 * Refuses requests that a foreign web page caused: DNS rebinding shows in `Host`, cross-site requests in `Origin` and
 * `Sec-Fetch-Site`.
 *
 * @see the specification, basic/transports, "Security Warning"
 * @module
 */
import { McpError } from '../wire/errors.ts'
import { isLoopbackName } from '../wire/loopback.ts'
import type { HttpRequest } from './http-message.ts'
import type { CorsOptions, SecurityOptions } from './options.ts'

/** How many header values a verdict is remembered for. */
const MEMO_SIZE = 256

export class HostGuard {
  readonly #hosts: readonly string[] | undefined
  /** Whether only the names of loopback are served. */
  readonly loopbackOnly: boolean
  readonly #origins: ReadonlySet<string>
  readonly #anyOrigin: boolean
  #lastAllowed: string | undefined
  readonly #hostVerdicts = new Map<string, boolean>()
  readonly #originVerdicts = new Map<string, boolean>()

  /** @param loopbackOnly the server is bound to a loopback address. */
  constructor(security: SecurityOptions, cors: CorsOptions | undefined, loopbackOnly: boolean) {
    this.#hosts = security.allowedHosts?.map((host) => host.toLowerCase())
    this.loopbackOnly = loopbackOnly && this.#hosts === undefined
    this.#anyOrigin = cors?.origins === '*'
    const fromCors = cors !== undefined && cors.origins !== '*' ? cors.origins : []
    this.#origins = new Set([...(security.allowedOrigins ?? []), ...fromCors].map((origin) => normalOrigin(origin)))
  }

  /** The error for a request that must not be served, if it is one. */
  check(request: HttpRequest): McpError | undefined {
    const host = request.header('host')
    if (!this.#allowsHost(host)) {
      return new McpError('forbidden_host', 'This Host is not served. Name it in security.allowedHosts.')
    }
    const origin = request.header('origin')
    if (origin === undefined) {
      const crossSite = request.header('sec-fetch-site') === 'cross-site'
      if (!crossSite || this.#anyOrigin) return undefined
    } else if (this.#allowsOrigin(origin, host)) {
      return undefined
    }
    return new McpError(
      'forbidden_origin',
      'This Origin may not call the server. Name it in security.allowedOrigins, or in cors.origins for browsers.',
    )
  }

  #allowsHost(host: string | undefined): boolean {
    if (this.#hosts === undefined && !this.loopbackOnly) return true
    if (host === undefined) return false
    // Nearly always the same name as before, and comparing is cheaper than hashing.
    if (host === this.#lastAllowed) return true
    const known = this.#hostVerdicts.get(host)
    if (known !== undefined) {
      if (known) this.#lastAllowed = host
      return known
    }
    const verdict = this.#judgeHost(host)
    if (this.#hostVerdicts.size < MEMO_SIZE) this.#hostVerdicts.set(host, verdict)
    return verdict
  }

  #judgeHost(host: string): boolean {
    const parsed = splitHost(host)
    if (parsed === undefined) return false
    if (this.#hosts === undefined) return isLoopbackName(parsed.name)
    return this.#hosts.some((allowed) => allowed === parsed.name || allowed === `${parsed.name}:${parsed.port}`)
  }

  #allowsOrigin(origin: string, host: string | undefined): boolean {
    if (this.#anyOrigin) return true
    const key = `${origin} ${host}`
    const known = this.#originVerdicts.get(key)
    if (known !== undefined) return known
    const verdict = this.#judgeOrigin(origin, host)
    if (this.#originVerdicts.size < MEMO_SIZE) this.#originVerdicts.set(key, verdict)
    return verdict
  }

  #judgeOrigin(origin: string, host: string | undefined): boolean {
    if (this.#origins.has(normalOrigin(origin))) return true
    if (!URL.canParse(origin)) return false
    const url = new URL(origin)
    if (url.protocol !== 'http:' && url.protocol !== 'https:') return false
    if (isLoopbackName(url.hostname)) return this.loopbackOnly || isLoopbackName(splitHost(host ?? '')?.name ?? '')
    // The server's own pages, where the names that it is reached by are known.
    return this.#hosts !== undefined && url.host === host?.toLowerCase()
  }
}

function normalOrigin(origin: string): string {
  return origin.toLowerCase().replace(/\/$/, '')
}

/** A `Host` value in parts, or `undefined` for one that is malformed. */
function splitHost(host: string): { name: string; port: string } | undefined {
  const match = /^(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?$/.exec(host.toLowerCase())
  if (match === null) return undefined
  return { name: match[1]!.replace(/\.$/, ''), port: match[2] ?? '' }
}
