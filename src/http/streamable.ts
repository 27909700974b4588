/**
 * Streamable HTTP: one path, POST, GET and DELETE.
 *
 * @see the specification, basic/transports, "Streamable HTTP"
 * @module
 */
import { checkGet, checkPost, checkVersion } from './admission.ts'
import { remove } from './delete.ts'
import { eraOf } from './era.ts'
import { get } from './get.ts'
import type { HttpReply } from './http-message.ts'
import { post } from './post.ts'
import { methodNotAllowed } from './replies.ts'
import type { HttpTransport } from './transport.ts'

export const STREAMABLE: HttpTransport = {
  check(parts, request) {
    switch (request.method) {
      case 'POST':
        return checkPost(request, parts.jsonResponse)
      case 'GET':
        if (eraOf(request, {}) === 'modern') return postOnly()
        return parts.stateless ? undefined : checkGet(request)
      case 'DELETE':
        if (eraOf(request, {}) === 'modern') return postOnly()
        return checkVersion(request)
      case 'OPTIONS':
        return undefined
      default:
        return methodNotAllowed('GET, POST, DELETE, OPTIONS', 'The MCP endpoint takes POST, GET and DELETE.')
    }
  },
  answer: (parts, request, admitted) => (request.method === 'GET' ? get : remove)(parts, request, admitted),
  post,
}

/** "HTTP GET or DELETE to the MCP endpoint: respond with 405 Method Not Allowed." */
function postOnly(): HttpReply {
  return methodNotAllowed('POST', 'This revision has no streams to open and no sessions to end: use POST.')
}
