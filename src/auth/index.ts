/**
 * Authentication, ready-made: the server as an OAuth resource as the specification has it, and the simpler ways.
 *
 * @see the specification, basic/authorization
 * @module
 */
export { anyOf } from './any-of.ts'
export { type ApiKey, type ApiKeyOptions, apiKey } from './api-key.ts'
export type { AuthRefusal, AuthRequest, ClientCertificate } from './authenticate.ts'
export type { AuthScheme } from './authenticator.ts'
export { type BearerOptions, bearer } from './bearer.ts'
export { type IntrospectionOptions, introspection } from './introspection.ts'
export { type JwtOptions, jwt } from './jwt.ts'
export { type MutualTlsOptions, mutualTls } from './mutual-tls.ts'
export type { ScopeHierarchy } from './scopes.ts'
