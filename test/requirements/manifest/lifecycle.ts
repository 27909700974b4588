import { row } from './row.ts'

const TIMEOUTS = 'basic/lifecycle#timeouts; basic/patterns/cancellation#timeouts'

/** Lifecycle and versions. */
export const lifecycle = [
  row(
    'LIFE-01',
    'MUST',
    'ABC',
    'basic/lifecycle',
    'Initialization comes first; the server answers with its protocol version, capabilities and identity.',
  ),
  row(
    'LIFE-02',
    'MUST',
    'ABC',
    'basic/lifecycle#version-negotiation',
    'A supported version is answered with itself, another one with a version that is supported: the latest.',
  ),
  row('LIFE-03', 'MUST', 'A', 'basic/lifecycle', 'initialize is never part of a batch.'),
  row(
    'LIFE-04',
    'SHOULD',
    'ABC',
    'basic/lifecycle',
    'Before notifications/initialized the server sends no request but ping.',
  ),
  row(
    'LIFE-05',
    'SHOULD A, MUST BC',
    'ABC',
    'basic/lifecycle#operation',
    'Only the negotiated version and the negotiated capabilities are used.',
  ),
  row('LIFE-06', 'MUST', 'ABC', 'basic/utilities/cancellation', 'initialize is never cancelled.', 'peer'),
  row(
    'LIFE-07',
    'SHOULD',
    'ABCD',
    TIMEOUTS,
    'Every request sent has a timeout, settable per request, with a maximum that progress does not extend; when it ends, the request is cancelled.',
  ),
  row(
    'LIFE-08',
    'SHOULD',
    'ABC',
    'basic/lifecycle#error-handling',
    'Version mismatch, missing capability and timeout are handled.',
  ),
  row(
    'LIFE-09',
    'MUST',
    'D',
    'server/discover; basic/versioning',
    'server/discover tells versions, capabilities and identity.',
  ),
  row(
    'LIFE-10',
    'MUST',
    'D',
    'basic/versioning; basic/transports/streamable-http',
    'An unknown version is refused with the supported ones and HTTP 400.',
  ),
  row(
    'LIFE-11',
    'MUST',
    'D',
    'basic/versioning#extension-negotiation',
    'Extensions have prefixed names; one that only one side has is not used.',
  ),
  row(
    'LIFE-12',
    'MAY',
    'D',
    'basic/versioning#backward-compatibility',
    'Both eras on one endpoint, told apart per request.',
  ),
  row(
    'LIFE-13',
    'SHOULD',
    'D',
    'basic/versioning',
    'A server without the old era names its versions when it is asked to initialize.',
  ),
] as const
