/**
 * Who may see and use what a server offers.
 *
 * @see the specification, basic/authorization, "Scope Challenge Handling"
 * @module
 */
import type { Identity } from '../session/principal.ts'

/** Part of the definition of every tool, resource, template and prompt. */
export interface Access {
  /**
   * Scopes that its use needs, besides those of the server. A client without them is told which to ask for (HTTP status
   * 403 with a challenge), and sees it in lists all the same. Over stdio, where the user runs the server himself, scopes
   * are not asked for. Default: none.
   */
  readonly scopes?: readonly string[]
  /**
   * Whether it exists for this identity; `undefined` is a request without one. What is hidden is in no list, and using
   * it gets the answer that something unknown gets. Called often: keep it quick. Default: it exists for everybody.
   */
  readonly visible?: (auth: Identity | undefined) => boolean
}

/** @throws {TypeError} for rules that could not be applied. */
export function checkAccess({ scopes, visible }: Access, what: string): void {
  if (scopes !== undefined && !(Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string'))) {
    throw new TypeError(`${what}: scopes is a list of strings.`)
  }
  if (visible !== undefined && typeof visible !== 'function') {
    throw new TypeError(`${what}: visible is a function of the identity.`)
  }
}
