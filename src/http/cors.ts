/**
 * CORS: what a browser must be told before a page of another origin may call the server.
 *
 * @see the Fetch standard, "CORS protocol"
 * @module
 */
import { CORS_ALLOW_HEADERS, CORS_EXPOSE_HEADERS } from '../wire/headers.ts'
import type { HttpHeaders, HttpReply, HttpRequest, TextReply } from './http-message.ts'
import type { CorsOptions } from './options.ts'
import { NO_CONTENT, withHeaders } from './replies.ts'

/** How long a browser may remember a preflight, in seconds. */
const MAX_AGE_S = '7200'

/** A header that mirrors an argument of a tool. */
const PARAM_HEADER = /^mcp-param-[a-z0-9!#$%&'*+.^_`|~-]{1,64}$/

/** Those among the headers that a page asks for, as the end of a list: which there are, only the tools know. */
function requestedParams(request: HttpRequest): string {
  const asked = request.header('access-control-request-headers')?.toLowerCase().split(',') ?? []
  const params = asked.map((name) => name.trim()).filter((name) => PARAM_HEADER.test(name))
  return params.map((name) => `, ${name}`).join('')
}

export class Cors {
  readonly #origins: ReadonlySet<string> | '*' | undefined

  constructor(options: CorsOptions | undefined) {
    const origins = options?.origins
    this.#origins = origins === undefined || origins === '*' ? origins : new Set(origins)
  }

  /** The answer to a preflight. Browsers send it without credentials, so it comes before authentication. */
  preflight(request: HttpRequest): TextReply {
    const headers = this.#headers(request)
    if (headers === undefined) return { ...NO_CONTENT, headers: ['allow', 'GET, POST, DELETE, OPTIONS'] }
    return {
      status: 204,
      headers: [
        ...headers,
        'access-control-allow-methods',
        'GET, POST, DELETE',
        'access-control-allow-headers',
        CORS_ALLOW_HEADERS + requestedParams(request),
        'access-control-max-age',
        MAX_AGE_S,
      ],
      body: '',
    }
  }

  /** The reply with the headers that let the page read it. */
  expose(request: HttpRequest, reply: HttpReply): HttpReply {
    if (this.#origins === undefined) return reply
    const headers = this.#headers(request)
    return headers === undefined
      ? reply
      : withHeaders(reply, [...headers, 'access-control-expose-headers', CORS_EXPOSE_HEADERS])
  }

  get enabled(): boolean {
    return this.#origins !== undefined
  }

  #headers(request: HttpRequest): HttpHeaders | undefined {
    const origin = request.header('origin')
    if (origin === undefined || this.#origins === undefined) return undefined
    // Credentials are bearer tokens, which pages send by themselves: no cookies, so a wildcard gives nothing away.
    if (this.#origins === '*') return ['access-control-allow-origin', '*']
    if (!this.#origins.has(origin)) return undefined
    return ['access-control-allow-origin', origin, 'vary', 'origin']
  }
}
