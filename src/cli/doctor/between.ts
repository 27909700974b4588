/**
 * Who stands between: what the headers of answers tell, and which of its settings to change.
 *
 * @module
 */
import type { IncomingHttpHeaders } from 'node:http'
import type { Remedy } from './report.ts'

/** The proxies whose settings are known here. */
export type ProxyName = 'nginx' | 'HAProxy' | 'Caddy' | 'AWS ALB' | 'Envoy' | 'Cloudflare'

/** A setting per proxy, shortest form that works. */
export type Settings = Readonly<Partial<Record<ProxyName, string>>>

const SIGNS: readonly (readonly [ProxyName, keyof IncomingHttpHeaders, RegExp])[] = [
  ['nginx', 'server', /^(nginx|openresty)/i],
  ['Caddy', 'server', /^caddy/i],
  ['Caddy', 'via', /caddy/i],
  ['AWS ALB', 'server', /^awselb/i],
  ['AWS ALB', 'set-cookie', /AWSALB/],
  ['Envoy', 'server', /^(envoy|istio-envoy)/i],
  ['Envoy', 'x-envoy-upstream-service-time', /./],
  ['Cloudflare', 'server', /^cloudflare/i],
  ['Cloudflare', 'cf-ray', /./],
]

export class Between {
  readonly #seen = new Set<ProxyName>()

  /** Looks at the head of an answer. */
  notice(headers: IncomingHttpHeaders): void {
    for (const [name, header, pattern] of SIGNS) {
      if (pattern.test(String(headers[header] ?? ''))) this.#seen.add(name)
    }
  }

  /** Those that have shown themselves. HAProxy never does. */
  get names(): readonly ProxyName[] {
    return [...this.#seen]
  }

  /** What to change: of the proxies that are known to be there, else of all that it may be. */
  remedies(settings: Settings): Remedy[] {
    const entries = Object.entries(settings) as [ProxyName, string][]
    const known = entries.filter(([name]) => this.#seen.has(name))
    return (known.length > 0 ? known : entries).map(([where, change]) => ({ where, change }))
  }
}
