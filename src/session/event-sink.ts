/**
 * The socket side of a stream, as small as a transport can make it.
 *
 * @module
 */
export interface EventSink {
  /** Writes text. `false`: the peer is slower than we are; stop until `onDrain`. */
  write(text: string): boolean
  /** Ends the response cleanly, after a last text if there is one: both leave together. */
  end(text?: string): void
  /** Breaks the connection, so that the peer sees an error rather than an end. */
  destroy(): void
  /** Called by the adapter when the peer has caught up. */
  onDrain: (() => void) | undefined
  /** Called by the adapter once, when the connection is gone for whatever reason. */
  onClose: (() => void) | undefined
}
