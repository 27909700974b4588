/**
 * Scopes: what a token grants, and what that includes.
 *
 * @see the specification, basic/authorization, "Scope Challenge Handling"
 * @module
 */

/** Scopes that include others, for example `{ 'files:write': ['files:read'] }`. */
export type ScopeHierarchy = { readonly [scope: string]: readonly string[] }

/**
 * All scopes that the granted ones include. "Servers MUST account for scope hierarchies, where a broader scope implies
 * narrower ones, when deciding whether a token is sufficient".
 */
export function expandScopes(granted: readonly string[], hierarchy: ScopeHierarchy | undefined): readonly string[] {
  if (hierarchy === undefined) return granted
  const all = new Set(granted)
  // A set may grow while it is walked, and what was added is walked too: circles end by themselves.
  for (const scope of all)
    if (Object.hasOwn(hierarchy, scope)) for (const narrower of hierarchy[scope]!) all.add(narrower)
  return [...all]
}

/** Whether every needed scope is granted. */
export function hasScopes(granted: readonly string[] | undefined, needed: readonly string[]): boolean {
  return needed.every((scope) => granted?.includes(scope) === true)
}
