/**
 * The walk of the modern era, which has no lifecycle: what the server says of itself, what it offers, and a subscription.
 *
 * @see the specification 2026-07-28, basic/index, "Statelessness"
 * @module
 */
import { isObject } from '../../../wire/jsonrpc.ts'
import { walkOffers } from '../offers.ts'
import { attempt, type Plan, type Walker } from '../walker.ts'
import { walkDiscovery } from './discovery.ts'
import { walkListening } from './listening.ts'

export async function walkModern(walker: Walker, { call }: Plan): Promise<void> {
  const { client, report } = walker
  await walkDiscovery(walker)
  report.phase('operation', 'Every request says all about itself, and is answered on its own.')
  if (isObject(client.session?.capabilities['logging'])) {
    await client.setLogLevel('debug')
    report.note('From here on each request asks, in its _meta, for log messages from debug up.')
  }
  const { uri } = await walkOffers(walker, call)
  await attempt(report, () => walkListening(walker, uri))
}
