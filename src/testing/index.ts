/**
 * `fairlead/testing`: test a server in its own process, over the real wire format, without a socket.
 *
 * @module
 */
export {
  type AskHandlers,
  type Client,
  ClientError,
  type ClientErrorCode,
  type ClientOptions,
  createClient,
  type ElicitationAnswer,
  type ElicitationParams,
  type EraFinding,
  type ListenFilter,
  type ListenOptions,
  type Observation,
  type Observer,
  type Progress,
  type RequestOptions,
  type SamplingAnswer,
  type SamplingParams,
  type Subscription,
  type SubscriptionEnd,
} from './client/index.ts'
export { type ConnectOptions, connect, type TestKit } from './connect.ts'
export { type SteppingClock, steppingClock } from './stepping-clock.ts'
