/**
 * Every HTTP header that MCP or this server reads or writes, in lower case as servers receive them.
 *
 * @see the specification, basic/transports, "Streamable HTTP"
 * @module
 */
export const SESSION_ID = 'mcp-session-id'
export const PROTOCOL_VERSION = 'mcp-protocol-version'
export const LAST_EVENT_ID = 'last-event-id'

/** 2026-07-28: the method of the request, and what it is about, for whoever routes without reading bodies. */
export const METHOD = 'mcp-method'
export const NAME = 'mcp-name'
/** 2026-07-28: what the names of headers begin with that mirror arguments of a tool. */
export const PARAM_PREFIX = 'mcp-param-'

/** The headers that a browser page must be allowed to send. */
export const CORS_ALLOW_HEADERS =
  'content-type, accept, authorization, dpop, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, last-event-id'

/** The headers that a browser page must be allowed to read. */
export const CORS_EXPOSE_HEADERS = 'mcp-session-id, www-authenticate, retry-after'

export const JSON_TYPE = 'application/json'
export const SSE_TYPE = 'text/event-stream'
