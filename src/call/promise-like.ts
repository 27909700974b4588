/**
 * Telling values that are there from values that come later, whoever made the promise.
 *
 * @module
 */

/**
 * Whether a value that an author's code returned has to be waited for. Query builders and other libraries return
 * thenables of their own, and test runners hand out promises of another realm: none of them is an instance of `Promise`.
 */
export function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  if (value instanceof Promise) return true
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
