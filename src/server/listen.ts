/**
 * `subscriptions/listen`: a request whose answer is an open stream of notifications. It runs like any other request, and
 * its result is what ends the stream.
 *
 * @see the specification 2026-07-28, basic/patterns/subscriptions
 * @module
 */
import type { Call } from '../call/call.ts'
import type { ListKind } from '../session/cluster.ts'
import type { Listener, ListenFilter } from '../session/listen-streams.ts'
import { SUBSCRIPTION_ID } from '../wire/envelope.ts'
import { McpError } from '../wire/errors.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import type { Definition } from './definition.ts'
import { findResource } from './resource.ts'

/** The members of the filter that stand for a list. */
const LISTS: readonly (readonly [member: string, list: ListKind])[] = [
  ['toolsListChanged', 'tools'],
  ['promptsListChanged', 'prompts'],
  ['resourcesListChanged', 'resources'],
]

export function listen(call: Call, definition: Definition): Promise<object> {
  const asked = call.params['notifications']
  if (!isObject(asked)) throw new McpError('invalid_params', 'notifications: must be an object.')
  const filter = readFilter(call, definition, asked)
  const meta = { [SUBSCRIPTION_ID]: call.requestId }
  return new Promise((resolve) => {
    const { listens } = call.services
    const listener: Listener = {
      filter,
      listChanged: (list) => call.notify(`notifications/${list}/list_changed`, { _meta: meta }),
      updated: (uri) => call.notify('notifications/resources/updated', { _meta: meta, uri }),
      close: () => resolve({ _meta: meta }),
    }
    // First of all, and in the same breath as the subscription itself: what happens from now on comes after it.
    call.notify('notifications/subscriptions/acknowledged', { _meta: meta, notifications: honoured(filter) })
    // The reader may be gone by now.
    if (call.ended) return
    listens.add(listener)
    call.signal.addEventListener('abort', () => listens.remove(listener), { once: true })
  })
}

/** What is honoured of a filter: lists that the server has, and resources that can be read. The rest is left out. */
function readFilter(call: Call, definition: Definition, asked: JsonObject): ListenFilter {
  const { services } = call
  const lists = new Set<ListKind>()
  for (const [member, list] of LISTS) {
    const wanted = asked[member]
    if (wanted !== undefined && typeof wanted !== 'boolean') {
      throw new McpError('invalid_params', `notifications.${member}: must be a boolean.`)
    }
    if (wanted && services.stateful && definition.lists().includes(list)) lists.add(list)
  }
  const uris = asked['resourceSubscriptions'] ?? []
  if (!Array.isArray(uris) || !uris.every((uri) => typeof uri === 'string')) {
    throw new McpError('invalid_params', 'notifications.resourceSubscriptions: must be a list of URIs.')
  }
  const { subscriptionsPerSession, uriBytes } = services.replica.limits
  if (uris.length > subscriptionsPerSession) {
    services.replica.counters.limitsHit++
    throw new McpError('too_many_requests', `A stream may listen for ${subscriptionsPerSession} resources.`)
  }
  const known = (uri: string): boolean =>
    uri.length <= uriBytes && findResource(uri, definition, call.identity) !== undefined
  return { lists, uris: new Set(services.stateful ? uris.filter(known) : []) }
}

function honoured({ lists, uris }: ListenFilter): object {
  const members = LISTS.filter(([, list]) => lists.has(list)).map(([member]) => [member, true])
  return { ...Object.fromEntries(members), ...(uris.size > 0 && { resourceSubscriptions: [...uris] }) }
}
