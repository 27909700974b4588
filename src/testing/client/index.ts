/**
 * A small MCP client over Streamable HTTP that shows every exchange.
 *
 * @module
 */
export type {
  AskContext,
  AskHandlers,
  ClientRoot,
  ElicitationAnswer,
  ElicitationParams,
  SamplingAnswer,
  SamplingParams,
} from './asks.ts'
export type { Client, ClientOptions, EndStatus, RequestOptions, StreamStatus } from './client.ts'
export { ClientError, type ClientErrorCode, type ClientErrorDetails } from './errors.ts'
export type { Answer, ExchangeRequest, Fetch, StreamAnswer, TextAnswer } from './exchange.ts'
export type { Implementation, Negotiated } from './handshake.ts'
export type {
  ExchangePurpose,
  HeaderRecord,
  Observation,
  ObservedBody,
  ObservedComment,
  ObservedEnd,
  ObservedEvent,
  ObservedRequest,
  ObservedResponse,
  ObservedRetry,
  Observer,
} from './observation.ts'
export type { Progress } from './pending.ts'
export type { ReconnectOptions } from './resume.ts'
export {
  CLIENT_REVISIONS,
  type ClientRevision,
  type ClientRevisionName,
  clientRevision,
  LATEST_CLIENT_REVISION,
} from './revisions.ts'
export type { SseEnd, SseEvent, SseHandlers } from './sse.ts'
export { createClient } from './streamable-http.ts'
