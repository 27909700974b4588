/**
 * What all questions to the client share: they need a session and a declared capability, and they time out.
 *
 * @module
 */
import { type ClientCapability, hasCapability } from '../wire/capabilities.ts'
import { McpError } from '../wire/errors.ts'
import type { JsonObject } from '../wire/jsonrpc.ts'
import type { AskSettings } from './ask-settings.ts'
import type { Call } from './call.ts'

/** For answers that a program gives by itself. */
export const PROMPT_ANSWER_MS = 60_000

/** For answers that need a person or a model. */
export const SLOW_ANSWER_MS = 300_000

/**
 * @throws {McpError} `stateless` or `capability_missing`, which names what the client did not declare.
 */
export function requireCapability(call: Call, capability: ClientCapability): void {
  if (call.session.stateless && call.session.facts.revision.asks === 'requests') {
    throw new McpError('stateless', `This server is stateless: it can't use the client's "${capability}".`)
  }
  if (hasCapability(call.session.facts.capabilities, capability)) return
  throw missing(capability)
}

export function missing(capability: string): McpError {
  const [name, part] = capability.split('.')
  return new McpError('capability_missing', `The client did not declare the capability "${capability}".`, {
    data: { requiredCapabilities: { [name!]: part === undefined ? {} : { [part]: {} } } },
  })
}

export function askClient(
  call: Call,
  method: string,
  params: JsonObject,
  settings: AskSettings | undefined,
  defaultMs: number,
): Promise<JsonObject> {
  return call.ask({ method, params, settings, defaultMs })
}
