/**
 * Fairlead: MCP servers over Streamable HTTP.
 *
 * For authors: {@link createServer}, the context, and the two errors. Where a server is served: `fairlead/node`,
 * `fairlead/fetch`, `fairlead/express`, `fairlead/fastify`, `fairlead/hono`, `fairlead/stdio`.
 *
 * @module
 */
export type { Authenticate, AuthRefusal, AuthRequest } from './auth/authenticate.ts'
export type { AskSettings } from './call/ask-settings.ts'
export type { Context } from './call/context.ts'
export type { ElicitFormParams, ElicitResult, ElicitUrlParams } from './call/elicit.ts'
export type { ContextLog } from './call/log.ts'
export type { Root } from './call/roots.ts'
export type { CreateMessageParams, CreateMessageResult, SamplingMessage } from './call/sample.ts'
export type { ContextSession } from './call/session-values.ts'
export type { AnySchema, JsonSchema, StandardSchema } from './call/standard-schema.ts'
export type { LogEntry, Logger } from './http/logger.ts'
export type {
  CorsOptions,
  EndpointOptions,
  ErrorContext,
  LegacySseOptions,
  SecurityOptions,
  SessionOptions,
} from './http/options.ts'
export type { RateOptions } from './http/rate-limit.ts'
export type { CacheHints } from './server/cache-hints.ts'
export type { Complete } from './server/complete.ts'
export type { ServerIdentity } from './server/identity.ts'
export type { Middleware, MiddlewareRequest, RequestHandler } from './server/middleware.ts'
export type { PromptDefinition, PromptMessage, PromptReturn } from './server/prompt.ts'
export type { Registration } from './server/registry.ts'
export type {
  ListedResource,
  ResourceDefinition,
  ResourceReturn,
  ResourceTemplateDefinition,
} from './server/resource.ts'
export { createServer, type Server } from './server/server.ts'
export type { ToolAnnotations, ToolDefinition } from './server/tool.ts'
export type { CallToolResult, ToolReturn } from './server/tool-result.ts'
export type { Limits } from './session/limits.ts'
export type { Identity } from './session/principal.ts'
export type { Annotations, ContentBlock, Icon, ResourceContents } from './wire/content.ts'
export { type ErrorCode, McpError, type McpErrorOptions, ToolError } from './wire/errors.ts'
export type { LogLevel } from './wire/log-level.ts'
export type { TraceContext } from './wire/trace-context.ts'
