import { row } from './row.ts'

const PAGE = 'basic/transports#session-management'
const SECURITY = 'tutorials/security/security_best_practices'

/** Sessions. */
export const sessions = [
  row('SESS-01', 'MAY', 'ABC', PAGE, 'The session id is given with the response to initialize, and with nothing else.'),
  row('SESS-02', 'SHOULD', 'ABC', PAGE, 'Session ids are globally unique and cryptographically secure.'),
  row('SESS-03', 'MUST', 'ABC', PAGE, 'Session ids are visible ASCII.'),
  row('SESS-04', 'SHOULD', 'ABC', PAGE, 'A request without the session id, other than initialize, is answered 400.'),
  row('SESS-05', 'MUST', 'ABC', PAGE, 'After a session ended, every request with its id is answered 404.'),
  row('SESS-06', 'MUST', 'ABC', PAGE, 'A client that gets 404 initializes again.', 'peer'),
  row('SESS-07', 'MAY', 'ABC', PAGE, 'DELETE ends the session, or is answered 405.'),
  row(
    'SESS-08',
    'MUST',
    'ABC',
    SECURITY,
    'A session is no authentication: every request is authorized by its own credentials.',
  ),
  row('SESS-09', 'MUST', 'ABC', SECURITY, 'Session ids come from a secure source of randomness, and expire.'),
  row('SESS-10', 'SHOULD', 'ABC', SECURITY, 'A session is bound to the verified user.'),
  row(
    'SESS-11',
    'SHOULD',
    'D',
    `${SECURITY}#state-handle-hijacking`,
    'Handles are secure, bound to the verified user, and expire; having one is no authentication.',
  ),
] as const
