import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/**
 * Turns a fetch handler into a `node:http` listener: the least that a runtime does around one. Bodies stream both
 * ways, a closed connection aborts `request.signal`, and back-pressure reaches the handler's response stream.
 *
 * @param {(request: Request) => Promise<Response>} handler
 */
export function bridge(handler) {
  return async (incoming, outgoing) => {
    const gone = new AbortController()
    outgoing.once('close', () => gone.abort())
    const request = toRequest(incoming, gone.signal)
    if (request === undefined) {
      outgoing.writeHead(400).end()
      return
    }
    try {
      const response = await handler(request)
      outgoing.writeHead(response.status, Object.fromEntries(response.headers))
      if (response.body === null) {
        outgoing.end()
        return
      }
      outgoing.flushHeaders()
      await pipeline(Readable.fromWeb(response.body), outgoing)
    } catch (error) {
      // A client that went away ends the pipeline; anything else is a fault that a test should see.
      if (gone.signal.aborted) return
      console.error(error)
      if (!outgoing.headersSent) outgoing.writeHead(500)
      outgoing.end()
    }
  }
}

/** `undefined` for what `Request` does not take, such as a method TRACE or a Host that is no name. */
function toRequest(incoming, signal) {
  const { method, url, rawHeaders } = incoming
  const headers = new Headers()
  for (let at = 0; at < rawHeaders.length; at += 2) headers.append(rawHeaders[at], rawHeaders[at + 1])
  const hasBody = method !== 'GET' && method !== 'HEAD'
  const body = hasBody ? { body: Readable.toWeb(incoming), duplex: 'half' } : {}
  try {
    return new Request(new URL(url, `http://${incoming.headers.host}`), { method, headers, signal, ...body })
  } catch {
    return undefined
  }
}
