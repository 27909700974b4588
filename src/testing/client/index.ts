/**
 * A small MCP client over Streamable HTTP that shows every exchange, in both eras.
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
export type { Client, ClientOptions, EndStatus, RequestOptions, StreamKind, StreamStatus } from './client.ts'
export { createClient } from './create-client.ts'
export { ClientError, type ClientErrorCode, type ClientErrorDetails } from './errors.ts'
export type { Answer, ExchangeRequest, Fetch, StreamAnswer, TextAnswer } from './exchange.ts'
export type { ReconnectOptions } from './legacy/resume.ts'
export type { ListenFilter, ListenOptions, Subscription, SubscriptionEnd } from './modern/subscription.ts'
export type { Implementation, Negotiated } from './negotiated.ts'
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
export type { EraFinding } from './probe.ts'
export {
  CLIENT_REVISIONS,
  type ClientEra,
  type ClientRevision,
  type ClientRevisionName,
  clientRevision,
  LATEST_LEGACY,
  spokenRevisions,
} from './revisions.ts'
export type { SseEnd, SseEvent, SseHandlers } from './sse.ts'
