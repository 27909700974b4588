import { row } from './row.ts'

const SAMPLING = 'client/sampling'
const ELICITATION = 'client/elicitation'

/** What a server asks of a client. */
export const asks = [
  row(
    'SAMP-01',
    'MUST',
    'ABCD',
    SAMPLING,
    'Sampling is used only if declared, its tools and context only if those are declared.',
  ),
  row(
    'SAMP-02',
    'MUST',
    'CD',
    SAMPLING,
    'A message with tool results holds nothing else, and every use of a tool is answered before anything else follows.',
  ),
  row('SAMP-03', 'MUST', 'ABCD', SAMPLING, 'Sensitive data is handled properly; content is validated.'),
  row('ELIC-01', 'MUST', 'BCD', ELICITATION, 'Elicitation is used only if declared, and only in the declared modes.'),
  row('ELIC-02', 'MUST', 'BCD', ELICITATION, 'Secrets are never asked for in a form; URL mode is there for them.'),
  row(
    'ELIC-03',
    'MUST',
    'BCD',
    ELICITATION,
    'A form is a flat object of primitives and choices; the reply is validated against it.',
  ),
  row('ELIC-04', 'MUST', 'CD', ELICITATION, 'URL mode has a valid URL without user data or credentials.'),
  row('ELIC-05', 'MUST', 'CD', ELICITATION, 'An elicitation is bound to the client and the verified user.'),
  row(
    'ELIC-06',
    'MUST',
    'C',
    ELICITATION,
    'The error -32042 is used only for URL elicitation, and its completion is told only to the client that was asked.',
  ),
  row('ELIC-07', 'MUST', 'CD', ELICITATION, 'Credentials of third parties never pass through the client.'),
  row('ELIC-08', 'MUST', 'D', ELICITATION, 'Decline, cancel and failure are handled.'),
  row('ROOT-01', 'SHOULD', 'ABCD', 'client/roots', 'The capability is checked; changes and absence are handled.'),
] as const
