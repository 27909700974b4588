import { row } from './row.ts'

const PAGE = 'basic/authorization'
const SECURITY = 'tutorials/security/security_best_practices'

/** Authorization, on the side of the resource server, and the best practices beyond it. */
export const security = [
  row('AUTH-01', 'SHOULD', 'ABCD', PAGE, 'HTTP servers conform to the page on authorization.'),
  row(
    'AUTH-02',
    'MUST',
    'BCD',
    PAGE,
    'Metadata of the protected resource is published and names an authorization server.',
  ),
  row('AUTH-03', 'MUST', 'BCD', PAGE, 'A 401 leads to that metadata.'),
  row('AUTH-04', 'SHOULD', 'CD', PAGE, 'The challenge names the scopes.'),
  row(
    'AUTH-05',
    'MUST',
    'ABCD',
    PAGE,
    'Tokens are validated before anything is processed; an invalid one is answered 401.',
  ),
  row('AUTH-06', 'MUST', 'BCD', PAGE, 'Only tokens issued for this server are accepted.'),
  row('AUTH-07', 'MUST', 'BCD', PAGE, 'No other token is accepted or passed through.'),
  row('AUTH-08', 'MUST', 'ABCD', PAGE, '401, 403 and 400 mean what the page says.'),
  row('AUTH-09', 'MUST', 'D', PAGE, 'Hierarchies of scopes are taken into account.'),
  row('AUTH-10', 'MUST', 'ABCD', PAGE, 'Authorization is in every request, and never in the query.', 'peer'),
  row('AUTH-11', 'MUST', 'ABCD', PAGE, 'Tokens are stored securely, and authorization servers are reached by https.'),
  row(
    'AUTH-12',
    'MUST',
    'A',
    PAGE,
    'The duties of a server that is its own authorization server.',
    'authorization server',
  ),
  row(
    'AUTH-13',
    'MUST',
    'BCD',
    PAGE,
    'A proxy with one client id asks for consent per registered client.',
    'authorization server',
  ),
  row('AUTH-14', 'MUST', 'BCD', PAGE, 'The unauthorized get no data.'),
  row('SBP-01', 'MUST', 'BCD', SECURITY, 'Tokens are not passed through.'),
  row('SBP-02', 'MUST', 'BC', SECURITY, 'With authorization, every inbound request is verified.'),
  row(
    'SBP-03',
    'SHOULD',
    'BC',
    `${SECURITY}#session-hijacking`,
    'What is queued for a session is keyed by user and session.',
  ),
  row('SBP-04', 'SHOULD', 'BCD', SECURITY, 'Local servers use stdio, or HTTP with restricted access.'),
  row('SBP-05', 'SHOULD', 'CD', SECURITY, 'What a server fetches is https, and never of a private range.'),
  row('SBP-06', 'SHOULD', 'CD', `${SECURITY}#scope-minimization`, 'Scopes are as small as the operation.'),
] as const
