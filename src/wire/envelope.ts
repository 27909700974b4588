/**
 * What a request of the modern era says about itself in `_meta`: there is no handshake, so every request brings its
 * revision, its client and what that client can do.
 *
 * @see the specification 2026-07-28, basic/index, "_meta"
 * @module
 */
import { McpError } from './errors.ts'
import { isObject, type JsonObject } from './jsonrpc.ts'
import { isLogLevel, LOG_LEVELS, type LogLevel } from './log-level.ts'
import { type Revision, revisionNamed, SUPPORTED } from './revision.ts'

const PREFIX = 'io.modelcontextprotocol/'
const PROTOCOL_VERSION = `${PREFIX}protocolVersion`
const CLIENT_INFO = `${PREFIX}clientInfo`
const CLIENT_CAPABILITIES = `${PREFIX}clientCapabilities`
const LOG_LEVEL = `${PREFIX}logLevel`

/** Names the server in the `_meta` of a result. */
export const SERVER_INFO: string = `${PREFIX}serverInfo`

/** Names the `subscriptions/listen` request that a message belongs to. */
export const SUBSCRIPTION_ID: string = `${PREFIX}subscriptionId`

/** The envelope of one request. */
export interface Envelope {
  readonly revision: Revision
  readonly client: { readonly name: string; readonly version: string }
  readonly capabilities: JsonObject
  /** Without one, the request wants no log messages. */
  readonly logLevel: LogLevel | undefined
}

/** Whether a message carries the envelope, and so is of the modern era whatever its method. */
export function hasEnvelope(message: { readonly params?: JsonObject }): boolean {
  const meta = message.params?.['_meta']
  return isObject(meta) && Object.hasOwn(meta, PROTOCOL_VERSION)
}

/**
 * The revision that an envelope names, as it stands there.
 *
 * @throws {McpError} `invalid_params` where it is missing: such a request is malformed.
 */
export function envelopeVersion(params: JsonObject | undefined): string {
  const version = metaOf(params)[PROTOCOL_VERSION]
  if (typeof version !== 'string') throw invalid(PROTOCOL_VERSION, 'must be the name of a protocol version')
  return version
}

/** @throws {McpError} `unsupported_protocol_version`, `invalid_params` */
export function readEnvelope(params: JsonObject | undefined): Envelope {
  const version = envelopeVersion(params)
  const revision = revisionNamed(version)
  if (revision?.era !== 'modern') throw unsupported(version, revision)
  const meta = metaOf(params)
  const capabilities = meta[CLIENT_CAPABILITIES]
  if (!isObject(capabilities)) throw invalid(CLIENT_CAPABILITIES, 'must be an object')
  const logLevel = meta[LOG_LEVEL]
  if (logLevel !== undefined && !isLogLevel(logLevel))
    throw invalid(LOG_LEVEL, `must be one of ${LOG_LEVELS.join(', ')}`)
  return { revision, client: readClient(meta[CLIENT_INFO]), capabilities, logLevel }
}

/** Self-reported, and optional: who a client says it is decides nothing. */
function readClient(info: unknown): Envelope['client'] {
  if (info === undefined) return UNNAMED
  if (!isObject(info)) throw invalid(CLIENT_INFO, 'must be an object')
  const { name, version } = info
  return { name: typeof name === 'string' ? name : '', version: typeof version === 'string' ? version : '' }
}

const UNNAMED: Envelope['client'] = { name: '', version: '' }
const NOTHING: JsonObject = {}

function metaOf(params: JsonObject | undefined): JsonObject {
  const meta = params?.['_meta']
  return isObject(meta) ? meta : NOTHING
}

function invalid(key: string, what: string): McpError {
  return new McpError('invalid_params', `_meta["${key}"]: ${what}.`)
}

function unsupported(version: string, known: Revision | undefined): McpError {
  const message =
    known === undefined ? 'Unsupported protocol version' : `Unsupported here: ${known.name} begins with initialize.`
  return new McpError('unsupported_protocol_version', message, {
    data: { supported: SUPPORTED, requested: version.slice(0, 64) },
  })
}
