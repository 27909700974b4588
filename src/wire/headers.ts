/**
 * Every HTTP header that MCP or this server reads or writes, in lower case as servers receive them.
 *
 * @see the specification, basic/transports, "Streamable HTTP"
 * @module
 */
export const SESSION_ID = 'mcp-session-id'
export const PROTOCOL_VERSION = 'mcp-protocol-version'
export const LAST_EVENT_ID = 'last-event-id'

/** The headers that a browser page must be allowed to send. */
export const CORS_ALLOW_HEADERS =
  'content-type, accept, authorization, dpop, mcp-session-id, mcp-protocol-version, last-event-id'

/** The headers that a browser page must be allowed to read. */
export const CORS_EXPOSE_HEADERS = 'mcp-session-id, www-authenticate, retry-after'

export const JSON_TYPE = 'application/json'
export const SSE_TYPE = 'text/event-stream'
