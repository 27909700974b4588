/**
 * Finds out which era a server speaks: asks `server/discover`, and reads from the answer, or from how it is refused,
 * whom it is talking to.
 *
 * @see the specification 2026-07-28, basic/versioning and basic/transports/streamable-http, "Backward Compatibility"
 * @module
 */
import { isObject } from '../../wire/jsonrpc.ts'
import { ClientError, toClientError } from './errors.ts'
import { supportedVersions } from './modern/discover.ts'
import type { ModernEra } from './modern/era.ts'
import { type ClientRevision, LATEST_LEGACY, mutualRevision, spokenRevisions } from './revisions.ts'

/** What a probe has found. */
export interface EraFinding {
  /** The revision to speak; its era is the one that was found. */
  readonly revision: ClientRevision
  /** One sentence: what the server did that tells. */
  readonly why: string
}

const UNSUPPORTED_PROTOCOL_VERSION = -32022

/** Errors that only a modern server has: header mismatch, missing client capability, unsupported version. */
const MODERN_ERRORS: readonly number[] = [-32020, -32021, UNSUPPORTED_PROTOCOL_VERSION]

/**
 * Asks, and decides.
 *
 * @throws {ClientError} `unsupported_revision` where the two have no revision in common; the error of the probe where it
 *   says nothing about an era: no answer, who-are-you (401, 403), a failure of the server (5xx), or a modern refusal
 *   that another era would not mend.
 */
export async function probe(modern: ModernEra, asked: ClientRevision): Promise<EraFinding> {
  try {
    const { result } = await modern.discover()
    return choose(supportedVersions(result) ?? [], asked, 'It answers server/discover')
  } catch (thrown) {
    return fromRefusal(toClientError(thrown), asked)
  }
}

function fromRefusal(error: ClientError, asked: ClientRevision): EraFinding {
  const { code, status, rpc } = error
  if (rpc?.code === UNSUPPORTED_PROTOCOL_VERSION) {
    const data = isObject(rpc.data) && Array.isArray(rpc.data['supported']) ? rpc.data['supported'] : []
    // It does not support what was asked for, whatever its list says: asking again would go in a circle.
    const supported = data.filter((name) => name !== asked.name)
    return choose(supported, asked, `It refuses ${asked.name} as modern servers do (${rpc.code})`)
  }
  if (rpc && MODERN_ERRORS.includes(rpc.code)) throw error
  if (status !== undefined && (status === 401 || status === 403 || status >= 500)) throw error
  const answered = code === 'rpc_error' || code === 'http_error' || code === 'not_mcp'
  if (!answered) throw error
  const why = rpc
    ? `It refuses server/discover with "${rpc.message}" (${rpc.code}), which is no error of the modern era.`
    : status !== undefined && status >= 300
      ? `It refuses server/discover with HTTP ${status}, and with no error of the modern era.`
      : 'It answers server/discover with something else than a modern server does.'
  return { revision: LATEST_LEGACY, why }
}

/** The error for a server that was taken for a modern one and is none; any other error as it is. */
export function notModern(thrown: unknown, asked: ClientRevision): ClientError {
  const error = toClientError(thrown)
  try {
    const { revision, why } = fromRefusal(error, asked)
    const { status, rpc } = error
    const details = { cause: error, ...(status === undefined ? {} : { status }), ...(rpc === undefined ? {} : { rpc }) }
    const message = `The server does not speak ${asked.name}, but perhaps ${revision.name}. ${why}`
    return new ClientError('unsupported_revision', message, details)
  } catch (other) {
    return toClientError(other)
  }
}

/** The newest revision that both speak: a modern one if there is one, else one that begins with `initialize`. */
function choose(supported: readonly unknown[], asked: ClientRevision, how: string): EraFinding {
  const revision = mutualRevision('modern', supported) ?? mutualRevision('legacy', supported)
  const names = supported.map(String).join(', ') || 'none'
  if (!revision) {
    const message = `The server speaks ${names}; this client speaks ${spokenRevisions()}.`
    throw new ClientError('unsupported_revision', message)
  }
  const only = revision.era === asked.era ? '' : ', none of them of the modern era that this client speaks'
  return { revision, why: `${how}, and names the revisions ${names}${only}.` }
}
