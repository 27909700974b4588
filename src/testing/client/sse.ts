/**
 * Reads Server-Sent Events from a response body.
 *
 * @see the HTML standard, "Server-sent events"
 * @module
 */
import { createParser } from 'eventsource-parser'

export interface SseEvent {
  readonly id?: string
  readonly event?: string
  readonly data: string
}

/** What a stream consists of. Fields that no event follows (a lone `retry:`) are reported as well. */
export interface SseHandlers {
  onEvent(event: SseEvent): void
  onRetry(retryMs: number): void
  onComment(text: string): void
}

/** How a stream ended: `complete` by the server, `cut` by a broken connection or an abort. */
export type SseEnd = { readonly reason: 'complete' } | { readonly reason: 'cut'; readonly error: unknown }

/**
 * Reads until the stream ends and says how it ended; never rejects. An event that the end cut in half is dropped, as
 * the standard demands: with an id it will be sent again on resumption.
 */
export async function readEvents(body: ReadableStream<Uint8Array>, handlers: SseHandlers): Promise<SseEnd> {
  const parser = createParser({
    onEvent: (event) => handlers.onEvent(event),
    onRetry: (retryMs) => handlers.onRetry(retryMs),
    onComment: (text) => handlers.onComment(text),
  })
  const decoder = new TextDecoder()
  const reader = body.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return { reason: 'complete' }
      parser.feed(decoder.decode(value, { stream: true }))
    }
  } catch (error) {
    return { reason: 'cut', error }
  }
}
