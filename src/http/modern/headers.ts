/**
 * The headers of a modern request against its body. What routes by headers and what runs by the body must not be told
 * two different things.
 *
 * @see the specification 2026-07-28, basic/transports/streamable-http, "Request Metadata" and "Server Validation"
 * @module
 */
import type { ParamHeader } from '../../server/param-headers.ts'
import { McpError } from '../../wire/errors.ts'
import { decodeHeaderValue } from '../../wire/header-value.ts'
import { METHOD, NAME, PARAM_PREFIX, PROTOCOL_VERSION } from '../../wire/headers.ts'
import { isObject, type JsonRpcRequest } from '../../wire/jsonrpc.ts'
import type { HttpRequest } from '../http-message.ts'

/** The parameter that `Mcp-Name` mirrors, by method. */
const NAMED: Readonly<Record<string, string>> = { 'tools/call': 'name', 'prompts/get': 'name', 'resources/read': 'uri' }

/** Longer values are cut in messages. */
const SHOWN_CHARS = 128

/** @throws {McpError} `header_mismatch` */
export function checkVersionHeader(request: HttpRequest, version: string): void {
  const header = request.header(PROTOCOL_VERSION)
  if (header === undefined) throw mismatch('MCP-Protocol-Version is missing.')
  if (header !== version) throw differs('MCP-Protocol-Version', header, version)
}

/** @throws {McpError} `header_mismatch` */
export function checkStandardHeaders(request: HttpRequest, { method, params }: JsonRpcRequest): void {
  const header = request.header(METHOD)
  if (header === undefined) throw mismatch('Mcp-Method is missing.')
  if (header !== method) throw differs('Mcp-Method', header, method)
  const member = NAMED[method]
  const value = member === undefined ? undefined : params?.[member]
  // A request without a name is malformed, and told so by its method.
  if (typeof value !== 'string') return
  const name = request.header(NAME)
  if (name === undefined) throw mismatch('Mcp-Name is missing.')
  const decoded = decodeHeaderValue(name)
  if (decoded === undefined) throw mismatch('Mcp-Name holds invalid characters or invalid base64.')
  if (decoded !== value) throw differs('Mcp-Name', decoded, value)
}

/** @throws {McpError} `header_mismatch` */
export function checkParamHeaders(request: HttpRequest, headers: readonly ParamHeader[], args: unknown): void {
  for (const { name, path } of headers) {
    const header = request.header(PARAM_PREFIX + name)
    const value = valueAt(args, path)
    const label = `Mcp-Param-${name}`
    if (value === undefined || value === null) {
      if (header !== undefined) throw mismatch(`${label} has no argument that it could mirror.`)
      continue
    }
    if (header === undefined) throw mismatch(`${label} is missing.`)
    const decoded = decodeHeaderValue(header)
    if (decoded === undefined) throw mismatch(`${label} holds invalid characters or invalid base64.`)
    if (!mirrors(decoded, value)) throw differs(label, decoded, String(value))
  }
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args
  for (const member of path) {
    if (!isObject(value) || !Object.hasOwn(value, member)) return undefined
    value = value[member]
  }
  return value
}

/** The text of a JSON number; what else `Number` takes, such as hexadecimal digits, is none. */
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/

/** "Servers SHOULD compare the header value and the body value numerically rather than as strings." */
function mirrors(header: string, value: unknown): boolean {
  if (typeof value === 'number') return NUMBER.test(header) && Number(header) === value
  return header === String(value)
}

function differs(label: string, header: string, body: string): McpError {
  return mismatch(`${label} is '${header.slice(0, SHOWN_CHARS)}', and the body says '${body.slice(0, SHOWN_CHARS)}'.`)
}

function mismatch(what: string): McpError {
  return new McpError('header_mismatch', `Header mismatch: ${what}`)
}
