/**
 * The one error type of the client. Switch on `code`, never on `message`.
 *
 * @module
 */
import { isObject, type JsonRpcError } from '../../wire/jsonrpc.ts'

/**
 * - `unreachable`: no HTTP answer came (refused, unknown host, connection lost).
 * - `http_error`: an HTTP status that refuses the message; `status` has it.
 * - `session_not_found`: 404 for a message that carried a session id. Only a new `initialize` helps.
 * - `not_mcp`: an answer that is not what an MCP endpoint sends.
 * - `rpc_error`: a JSON-RPC error; `rpc` has it.
 * - `unsupported_revision`: the server wants a revision that this client does not speak.
 * - `stream_lost`: the response stream ended before the response, and could not be resumed.
 * - `timeout`: nothing came for the time allowed. The request was cancelled.
 * - `cancelled`: the caller's signal. The request was cancelled.
 * - `closed`: the client was closed.
 * - `wrong_era`: what was asked of the client does not exist in the era that it speaks.
 * - `ask_failed`: a question of the server got no answer from its handler (`cause`), so the request was given up. Only in
 *   the modern era, where an answer cannot be an error.
 * - `rounds_exceeded`: the server kept asking for input.
 */
export type ClientErrorCode =
  | 'unreachable'
  | 'http_error'
  | 'session_not_found'
  | 'not_mcp'
  | 'rpc_error'
  | 'unsupported_revision'
  | 'stream_lost'
  | 'timeout'
  | 'cancelled'
  | 'closed'
  | 'wrong_era'
  | 'ask_failed'
  | 'rounds_exceeded'

/** What a {@link ClientError} may carry besides its message. */
export interface ClientErrorDetails {
  readonly status?: number
  readonly rpc?: JsonRpcError
  readonly cause?: unknown
}

/** Thrown by everything the client does. */
export class ClientError extends Error {
  override readonly name = 'ClientError'
  readonly code: ClientErrorCode
  /** The HTTP status, where one came. */
  readonly status: number | undefined
  /** The JSON-RPC error, where one came: also inside an HTTP error. */
  readonly rpc: JsonRpcError | undefined

  constructor(code: ClientErrorCode, message: string, details: ClientErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.status = details.status
    this.rpc = details.rpc
  }
}

/** The error object of a JSON-RPC error response, or `undefined` when the value is none. */
export function rpcErrorOf(value: unknown): JsonRpcError | undefined {
  if (!isObject(value) || !isObject(value['error'])) return undefined
  const { code, message, data } = value['error']
  if (typeof code !== 'number' || typeof message !== 'string') return undefined
  return data === undefined ? { code, message } : { code, message, data }
}

/** The error for a JSON-RPC error response to `method`. */
export function rpcFailure(method: string, rpc: JsonRpcError, status?: number): ClientError {
  const details = status === undefined ? { rpc } : { rpc, status }
  return new ClientError('rpc_error', `${method}: ${rpc.message} (${rpc.code})`, details)
}

/** The error for an HTTP status that refuses a message. */
export function httpRefusal(what: string, status: number, rpc?: JsonRpcError): ClientError {
  const why = rpc ? `HTTP ${status}: ${rpc.message} (${rpc.code})` : `HTTP ${status}`
  return new ClientError('http_error', `${what}: ${why}`, rpc ? { status, rpc } : { status })
}

/** Anything thrown, as the error of the client. */
export function toClientError(thrown: unknown): ClientError {
  if (thrown instanceof ClientError) return thrown
  return new ClientError('not_mcp', thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown })
}
