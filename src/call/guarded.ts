/**
 * Promises that handlers get. A handler may start a question, await something else first, and never come to await the
 * question, because the client cancelled the request meanwhile. A rejection that nobody awaits ends a Node process: so
 * any client could end the server.
 *
 * @module
 */

/** The same promise. Whoever awaits it gets its rejection; where nobody does, nothing happens. */
export function guarded<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {})
  return promise
}
