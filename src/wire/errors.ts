/**
 * Every error that a Fairlead server can put on the wire or throw into a handler, in one table.
 *
 * A code is a stable word; switch on `error.code`, never on `error.message`. `docs/errors.md` explains each code to
 * users, and a test keeps the two in step.
 *
 * @module
 */

/** The closed set of error codes. */
export type ErrorCode =
  | 'parse_error'
  | 'invalid_request'
  | 'method_not_found'
  | 'invalid_params'
  | 'internal_error'
  | 'resource_not_found'
  | 'url_elicitation_required'
  | 'capability_missing'
  | 'session_required'
  | 'session_not_found'
  | 'unsupported_version'
  | 'unsupported_protocol_version'
  | 'header_mismatch'
  | 'request_state_invalid'
  | 'request_state_spent'
  | 'request_state_too_large'
  | 'rounds_exceeded'
  | 'replay_diverged'
  | 'forbidden_host'
  | 'forbidden_origin'
  | 'unauthorized'
  | 'insufficient_scope'
  | 'not_found'
  | 'method_not_allowed'
  | 'not_acceptable'
  | 'unsupported_media_type'
  | 'payload_too_large'
  | 'too_many_requests'
  | 'unavailable'
  | 'stream_lost'
  | 'stream_complete'
  | 'replica_lost'
  | 'request_timeout'
  | 'cancelled'
  | 'ask_timeout'
  | 'ask_unreachable'
  | 'ask_rejected'
  | 'ask_invalid_answer'
  | 'stateless'
  | 'value_too_large'
  | 'session_closed'

/** How one error code appears on the wire. */
export interface ErrorEntry {
  /** The JSON-RPC error code. */
  readonly rpc: number
  /** The HTTP status where the error is the answer to a whole HTTP request. */
  readonly status: number
  /** In 2026-07-28, where every request is an HTTP request: the status of an answer that is nothing but this error. */
  readonly modernStatus?: number
}

/**
 * Error code to JSON-RPC code and HTTP status. Statuses matter only where the error ends the HTTP request itself;
 * an error that answers a well-formed JSON-RPC request travels with 200.
 *
 * Codes from -32700 to -32600 are JSON-RPC's own; -32002 and -32042 are MCP's and end with 2025-11-25; -32020 to -32022
 * are MCP's from 2026-07-28 on. -32021, a missing client capability, is used in every revision so that clients can
 * recognise it.
 */
export const ERRORS: Readonly<Record<ErrorCode, ErrorEntry>> = {
  parse_error: { rpc: -32700, status: 400 },
  invalid_request: { rpc: -32600, status: 400 },
  method_not_found: { rpc: -32601, status: 200, modernStatus: 404 },
  invalid_params: { rpc: -32602, status: 200 },
  internal_error: { rpc: -32603, status: 200 },
  resource_not_found: { rpc: -32002, status: 200 },
  url_elicitation_required: { rpc: -32042, status: 200 },
  capability_missing: { rpc: -32021, status: 200, modernStatus: 400 },
  session_required: { rpc: -32600, status: 400 },
  session_not_found: { rpc: -32001, status: 404 },
  unsupported_version: { rpc: -32600, status: 400 },
  unsupported_protocol_version: { rpc: -32022, status: 400 },
  header_mismatch: { rpc: -32020, status: 400 },
  request_state_invalid: { rpc: -32602, status: 200 },
  request_state_spent: { rpc: -32602, status: 200 },
  request_state_too_large: { rpc: -32603, status: 200 },
  rounds_exceeded: { rpc: -32603, status: 200 },
  replay_diverged: { rpc: -32603, status: 200 },
  forbidden_host: { rpc: -32600, status: 403 },
  forbidden_origin: { rpc: -32600, status: 403 },
  unauthorized: { rpc: -32600, status: 401 },
  insufficient_scope: { rpc: -32600, status: 403 },
  not_found: { rpc: -32600, status: 404 },
  method_not_allowed: { rpc: -32600, status: 405 },
  not_acceptable: { rpc: -32600, status: 406 },
  unsupported_media_type: { rpc: -32600, status: 415 },
  payload_too_large: { rpc: -32600, status: 413 },
  too_many_requests: { rpc: -32603, status: 429, modernStatus: 429 },
  unavailable: { rpc: -32603, status: 503, modernStatus: 503 },
  stream_lost: { rpc: -32603, status: 200 },
  stream_complete: { rpc: -32600, status: 405 },
  replica_lost: { rpc: -32603, status: 200 },
  request_timeout: { rpc: -32603, status: 200 },
  cancelled: { rpc: -32603, status: 200 },
  ask_timeout: { rpc: -32603, status: 200 },
  ask_unreachable: { rpc: -32603, status: 200 },
  ask_rejected: { rpc: -32603, status: 200 },
  ask_invalid_answer: { rpc: -32603, status: 200 },
  stateless: { rpc: -32603, status: 200 },
  value_too_large: { rpc: -32603, status: 200 },
  session_closed: { rpc: -32603, status: 200 },
}

/** Whether a text that came from elsewhere is one of the codes. */
export function isErrorCode(text: string | undefined): text is ErrorCode {
  return text !== undefined && Object.hasOwn(ERRORS, text)
}

/** What an {@link McpError} may carry besides its message. */
export interface McpErrorOptions {
  /** Sent to the client as `error.data`. Must be JSON. */
  readonly data?: unknown
  /** The inner cause: logged through `onError`, never sent. */
  readonly cause?: unknown
}

/**
 * An error of the protocol. Thrown from a handler it becomes the JSON-RPC error of the request, message and data
 * included; so write into it only what the client may read.
 *
 * @example
 * ```ts
 * throw new McpError('invalid_params', 'city: no such city', { data: { city } })
 * ```
 */
export class McpError extends Error {
  override readonly name = 'McpError'
  readonly code: ErrorCode
  readonly data: unknown

  constructor(code: ErrorCode, message: string, options?: McpErrorOptions) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.data = options?.data
  }

  /** The JSON-RPC error code of this error. */
  get rpcCode(): number {
    return ERRORS[this.code].rpc
  }

  /** The HTTP status that this error has when it ends the HTTP request itself. */
  get status(): number {
    return ERRORS[this.code].status
  }
}

/**
 * A failure that the caller of a tool should see: it becomes a tool result with `isError: true` and this message.
 * Every other error thrown by a tool is hidden behind a general sentence.
 *
 * @example
 * ```ts
 * if (!city) throw new ToolError('No forecast is published for that city.')
 * ```
 * @see the specification, server/tools, "Error Handling"
 */
export class ToolError extends Error {
  override readonly name = 'ToolError'
}

/** The sentence that stands for an error whose text must stay inside. */
export const INTERNAL_MESSAGE = 'Internal error'

/**
 * Turns anything thrown into the error that may be sent: an `McpError` as it is, everything else as
 * `internal_error` with the thrown value as its cause.
 */
export function toMcpError(thrown: unknown): McpError {
  try {
    if (thrown instanceof McpError) return thrown
  } catch {
    // A revoked proxy, of all things: even to look at it throws. The client gets its answer all the same.
  }
  return new McpError('internal_error', INTERNAL_MESSAGE, { cause: thrown })
}
