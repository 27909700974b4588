/**
 * Writes a complete answer to a `node:http` response as one chunk.
 *
 * `response.end(body)` hands the socket two: head and body, and an empty one that ends the message. Two chunks take the
 * vectored path of the stream, which costs a tenth of a whole call (`npm run bench -- --only call-json`). So where
 * nothing has wrapped the response, an ASCII body is appended to the rendered head, and both leave as one string. The
 * head's property is Node's own and not documented: where it is not the string that is expected, the ordinary way is
 * taken. See docs/adr/0012-one-chunk-per-answer.md.
 *
 * @module
 */
import { ServerResponse } from 'node:http'
import type { TextReply } from '../http/http-message.ts'

interface RenderedHead {
  _header?: unknown
}

const { end, writeHead } = ServerResponse.prototype

/** Writes head and body and ends the response. */
export function writeWhole(response: ServerResponse, { status, headers, body }: TextReply): void {
  if (status === 204) {
    response.writeHead(status, headers as string[])
    response.end()
    return
  }
  const length = Buffer.byteLength(body)
  response.writeHead(status, withLength(headers, String(length)))
  const rendered = response as RenderedHead
  // Frameworks and tracing replace these methods to see or to change the body: then it has to pass through them. A body
  // beyond ASCII would be written in the head's encoding, which is Latin-1.
  const untouched = response.end === end && response.writeHead === writeHead
  if (untouched && length === body.length && typeof rendered._header === 'string') {
    rendered._header += body
    response.end()
  } else {
    response.end(body)
  }
}

function withLength(headers: readonly string[], length: string): string[] {
  if (headers.length === 2) return [headers[0]!, headers[1]!, 'content-length', length]
  return [...headers, 'content-length', length]
}
