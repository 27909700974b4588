/**
 * `resources/subscribe`, `resources/unsubscribe` and `logging/setLevel`: what a session may set. Acknowledged only
 * when it holds on every replica.
 *
 * @see the specification, server/resources, "Subscriptions"; server/utilities/logging
 * @module
 */
import type { Call } from '../call/call.ts'
import { McpError } from '../wire/errors.ts'
import { isLogLevel, LOG_LEVELS } from '../wire/log-level.ts'
import { findResource, type ResourceLists, requestUri, resourceNotFound } from './resource.ts'

export async function subscribe(call: Call, lists: ResourceLists): Promise<object> {
  requireSession(call, 'subscriptions')
  const uri = requestUri(call)
  if (findResource(uri, lists, call.identity) === undefined) throw resourceNotFound(uri)
  const limit = call.services.replica.limits.subscriptionsPerSession
  await call.services.sessions.change(call.session, (entry) => {
    const subscriptions = entry.subscriptions ?? []
    if (subscriptions.includes(uri)) return undefined
    if (subscriptions.length >= limit) {
      call.services.replica.counters.limitsHit++
      throw new McpError('too_many_requests', `A session may subscribe to ${limit} resources.`)
    }
    return { ...entry, subscriptions: [...subscriptions, uri] }
  })
  return {}
}

export async function unsubscribe(call: Call): Promise<object> {
  requireSession(call, 'subscriptions')
  const uri = requestUri(call)
  await call.services.sessions.change(call.session, (entry) => {
    if (!entry.subscriptions?.includes(uri)) return undefined
    return { ...entry, subscriptions: entry.subscriptions.filter((other) => other !== uri) }
  })
  return {}
}

export async function setLevel(call: Call): Promise<object> {
  requireSession(call, 'logging/setLevel')
  const { level } = call.params
  if (!isLogLevel(level)) throw new McpError('invalid_params', `level: must be one of ${LOG_LEVELS.join(', ')}.`)
  await call.services.sessions.change(call.session, (entry) =>
    entry.level === level ? undefined : { ...entry, level },
  )
  return {}
}

function requireSession(call: Call, what: string): void {
  if (call.session.stateless) throw new McpError('stateless', `This server is stateless: it has no ${what}.`)
}
