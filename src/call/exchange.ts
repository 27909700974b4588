/**
 * One exchange with the client: a request and where its answer goes. In the modern era a call may pass through several.
 *
 * @module
 */
import type { Identity } from '../session/principal.ts'
import type { Session } from '../session/session.ts'
import type { JsonObject, RequestId } from '../wire/jsonrpc.ts'
import type { CallHeaders, CallOutlet } from './outlet.ts'

export interface Exchange {
  /** What the request says of its client; in the legacy era, the session that it belongs to. */
  readonly session: Session
  readonly identity: Identity | undefined
  readonly headers: CallHeaders
  readonly request: { readonly id: RequestId; readonly params?: JsonObject }
  readonly outlet: CallOutlet
}
