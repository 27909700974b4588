/**
 * Reads HTTP/1.1 responses from one keep-alive connection: Content-Length, chunked, and Server-Sent Events as they arrive.
 *
 * Text is handled as latin1, so that one character is one byte and lengths need no second count. Everything the benchmark
 * sends and expects is ASCII.
 */

const HEAD = 0
const FIXED_BODY = 1
const CHUNK_SIZE = 2
const CHUNK_DATA = 3

/** The facts of a response head that the benchmark needs. */
function parseHead(text) {
  const lower = text.toLowerCase()
  const contentLength = headerValue(text, lower, 'content-length')
  return {
    status: Number(text.slice(9, 12)),
    length: contentLength === undefined ? undefined : Number(contentLength),
    chunked: headerValue(text, lower, 'transfer-encoding')?.toLowerCase() === 'chunked',
    eventStream: headerValue(text, lower, 'content-type')?.startsWith('text/event-stream') === true,
    sessionId: headerValue(text, lower, 'mcp-session-id'),
  }
}

function headerValue(text, lower, name) {
  const at = lower.indexOf(`\r\n${name}:`)
  if (at < 0) return undefined
  const start = at + name.length + 3
  const end = text.indexOf('\r\n', start)
  return text.slice(start, end < 0 ? undefined : end).trim()
}

/** The data of one SSE event; an event without data (a priming event, a comment) is empty. */
function eventData(event) {
  const at = event.startsWith('data:') ? 0 : event.indexOf('\ndata:') + 1
  if (at === 0 && !event.startsWith('data:')) return ''
  const end = event.indexOf('\n', at)
  return event.slice(at + 5, end < 0 ? undefined : end).trim()
}

export class ResponseParser {
  #state = HEAD
  #text = ''
  #remaining = 0
  #body = ''
  #head = undefined
  #lastHeadText = ''
  #lastHead = undefined
  #onHead
  #onEvent
  #onEnd

  /**
   * @param onHead called with the head: { status, eventStream, sessionId, … }
   * @param onEvent called with the data of every SSE event that has any, as soon as it is complete
   * @param onEnd called with the head and the body (for an event stream: what followed the last event)
   */
  constructor({ onHead, onEvent, onEnd }) {
    this.#onHead = onHead
    this.#onEvent = onEvent
    this.#onEnd = onEnd
  }

  push(text) {
    this.#text = this.#text === '' ? text : this.#text + text
    let goesOn = true
    while (goesOn && this.#text !== '') goesOn = this.#step()
  }

  /** Takes the next part off the text; false when it is not complete yet. */
  #step() {
    switch (this.#state) {
      case HEAD:
        return this.#readHead()
      case FIXED_BODY:
        return this.#readFixedBody()
      case CHUNK_SIZE:
        return this.#readChunkSize()
      default:
        return this.#readChunkData()
    }
  }

  #readHead() {
    const end = this.#text.indexOf('\r\n\r\n')
    if (end < 0) return false
    const headText = this.#text.slice(0, end)
    this.#text = this.#text.slice(end + 4)
    // Answers on one connection mostly repeat the same head for a whole second (Date), so it is parsed once.
    if (headText !== this.#lastHeadText) {
      this.#lastHeadText = headText
      this.#lastHead = parseHead(headText)
    }
    this.#head = this.#lastHead
    this.#body = ''
    this.#onHead(this.#head)
    if (this.#head.chunked) {
      this.#state = CHUNK_SIZE
    } else {
      this.#remaining = this.#head.length ?? 0
      if (this.#remaining === 0) this.#finish()
      else this.#state = FIXED_BODY
    }
    return true
  }

  #readFixedBody() {
    const part = this.#text.length <= this.#remaining ? this.#text : this.#text.slice(0, this.#remaining)
    this.#text = this.#text.slice(part.length)
    this.#remaining -= part.length
    this.#take(part)
    if (this.#remaining === 0) this.#finish()
    return true
  }

  #readChunkSize() {
    const end = this.#text.indexOf('\r\n')
    if (end < 0) return false
    const size = Number.parseInt(this.#text, 16)
    if (size === 0) {
      // Trailers are not expected: the last chunk is followed by one empty line.
      if (this.#text.length < end + 4) return false
      this.#text = this.#text.slice(end + 4)
      this.#finish()
    } else {
      if (!(size > 0)) throw new Error(`not a chunk size: ${JSON.stringify(this.#text.slice(0, 40))}`)
      this.#text = this.#text.slice(end + 2)
      this.#remaining = size
      this.#state = CHUNK_DATA
    }
    return true
  }

  #readChunkData() {
    if (this.#text.length < this.#remaining + 2) return false
    this.#take(this.#text.slice(0, this.#remaining))
    this.#text = this.#text.slice(this.#remaining + 2)
    this.#state = CHUNK_SIZE
    return true
  }

  #take(part) {
    this.#body = this.#body === '' ? part : this.#body + part
    if (!this.#head.eventStream) return
    for (let end = this.#body.indexOf('\n\n'); end >= 0; end = this.#body.indexOf('\n\n')) {
      const data = eventData(this.#body.slice(0, end))
      this.#body = this.#body.slice(end + 2)
      if (data !== '') this.#onEvent(data)
    }
  }

  #finish() {
    this.#state = HEAD
    this.#onEnd(this.#head, this.#body)
  }
}
