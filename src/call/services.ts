/**
 * What calls need of the process around them.
 *
 * @module
 */
import type { Asks } from '../session/asks.ts'
import type { ListenStreams } from '../session/listen-streams.ts'
import type { Replica } from '../session/replica.ts'
import type { SessionStreams } from '../session/session-streams.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Elicitations } from './elicitations.ts'
import type { Parking } from './parking.ts'

export interface CallServices {
  readonly replica: Replica
  readonly asks: Asks
  readonly sessions: Sessions
  readonly sessionStreams: SessionStreams
  readonly elicitations: Elicitations
  readonly parking: Parking
  readonly listens: ListenStreams
  /** Whether there are sessions and everything that changes can be told: not with `stateless: true`. */
  readonly stateful: boolean
  /** The application's own state, handed to handlers as `ctx.state`. */
  readonly state: unknown
}
