/**
 * The last phase: a subscription, from its acknowledgement to its end.
 *
 * @see the specification 2026-07-28, basic/patterns/subscriptions
 * @module
 */
import type { ListenFilter } from '../../../testing/client/index.ts'
import { isObject, type JsonObject } from '../../../wire/jsonrpc.ts'
import { listed } from '../../terminal/text.ts'
import type { Walker } from '../walker.ts'

/** @param uri a resource that the server has, if it has one */
export async function walkListening({ client, report, silence }: Walker, uri: string | undefined): Promise<void> {
  report.phase('listening', 'A subscription is a request whose answer stays open, and brings what has changed.')
  const filter = filterFor(client.session?.capabilities ?? {}, uri)
  const asked = words(filter)
  if (asked.length === 0) {
    report.note('There is nothing to listen for: the server does not announce changes.')
    return
  }
  report.step('subscriptions/listen', `The client wants to hear of ${listed(asked)}.`)
  const subscription = await client.listen(filter)
  const honoured = words(subscription.acknowledged)
  const rest = asked.filter((word) => !honoured.includes(word))
  report.good(`The server has acknowledged it, and tells of ${listed(honoured) || 'nothing'}.`)
  if (rest.length > 0) report.note(`It declares that it tells of ${listed(rest)} as well, but does not here.`)
  report.step('The end', 'Closing the stream ends the subscription. There is no message for it.')
  await subscription.close()
  await silence()
  if ((await subscription.ended) === 'client') report.good('The stream is closed.')
  else report.note('The server had ended the subscription before.')
}

/** Everything whose changes the server declares to announce, with the first resource as an example. */
function filterFor(capabilities: JsonObject, uri: string | undefined): ListenFilter {
  const declares = (name: string, feature: string): boolean => {
    const settings = capabilities[name]
    return isObject(settings) && settings[feature] === true
  }
  return {
    ...(declares('tools', 'listChanged') ? { toolsListChanged: true } : {}),
    ...(declares('prompts', 'listChanged') ? { promptsListChanged: true } : {}),
    ...(declares('resources', 'listChanged') ? { resourcesListChanged: true } : {}),
    ...(uri !== undefined && declares('resources', 'subscribe') ? { resourceSubscriptions: [uri] } : {}),
  }
}

/** The members of a filter in words. */
function words(filter: ListenFilter): string[] {
  const { toolsListChanged, promptsListChanged, resourcesListChanged, resourceSubscriptions = [] } = filter
  return [
    ...(toolsListChanged === true ? ['the list of tools'] : []),
    ...(promptsListChanged === true ? ['the list of prompts'] : []),
    ...(resourcesListChanged === true ? ['the list of resources'] : []),
    ...resourceSubscriptions.map((uri) => `the resource ${uri}`),
  ]
}
