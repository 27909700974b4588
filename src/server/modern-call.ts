/**
 * Starts the call of a modern request, or takes up again the one that its `requestState` leads to.
 *
 * @see the specification 2026-07-28, basic/index, "Statelessness"; basic/patterns/mrtr
 * @module
 */
import { Call } from '../call/call.ts'
import type { Exchange } from '../call/exchange.ts'
import type { Present } from '../call/input-required.ts'
import { Parked } from '../call/parked.ts'
import { isAddress, readAddress } from '../call/parked-address.ts'
import type { Cancellable } from '../call/parking.ts'
import { ASKLESS, STATELESS } from '../call/refusing.ts'
import { Replayed } from '../call/replayed.ts'
import { type Origin, openState, readResponses, spentState } from '../call/request-state.ts'
import type { Way } from '../call/way.ts'
import type { MaybePromise } from '../engine/platform.ts'
import { sessionOfRequest } from '../session/forwarded-retry.ts'
import type { Session } from '../session/session.ts'
import { fitName } from '../session/session-id.ts'
import { capabilityBits, hasCapability } from '../wire/capabilities.ts'
import type { Envelope } from '../wire/envelope.ts'
import { McpError, toMcpError } from '../wire/errors.ts'
import { errorMessage, isObject, type JsonRpcRequest, type JsonText } from '../wire/jsonrpc.ts'
import type { Definition } from './definition.ts'
import { forwardRetry } from './retried-call.ts'
import type { Serving } from './serving.ts'
import type { Tool } from './tool.ts'

/** "Servers MAY send InputRequiredResult responses on the following client requests". */
const MAY_ASK: readonly string[] = ['tools/call', 'prompts/get', 'resources/read']

/** One modern request, with its envelope read. */
export interface ModernRequest extends Exchange {
  readonly request: JsonRpcRequest
  /** The same as it came, as JSON text. */
  readonly text: string
}

/** What stands for a session where there is none: everything that this one request says of its client. */
export function requestSession(serving: Serving, envelope: Envelope, principal: string): Session {
  const { definition, replica } = serving
  const { revision, capabilities, client, logLevel } = envelope
  const extensions = definition.readExtensions(capabilities, revision)
  return sessionOfRequest(replica, {
    revision,
    capabilities: capabilityBits(capabilities),
    client: { name: fitName(client.name), version: fitName(client.version) },
    principal,
    extensions: Object.keys(extensions).length === 0 ? '' : JSON.stringify(extensions),
    level: logLevel,
  })
}

/** Hears of the call as soon as there is one in this exchange, so that a disconnect can cancel it. */
export type Started = (call: Cancellable) => void

/** Handles a request to its end, or to the end of this exchange. */
export function startModern(serving: Serving, request: ModernRequest, started: Started): MaybePromise<void> {
  const { method, params } = request.request
  const origin: Origin = {
    principal: request.session.facts.principal,
    method,
    params: params ?? {},
    text: request.text,
    version: versionOf(serving.definition, request),
  }
  const state = MAY_ASK.includes(method) ? params?.['requestState'] : undefined
  if (state === undefined) {
    run(serving, request, wayOf(serving, request, origin), started)
    return
  }
  if (!isAddress(state)) return replay(serving, request, origin, state, started)
  try {
    return resume(serving, request, origin, state, started)
  } catch (thrown) {
    refuse(serving, request, thrown)
  }
}

/** Leads a retry to the call that waits for it. */
function resume(
  serving: Serving,
  request: ModernRequest,
  origin: Origin,
  state: string,
  started: Started,
): MaybePromise<void> {
  const { replica, parking } = serving.services
  const address = readAddress(replica, origin, state)
  if (!replica.isOwn(address.replica)) {
    return forwardRetry(replica, request, address, started).catch((thrown: unknown) => refuse(serving, request, thrown))
  }
  const parked = parking.find(address.tag)
  if (parked === undefined) throw spentState()
  const call = parked.take(request, address.round, readResponses(origin.params))
  if (call !== undefined) started(call)
}

/** Runs a handler again, with what the state holds for it. */
async function replay(
  serving: Serving,
  request: ModernRequest,
  origin: Origin,
  text: unknown,
  started: Started,
): Promise<void> {
  try {
    const { round, journal } = await openState(serving.replica, origin, text)
    const responses = readResponses(origin.params)
    run(serving, request, new Replayed(origin, serving.definition.present, { round, journal, responses }), started)
  } catch (thrown) {
    refuse(serving, request, thrown)
  }
}

function refuse({ replica }: Serving, { request, outlet }: ModernRequest, thrown: unknown): void {
  const error = toMcpError(thrown)
  replica.counters.callsFailed++
  if (error.cause !== undefined) replica.report(error.cause, request.method)
  outlet.finish(errorMessage(request.id, error), error)
}

function run(serving: Serving, request: ModernRequest, way: Way, started: Started): void {
  const { services, definition, replica } = serving
  const { session, identity, headers, outlet } = request
  const call = new Call(services, session, identity, headers, request.request, replica.nextCall(), outlet, way)
  started(call)
  const { dispatchModern } = definition
  const present = serving.definition.present
  call.run((running) => {
    try {
      const result = dispatchModern(running)
      if (!(result instanceof Promise)) return present(result, 'complete')
      return result.then(
        (late) => present(late, 'complete'),
        (thrown: unknown) => askForUrls(running, present, thrown),
      )
    } catch (thrown) {
      return askForUrls(running, present, thrown)
    }
  })
}

/**
 * What a handler of 2025-11-25 throws when the user has to open a page first has become a question: the retry calls
 * the handler again.
 *
 * @throws everything else, as it is.
 */
function askForUrls(call: Call, present: Present, thrown: unknown): JsonText {
  if (!(thrown instanceof McpError) || thrown.code !== 'url_elicitation_required') throw thrown
  const listed = isObject(thrown.data) ? thrown.data['elicitations'] : undefined
  const pages = Array.isArray(listed) ? listed.filter(isObject) : []
  const able = hasCapability(call.session.facts.capabilities, 'elicitation.url') && MAY_ASK.includes(call.method)
  if (!able || pages.length === 0) {
    throw new McpError('capability_missing', thrown.message, {
      data: { requiredCapabilities: { elicitation: { url: {} } } },
    })
  }
  const inputRequests = Object.fromEntries(
    pages.map(({ message, url }, at) => [
      `elicitation-${at + 1}`,
      { method: 'elicitation/create', params: { mode: 'url', message, url } },
    ]),
  )
  return present({ inputRequests }, 'input_required')
}

function wayOf(serving: Serving, request: ModernRequest, origin: Origin): Way {
  if (!MAY_ASK.includes(request.request.method)) return ASKLESS
  const tool = toolOf(serving.definition, request)
  if (tool?.definition.durable) return new Replayed(origin, serving.definition.present, undefined)
  return serving.services.stateful ? new Parked(origin, serving.definition.present) : STATELESS
}

function versionOf(definition: Definition, request: ModernRequest): string {
  return toolOf(definition, request)?.definition.version ?? definition.identity.version
}

/** The tool that a request calls, if it calls one that exists for its caller. */
function toolOf(definition: Definition, { request, identity }: ModernRequest): Tool | undefined {
  const name = request.params?.['name']
  return request.method === 'tools/call' && typeof name === 'string' ? definition.tools.get(name, identity) : undefined
}
