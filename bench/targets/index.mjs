/**
 * What is measured: the limit, Fairlead, and peers.
 *
 * `json: false` marks a server that always answers requests with SSE. `jsonAccept` is the Accept header under which a server
 * answers plain JSON, where that differs from the one that the specification asks of clients.
 * `asksOnSessionStream` marks a server whose tools can ask the client only on the GET stream.
 * `modern` is the file for rows of revision 2026-07-28, of those that speak it.
 * `near` marks a target that is measured in every round, because a target figure depends on it closely.
 */
export const targets = [
  { name: 'limit', file: 'limit.mjs', modern: 'limit-modern.mjs', near: true },
  { name: 'fairlead', file: 'fairlead.mjs', modern: 'fairlead.mjs', near: true },
  { name: 'mcp-lite', file: 'mcp-lite.mjs', near: true, peer: true, jsonAccept: 'application/json' },
  { name: 'sdk-v2', file: 'sdk-v2.mjs', modern: 'sdk-v2-modern.mjs', peer: true },
  { name: 'sdk-v1', file: 'sdk-v1.mjs', peer: true },
  { name: 'tmcp', file: 'tmcp.mjs', modern: 'tmcp.mjs', peer: true, json: false },
  { name: 'fastmcp', file: 'fastmcp.mjs', peer: true, asksOnSessionStream: true },
]

export const LIMIT = 'limit'
export const FAIRLEAD = 'fairlead'
