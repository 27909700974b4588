/**
 * What an observer is told of every HTTP exchange, in the order in which it happens. One exchange is one HTTP request
 * with its answer; `exchange` numbers them from 1. A `request` comes first, then a `response` or an `end`; after a
 * `response` either one `body`, or any number of `event`, `retry` and `comment`; `end` is always the last.
 *
 * @module
 */
import type { RequestId } from '../../wire/jsonrpc.ts'

/** Header names in lower case, as `fetch` reports them. */
export type HeaderRecord = Readonly<Record<string, string>>

interface Observed {
  readonly exchange: number
  /** Milliseconds since 1970. */
  readonly at: number
}

export interface ObservedRequest extends Observed {
  readonly type: 'request'
  readonly method: string
  /** Absolute. */
  readonly url: string
  readonly headers: HeaderRecord
  /** The bytes as text; absent where the request has no body. */
  readonly body?: string
  /** Why the exchange happens, where the headers alone do not say it. */
  readonly purpose?: ExchangePurpose
}

/**
 * `answer`: a response to a request of the server. `stream`: the GET of the session stream. `resume`: a GET that goes
 * on with a broken stream. `retry`: a request sent again with the input that the server asked for in exchange `of`; its
 * first round has no purpose of its own. `listen`: the POST whose answer is a subscription.
 */
export type ExchangePurpose =
  | { readonly kind: 'answer'; readonly method: string; readonly id: RequestId }
  | { readonly kind: 'stream' }
  | { readonly kind: 'resume'; readonly of: number }
  | { readonly kind: 'retry'; readonly of: number; readonly round: number }
  | { readonly kind: 'listen' }

export interface ObservedResponse extends Observed {
  readonly type: 'response'
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderRecord
}

/** A body that is not an event stream, whole. Not reported when it is empty. */
export interface ObservedBody extends Observed {
  readonly type: 'body'
  readonly text: string
}

/** One Server-Sent Event. */
export interface ObservedEvent extends Observed {
  readonly type: 'event'
  readonly id?: string
  readonly event?: string
  /** Empty for a priming event. */
  readonly data: string
}

/** A `retry:` field: how long to wait before a reconnect. */
export interface ObservedRetry extends Observed {
  readonly type: 'retry'
  readonly retryMs: number
}

/** A comment line: keep-alives are comments. */
export interface ObservedComment extends Observed {
  readonly type: 'comment'
  readonly text: string
}

export interface ObservedEnd extends Observed {
  readonly type: 'end'
  /** `complete`: the server ended it. `cut`: the connection broke. `aborted`: the client let go of it. */
  readonly reason: 'complete' | 'cut' | 'aborted'
  /** What broke, for `cut`. */
  readonly error?: string
}

export type Observation =
  | ObservedRequest
  | ObservedResponse
  | ObservedBody
  | ObservedEvent
  | ObservedRetry
  | ObservedComment
  | ObservedEnd

/** Called synchronously; must not throw. */
export type Observer = (observation: Observation) => void
