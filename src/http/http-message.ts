/**
 * The HTTP seam: one small record in, one out. Adapters translate and do nothing else; on Node no `Request` or
 * `Response` is ever built.
 *
 * @module
 */
import type { ClientCertificate } from '../auth/authenticate.ts'
import type { EventSink } from '../session/event-sink.ts'

export interface HttpRequest {
  /** Upper case. */
  readonly method: string
  /** The path without the query. */
  readonly path: string
  /** A header by its lower-case name; several of one name are joined by a comma and a space. */
  header(name: string): string | undefined
  /** A parameter of the query. */
  query(name: string): string | undefined
  /** The address that the connection comes from, where the adapter knows it. */
  address?(): string | undefined
  /** What TLS verified, where the adapter ends TLS and the client showed one. */
  clientCertificate?(): ClientCertificate | undefined
  /** The headers without what belongs to the connection, for whoever keeps them longer than the exchange lasts. */
  detach?(): Pick<HttpRequest, 'header'>
  /** Runs `run` once when the client has gone, where the transport can tell. Asked for only while a call is running. */
  onDisconnect?(run: () => void): void
}

/** Header names and values in turn, as `node:http` writes them fastest. */
export type HttpHeaders = readonly string[]

/** An answer that is complete. */
export interface TextReply {
  readonly status: number
  readonly headers: HttpHeaders
  readonly body: string
}

/** An answer that is a stream: the adapter writes the head and then opens it with the connection's sink. */
export interface StreamReply {
  readonly status: 200
  readonly headers: HttpHeaders
  readonly open: (sink: EventSink) => void
}

export type HttpReply = TextReply | StreamReply

/** A body as the adapter read it: text, or why there is none. */
export type HttpBody = string | { readonly refused: 'payload_too_large' | 'not_utf8' }
