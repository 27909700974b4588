/**
 * Writes Server-Sent Events. Data is always one line: JSON text holds no raw line break.
 *
 * @see the HTML standard, "Server-sent events"; the specification, basic/transports, "Resumability and Redelivery"
 * @module
 */

/** An event that carries a message. Its type is left out: without one it is `message`. */
export function sseEvent(id: string | undefined, data: string): string {
  return id === undefined ? `data: ${data}\n\n` : `id: ${id}\ndata: ${data}\n\n`
}

/** An event of HTTP+SSE (2024-11-05), whose clients look for the type by its name. */
export function sseNamedEvent(type: 'endpoint' | 'message', data: string): string {
  return `event: ${type}\ndata: ${data}\n\n`
}

/**
 * An event with an id and empty data: it gives the client something to resume from before the first message.
 * Clients of revisions before 2025-11-25 try to parse the empty data, so they never get one.
 */
export function ssePriming(id: string, retryMs?: number): string {
  return retryMs === undefined ? `id: ${id}\ndata:\n\n` : `id: ${id}\nretry: ${retryMs}\ndata:\n\n`
}

/** How long the client shall wait before it comes back, in milliseconds. Dispatches no event. */
export function sseRetry(retryMs: number): string {
  return `retry: ${retryMs}\n\n`
}

/** A comment: keeps proxies and clients from taking a silent stream for a dead one. */
export const SSE_KEEP_ALIVE = ':\n\n'
