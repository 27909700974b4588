/**
 * The first phase: `initialize`, what was agreed on, `initialized`.
 *
 * @see the specification, basic/lifecycle, "Initialization"
 * @module
 */
import type { Negotiated } from '../../testing/client/index.ts'
import { isObject, type JsonObject } from '../../wire/jsonrpc.ts'
import { shortened } from '../terminal/text.ts'
import type { Fact } from './report.ts'
import type { Walker } from './walker.ts'

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
  const title = server.title === undefined ? '' : `, “${server.title}”`
  return [
    { name: 'revision', value: revision.name, text: chosen },
    { name: 'server', value: server, text: `${server.name} ${server.version}${title}` },
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

/** `logging, tools (listChanged)`. */
function capabilityText(capabilities: JsonObject): string {
  const words = Object.entries(capabilities).map(([name, details]) => {
    const features = isObject(details) ? Object.keys(details).filter((key) => details[key] !== false) : []
    return features.length === 0 ? name : `${name} (${features.join(', ')})`
  })
  return words.join(', ') || 'none'
}
