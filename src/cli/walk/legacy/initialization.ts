/**
 * The first phase: `initialize`, what was agreed on, `initialized`.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import type { Negotiated } from '../../../testing/client/index.ts'
import { shortened } from '../../terminal/text.ts'
import { capabilityText, serverText } from '../facts.ts'
import type { Fact } from '../report.ts'
import type { Walker } from '../walker.ts'

export async function walkInitialization({ client, report, quiet }: Walker, asked: string): Promise<void> {
  report.phase('initialization', 'Client and server agree on a revision and say what each of them can do.')
  report.step('initialize', 'The client names the newest revision it speaks, its capabilities and itself.')
  const negotiated = await client.initialize()
  await quiet()
  report.facts(factsOf(negotiated, asked))
  report.step('initialized', 'The client says that it is ready. From here on both sides may send requests.')
  await client.initialized()
  report.good('Both sides are ready.')
}

function factsOf({ revision, server, capabilities, instructions, sessionId }: Negotiated, asked: string): Fact[] {
  const chosen = revision.name === asked ? revision.name : `${revision.name} (the client asked for ${asked})`
  return [
    { name: 'revision', value: revision.name, text: chosen },
    { name: 'server', value: server, text: serverText(server) },
    { name: 'capabilities', value: capabilities, text: capabilityText(capabilities) },
    ...(instructions === undefined ? [] : [{ name: 'instructions', value: instructions, text: instructions }]),
    {
      name: 'session',
      value: sessionId === undefined ? null : shortened(sessionId),
      text:
        sessionId === undefined
          ? 'none: the server keeps no session'
          : `${shortened(sessionId)}, in every request from now on`,
    },
  ]
}
