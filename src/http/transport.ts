/**
 * What a transport makes of the requests that reach it. Who may come in at all is not its concern.
 *
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { McpError } from '../wire/errors.ts'
import type { Admitted } from './admission.ts'
import type { EndpointParts } from './endpoint-parts.ts'
import type { HttpReply, HttpRequest } from './http-message.ts'

export interface HttpTransport {
  /** What is wrong with the head of a request, before anybody is asked who sends it. */
  check(parts: EndpointParts, request: HttpRequest): McpError | HttpReply | undefined
  /** A request that has no body to be read. */
  answer(parts: EndpointParts, request: HttpRequest, admitted: Admitted): MaybePromise<HttpReply>
  /** A POST with its body. */
  post(parts: EndpointParts, request: HttpRequest, admitted: Admitted, text: string): MaybePromise<HttpReply>
}
