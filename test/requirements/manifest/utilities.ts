import { row } from './row.ts'

const CANCELLATION = 'basic/utilities/cancellation'
const PROGRESS = 'basic/utilities/progress'
const LOGGING = 'server/utilities/logging'
const COMPLETION = 'server/utilities/completion'

/** Utilities. */
export const utilities = [
  row(
    'CANC-01',
    'MUST',
    'ABC',
    CANCELLATION,
    'Only requests sent in the same direction and believed to be in progress are cancelled.',
  ),
  row(
    'CANC-02',
    'SHOULD',
    'ABCD',
    CANCELLATION,
    'A cancelled request stops, frees what it holds and gets no response; unknown, finished and malformed cancellations are ignored.',
  ),
  row('CANC-03', 'MUST', 'ABCD', CANCELLATION, 'Cancellations and responses that cross each other do no harm.'),
  row('CANC-04', 'SHOULD', 'ABCD', CANCELLATION, 'A response that arrives after we cancelled is ignored.'),
  row(
    'CANC-05',
    'MUST',
    'D',
    'basic/patterns/cancellation; basic/patterns/subscriptions',
    'The server cancels only a subscription that it tears down.',
  ),
  row('CANC-06', 'MUST', 'C', `${CANCELLATION}; basic/utilities/tasks`, 'A task is cancelled by tasks/cancel.'),
  row('PROG-01', 'MUST', 'ABCD', PROGRESS, 'Progress names the token of an active request, and stops with it.'),
  row('PROG-02', 'MUST', 'ABCD', PROGRESS, 'Progress increases with every notification.'),
  row(
    'PROG-03',
    'MUST',
    'ABCD',
    PROGRESS,
    'A progress token is a string or an integer, unique among the active requests.',
  ),
  row('PROG-04', 'SHOULD', 'ABCD', PROGRESS, 'Progress is limited in rate and carries a message for people.'),
  row('PING-01', 'MUST', 'ABC', 'basic/utilities/ping', 'A ping is answered promptly with an empty result.'),
  row(
    'PING-02',
    'SHOULD',
    'ABC',
    'basic/utilities/ping',
    'Pings are sent periodically, and an unanswered one counts as a failed connection.',
  ),
  row(
    'PAGE-01',
    'SHOULD',
    'ABCD',
    'server/utilities/pagination',
    'Cursors are stable; an invalid one is answered -32602.',
  ),
  row('PAGE-02', 'MUST', 'ABCD', 'server/utilities/pagination', 'Cursors are opaque to clients.', 'peer'),
  row('LOG-01', 'MUST', 'ABCD', LOGGING, 'A server that sends log messages declares logging.'),
  row('LOG-02', 'SHOULD', 'ABCD', LOGGING, 'An invalid level is answered -32602.'),
  row('LOG-03', 'MUST', 'ABCD', LOGGING, 'Log messages hold no credentials, no personal data and nothing internal.'),
  row('LOG-04', 'SHOULD', 'ABCD', LOGGING, 'Log messages are limited in rate, and name their logger.'),
  row('LOG-05', 'MUST', 'D', LOGGING, 'Log messages are sent only on a request that asked for them.'),
  row(
    'COMP-01',
    'MUST',
    'ABCD',
    COMPLETION,
    'Completion is declared; at most 100 values are returned, the best first.',
  ),
  row(
    'COMP-02',
    'MUST',
    'ABCD',
    COMPLETION,
    'Inputs of completion are validated, its rate is limited, and it discloses nothing.',
  ),
  row('COMP-03', 'SHOULD', 'ABCD', COMPLETION, 'Errors of completion have the codes -32601, -32602 and -32603.'),
  row('CACHE-01', 'MUST', 'D', 'server/utilities/caching', 'Results that may be cached carry how long and for whom.'),
  row(
    'CACHE-02',
    'MUST',
    'D',
    'server/utilities/caching',
    'All pages of a list have the same scope, and no access control relies on it.',
  ),
] as const
