/**
 * What the handlers of the HTTP methods share.
 *
 * @module
 */
import type { Authenticator } from '../auth/authenticator.ts'
import type { CallServices } from '../call/services.ts'
import type { Definition } from '../server/definition.ts'
import type { Serving } from '../server/serving.ts'
import type { JsonResponse } from './options.ts'

export interface EndpointParts {
  readonly definition: Definition
  readonly serving: Serving
  readonly services: CallServices
  readonly stateless: boolean
  readonly jsonResponse: JsonResponse
  /** The same for requests of the modern era. */
  readonly jsonResponseModern: JsonResponse
  readonly sessionTtlMs: number
  /** Who is asking; none where everybody is anonymous. */
  readonly auth: Authenticator | undefined
}
