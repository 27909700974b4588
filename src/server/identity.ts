/**
 * Who the server is: what `createServer` takes and `initialize` tells.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import type { Icon } from '../wire/content.ts'
import type { Revision } from '../wire/revision.ts'
import { type CacheHints, checkCacheHints } from './cache-hints.ts'

export interface ServerIdentity {
  /** For programs. */
  readonly name: string
  /** For people. Shown instead of the name where the client can. */
  readonly title?: string
  readonly version: string
  readonly description?: string
  readonly websiteUrl?: string
  readonly icons?: readonly Icon[]
  /** How to use this server, for the client's model. */
  readonly instructions?: string
  /**
   * How long and for whom lists and `server/discover` may be cached (2026-07-28). Default: a minute, and `public` only
   * where nobody is identified and no middleware could make them differ.
   */
  readonly cache?: CacheHints
}

/** The `serverInfo` of a revision: members that it does not know are left out. */
export function serverInfo(identity: ServerIdentity, revision: Revision): object {
  const { name, title, version, description, websiteUrl, icons } = identity
  return {
    name,
    ...(revision.structured && title !== undefined && { title }),
    version,
    ...(revision.icons && { description, websiteUrl, icons }),
  }
}

/** @throws {TypeError} for an identity that `initialize` could not tell. */
export function checkIdentity(identity: ServerIdentity): void {
  for (const field of ['name', 'version'] as const) {
    if (typeof identity?.[field] !== 'string' || identity[field] === '') {
      throw new TypeError(
        `createServer needs a ${field}, for example createServer({ name: 'weather', version: '1.0.0' }).`,
      )
    }
  }
  checkIcons(identity.icons, 'createServer')
  checkCacheHints(identity.cache, 'createServer')
}

/** Icons are fetched by clients: only schemes that can't run anything there. */
export function checkIcons(icons: readonly Icon[] | undefined, where: string): void {
  for (const { src } of icons ?? []) {
    if (!/^(https:\/\/|data:)/i.test(src))
      throw new TypeError(`${where}: an icon's src must be an https: or data: URI.`)
  }
}
