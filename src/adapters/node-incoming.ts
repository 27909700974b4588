/**
 * A `node:http` request whose body goes straight from the parser to whoever wants it whole.
 *
 * The body of an MCP message is small and is read to its end before anything is done with it. The events, the buffer and
 * the end of a readable stream cost a seventh of a whole call for that (docs/adr/0011-bodies-without-a-stream.md). Until
 * {@link WholeIncoming.deliverTo} is called, and for everything else that looks at it, this is the usual stream.
 *
 * @module
 */
import { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'

/** Who gets a body, piece by piece. */
export interface BodyReader {
  /** @returns whether more is wanted; `false` stops reading from the connection. */
  take(bytes: Buffer): boolean
  end(): void
}

/** What `node:http` looks at when a response is done, to throw away a body that nobody has read. */
interface Reading {
  _consuming?: boolean
}

export class WholeIncoming extends IncomingMessage {
  #reader: BodyReader | undefined
  #ended = false

  /** To be called while the `request` event is being handled: nothing of the body has arrived then. */
  deliverTo(reader: BodyReader): void {
    this.#reader = reader
    const reading = this as Reading
    reading._consuming = true
  }

  /** The parser's way of handing over the body; `null` ends it. */
  override push(bytes: Buffer | null, encoding?: BufferEncoding): boolean {
    const reader = this.#reader
    if (reader === undefined) return super.push(bytes, encoding)
    if (bytes !== null) return reader.take(bytes)
    this.#ended = true
    reader.end()
    return false
  }

  static {
    // What holds on to a request until its body has ended asks this. It is an accessor of the prototype, which the types
    // declare as a property: a subclass cannot override it in the language's own way.
    const usual = Object.getOwnPropertyDescriptor(Readable.prototype, 'readableEnded')?.get
    Object.defineProperty(WholeIncoming.prototype, 'readableEnded', {
      configurable: true,
      get(this: WholeIncoming) {
        return this.#reader === undefined ? usual?.call(this) : this.#ended
      },
    })
  }
}
