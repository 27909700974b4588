/**
 * JSON-RPC 2.0 messages as MCP narrows them: what counts as one, and how answers are written.
 *
 * The checks compare fields by hand: a schema library on every envelope costs more than the call it guards.
 *
 * @see the specification, basic/index, "Messages"
 * @module
 */
import { type McpError, toMcpError } from './errors.ts'

/** MCP allows strings and integers; `null`, fractions and integers that a double cannot hold are refused. */
export type RequestId = string | number

/** A JSON object as it came from the wire. */
export type JsonObject = { readonly [key: string]: unknown }

export interface JsonRpcRequest {
  readonly jsonrpc: '2.0'
  readonly id: RequestId
  readonly method: string
  readonly params?: JsonObject
}

export interface JsonRpcNotification {
  readonly jsonrpc: '2.0'
  readonly method: string
  readonly params?: JsonObject
}

export interface JsonRpcError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

export interface JsonRpcResponse {
  readonly jsonrpc: '2.0'
  readonly id: RequestId
  readonly result?: JsonObject
  readonly error?: JsonRpcError
}

export type MessageKind = 'request' | 'notification' | 'response'

/** The longest string id in UTF-8 bytes: it travels inside every SSE event id, which has 512 bytes in all. */
export const MAX_ID_BYTES = 128

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether `id` may be the id of a request. */
export function isRequestId(id: unknown): id is RequestId {
  if (typeof id === 'number') return Number.isSafeInteger(id)
  return typeof id === 'string' && id.length <= MAX_ID_BYTES && (id.length * 3 <= MAX_ID_BYTES || utf8Fits(id))
}

function utf8Fits(text: string): boolean {
  return new TextEncoder().encode(text).length <= MAX_ID_BYTES
}

/**
 * Says what kind of message a parsed value is, or why it is none: the returned sentence is fit for the client.
 */
export function classify(value: unknown): MessageKind | { readonly invalid: string } {
  if (!isObject(value)) return { invalid: 'A JSON-RPC message is a JSON object.' }
  if (value['jsonrpc'] !== '2.0') return { invalid: 'jsonrpc must be "2.0".' }
  const { method, id, params } = value
  if (method !== undefined) {
    if (typeof method !== 'string' || method === '') return { invalid: 'method must be a non-empty string.' }
    if (params !== undefined && !isObject(params)) return { invalid: 'params must be an object.' }
    if (id === undefined) return 'notification'
    if (!isRequestId(id)) {
      return { invalid: `id must be a string of at most ${MAX_ID_BYTES} bytes or an integer within ±(2^53 - 1).` }
    }
    if (value['result'] !== undefined || value['error'] !== undefined) {
      return { invalid: 'A request carries neither result nor error.' }
    }
    return 'request'
  }
  const hasResult = value['result'] !== undefined
  const hasError = value['error'] !== undefined
  if (!hasResult && !hasError) return { invalid: 'A message has a method, a result or an error.' }
  if (hasResult && hasError) return { invalid: 'A response carries a result or an error, not both.' }
  if (!(typeof id === 'string' || typeof id === 'number')) return { invalid: 'A response names the id of its request.' }
  if (hasResult && !isObject(value['result'])) return { invalid: 'result must be an object.' }
  if (hasError && !isErrorObject(value['error'])) return { invalid: 'error must have an integer code and a message.' }
  return 'response'
}

function isErrorObject(value: unknown): boolean {
  return isObject(value) && Number.isInteger(value['code']) && typeof value['message'] === 'string'
}

/**
 * A result that is already JSON text: list results are kept ready until they change. The text must be one JSON object
 * without line breaks.
 */
export class JsonText {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** The JSON text of an id, as it stands in a message. */
export function idText(id: RequestId): string {
  return typeof id === 'number' ? String(id) : JSON.stringify(id)
}

/** The text of a successful answer. */
export function resultMessage(id: RequestId, result: object | JsonText): string {
  const text = result instanceof JsonText ? result.text : JSON.stringify(result)
  return `{"jsonrpc":"2.0","id":${idText(id)},"result":${text}}`
}

/** The JSON-RPC error object for an error of ours. */
export function errorObject(error: McpError): JsonRpcError {
  return error.data === undefined
    ? { code: error.rpcCode, message: error.message }
    : { code: error.rpcCode, message: error.message, data: error.data }
}

/**
 * The text of an error answer. Without a readable id the member is left out, as the 2025-11-25 schema has it.
 * Error data that can't be written as JSON is dropped rather than losing the answer.
 */
export function errorMessage(id: RequestId | undefined, error: McpError): string {
  const idPart = id === undefined ? '' : `"id":${idText(id)},`
  return `{"jsonrpc":"2.0",${idPart}"error":${errorText(error)}}`
}

function errorText(error: McpError): string {
  try {
    return JSON.stringify(errorObject(error))
  } catch {
    return JSON.stringify({ code: error.rpcCode, message: error.message })
  }
}

/** The text of an answer whose result may turn out not to be JSON (a cycle, a BigInt, too deep a nesting). */
export function answerMessage(id: RequestId, result: object | JsonText): { text: string; failed?: McpError } {
  try {
    return { text: resultMessage(id, result) }
  } catch (thrown) {
    const failed = toMcpError(thrown)
    return { text: errorMessage(id, failed), failed }
  }
}

/** The text of an answer, made for request `from`, as the answer to request `to`. */
export function withId(text: string, from: RequestId, to: RequestId): string {
  const head = '{"jsonrpc":"2.0","id":'
  return head + idText(to) + text.slice(head.length + idText(from).length)
}

/** The text of a notification. */
export function notificationMessage(method: string, params?: object): string {
  return params === undefined
    ? `{"jsonrpc":"2.0","method":"${method}"}`
    : `{"jsonrpc":"2.0","method":"${method}","params":${JSON.stringify(params)}}`
}

/** The text of a request of ours. */
export function requestMessage(id: RequestId, method: string, params?: object): string {
  const tail = params === undefined ? '' : `,"params":${JSON.stringify(params)}`
  return `{"jsonrpc":"2.0","id":${idText(id)},"method":"${method}"${tail}}`
}
