/**
 * `ctx.session`: facts about the session, and values that live as long as it does.
 *
 * @module
 */
import type { Session } from '../session/session.ts'
import type { StoredEntry } from '../session/session-entry.ts'
import { type ClientCapability, capabilityNames } from '../wire/capabilities.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import type { RevisionName } from '../wire/revision.ts'
import type { Call } from './call.ts'
import { guarded } from './guarded.ts'

/** The session of a call, without its id: the id is a secret of the client. */
export interface ContextSession {
  /**
   * Name and version that the client gave, at `initialize` or (2026-07-28) with the request, cut to 64 bytes each.
   * Never a base for trust.
   */
  readonly client: { readonly name: string; readonly version: string }
  readonly revision: RevisionName
  readonly capabilities: readonly ClientCapability[]
  /** Settings of the extensions that the server said it reads. */
  readonly extensions: JsonObject
  /**
   * A value kept with {@link set}, or `undefined`. Read from where sessions are kept: every replica sees it.
   *
   * @throws {McpError} `stateless`, also under 2026-07-28: it has no sessions.
   */
  get<Value = unknown>(key: string): Promise<Value | undefined>
  /**
   * Keeps a JSON value for as long as the session may live. All values of a session together have 64 KiB.
   *
   * @throws {McpError} `stateless`, `value_too_large`, and `too_many_requests` where `limits.storedBytes` or
   * `limits.storedBytesPerPrincipal` is reached
   */
  set(key: string, value: unknown): Promise<void>
  /** Forgets a value. @throws {McpError} `stateless` */
  delete(key: string): Promise<void>
}

const STATELESS = 'This server is stateless'

export function contextSession(call: Call): ContextSession {
  const { services } = call
  const requireSession = (): Session => {
    const { session } = call
    if (!session.stateless) return session
    const why = session.facts.revision.era === 'modern' ? `${session.facts.revision.name} has no sessions` : STATELESS
    throw new McpError('stateless', `${why}: nothing keeps values from one request to the next.`)
  }
  const values: Pick<ContextSession, 'get' | 'set' | 'delete'> = {
    async get<Value>(key: string) {
      const session = requireSession()
      const kept = (await services.sessions.readValues(session))?.values
      return (kept !== undefined && Object.hasOwn(kept, key) ? kept[key] : undefined) as Value | undefined
    },
    async set(key, value) {
      const session = requireSession()
      const text = JSON.stringify(value)
      if (text === undefined) throw new TypeError(`The session value "${key}" must be JSON.`)
      const limit = services.replica.limits.sessionValueBytes
      await services.sessions.changeValues(session, (entry) => {
        const changed = withValue(entry, key, JSON.parse(text))
        if (new TextEncoder().encode(JSON.stringify(changed)).length > limit) {
          throw new McpError('value_too_large', `The values of a session have ${limit} bytes together.`)
        }
        return { ...entry, values: changed }
      })
    },
    async delete(key) {
      const session = requireSession()
      await services.sessions.changeValues(session, (entry) => {
        if (entry.values === undefined || !Object.hasOwn(entry.values, key)) return undefined
        return { ...entry, values: withValue(entry, key, undefined) }
      })
    },
  }
  // Read when asked for: in the modern era a call passes through several requests, and each declares anew.
  return {
    get client() {
      return call.session.facts.client
    },
    get revision() {
      return call.session.facts.revision.name
    },
    get capabilities() {
      return capabilityNames(call.session.facts.capabilities)
    },
    get extensions() {
      const { extensions } = call.session.facts
      return extensions === '' ? {} : (JSON.parse(extensions) as JsonObject)
    },
    get: <Value>(key: string) => guarded(values.get<Value>(key)),
    set: (key, value) => guarded(values.set(key, value)),
    delete: (key) => guarded(values.delete(key)),
  }
}

/** A copy with one member changed; built from entries, so that a key such as `__proto__` is only a key. */
function withValue(entry: StoredEntry, key: string, value: unknown): JsonObject {
  const members = Object.entries(entry.values ?? {}).filter(([name]) => name !== key)
  if (value !== undefined) members.push([key, value])
  return Object.fromEntries(members)
}
