/**
 * The first phase: what the server says of itself. A client need not ask; a probe has asked already.
 *
 * @see the specification 2026-07-28, server/discover
 * @module
 */
import type { Negotiated } from '../../../testing/client/index.ts'
import { capabilityText, serverText } from '../facts.ts'
import type { Fact } from '../report.ts'
import type { Walker } from '../walker.ts'
import { checkResult } from './result.ts'

export async function walkDiscovery({ client, report, quiet }: Walker): Promise<void> {
  report.phase('discovery', 'There is no handshake: the server says what it speaks and has, to whoever asks.')
  if (client.session === undefined) {
    report.step('server/discover', 'The client asks. It names its revision, its capabilities and itself, as always.')
    await client.discover()
    await quiet()
  }
  const discovered = client.session
  if (discovered === undefined) return
  report.facts(factsOf(discovered))
  checkResult('server/discover', discovered.result, report)
  const { revision, result } = discovered
  if (!versionsOf(result).includes(revision.name)) {
    report.problem(`The server answers ${revision.name}, but does not name it among the revisions it speaks.`)
  }
}

function factsOf({ revision, server, capabilities, instructions, result }: Negotiated): Fact[] {
  const versions = versionsOf(result)
  const named = server.name !== ''
  return [
    { name: 'revision', value: revision.name, text: revision.name },
    { name: 'versions', value: versions, text: versions.join(', ') },
    { name: 'server', value: named ? server : null, text: named ? serverText(server) : 'does not say who it is' },
    { name: 'capabilities', value: capabilities, text: capabilityText(capabilities) },
    ...(instructions === undefined ? [] : [{ name: 'instructions', value: instructions, text: instructions }]),
    { name: 'session', value: null, text: 'none: this era has no sessions' },
  ]
}

function versionsOf({ supportedVersions }: Negotiated['result']): readonly unknown[] {
  return Array.isArray(supportedVersions) ? supportedVersions : []
}
