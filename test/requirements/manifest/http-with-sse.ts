import { row } from './row.ts'

const PAGE = 'basic/transports#http-with-sse'

/** HTTP with SSE, the transport of 2024-11-05, and what else its pages demand of a server. */
export const httpWithSse = [
  row(
    'SSE-01',
    'MUST',
    'O',
    PAGE,
    'There are two endpoints: one that opens a stream, and one that messages are posted to.',
  ),
  row('SSE-02', 'MUST', 'O', PAGE, 'A client that connects gets an endpoint event with the URI to post to.'),
  row('SSE-03', 'MUST', 'O', PAGE, 'Messages of the server are message events with JSON as their data.'),
  row('SSE-04', 'MUST', 'O', PAGE, 'Origin is validated on every connection.'),
  row('SSE-05', 'SHOULD', 'O', PAGE, 'A local server binds to localhost only.'),
  row('SSE-06', 'SHOULD', 'O', PAGE, 'All connections are authenticated.'),
  row('SSE-07', 'MUST', 'O', PAGE, 'Clients send every message as a POST to that URI.', 'peer'),
  row(
    'SSE-08',
    'MUST',
    'O',
    'basic/lifecycle',
    'Initialization comes first; a version that is supported is answered with itself.',
  ),
  row('SSE-09', 'MUST', 'O', 'basic/lifecycle#shutdown', 'The session ends when its connection is closed.'),
  row(
    'SSE-10',
    'MUST',
    'O',
    'basic/messages',
    'Messages follow JSON-RPC 2.0: every answer has the id of its request, and batches are answered as such.',
  ),
  row('SSE-11', 'SHOULD', 'O', 'basic/utilities/cancellation', 'A cancelled request stops and gets no response.'),
  row('SSE-12', 'MUST', 'O', 'basic/utilities/progress', 'Progress has the token of an active request, and increases.'),
  row('SSE-13', 'MUST', 'O', 'basic/utilities/ping', 'A ping is answered promptly, before initialization too.'),
  row('SSE-14', 'MUST', 'O', 'client/sampling; client/roots', 'Only what the client declared is asked of it.'),
]
