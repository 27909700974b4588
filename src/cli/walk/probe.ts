/**
 * The phase before all others, where the era is not given: asks the server, and says what its answer means.
 *
 * @see the specification 2026-07-28, basic/versioning, "Backward Compatibility"
 * @module
 */
import type { EraFinding } from '../../testing/client/index.ts'
import type { Walker } from './walker.ts'

export async function walkProbe({ client, report, quiet }: Walker): Promise<EraFinding> {
  report.phase(
    'probe',
    'Modern servers answer each request by itself; legacy ones want a handshake first. Which is it?',
  )
  report.step('server/discover', 'A request of the modern era, which a legacy server does not know.')
  const finding = await client.probe()
  await quiet()
  const { era, name } = finding.revision
  report.facts([{ name: 'era', value: { era, revision: name, why: finding.why }, text: `${era}, ${name}` }])
  report.good(finding.why)
  return finding
}
