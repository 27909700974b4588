/**
 * `requestState`: what a server hands to the client with its questions, and gets back with the answers. To the client
 * it is opaque; here it says which request it belongs to, and how its handler goes on.
 *
 * It is attacker-controlled when it comes back, so everything that it is bound to is compared: principal, method,
 * arguments, the version of the handler and the time. Where nothing waits for it, it holds what the handler has got so
 * far, and is sealed; where a call waits, it is the signed address of that call (parked-address.ts).
 *
 * @see the specification 2026-07-28, basic/patterns/mrtr, "Server Requirements"
 * @module
 */
import type { MaybePromise } from '../engine/platform.ts'
import type { Replica } from '../session/replica.ts'
import { encodeBase64url } from '../wire/base64url.ts'
import { canonicalJson } from '../wire/canonical-json.ts'
import { McpError } from '../wire/errors.ts'
import { isObject, type JsonObject } from '../wire/jsonrpc.ts'
import { sameJson } from '../wire/same-json.ts'
import type { Journal } from './journal.ts'

/** The longest `requestState` in characters: it travels in the body of every retry, and a body is bounded as well. */
export const MAX_STATE_CHARS = 65_536

/** How often one request may ask its client for input. More is a loop. */
export const MAX_ROUNDS = 8

/** The request that a state belongs to. Each part is compared when the state comes back. */
export interface Origin {
  readonly principal: string
  readonly method: string
  readonly params: JsonObject
  /** The request as it came. Handlers get what was parsed of it, and may have changed that by the time they ask. */
  readonly text: string
  /** Of the handler: the author's, or the server's. A state of another version fits no longer. */
  readonly version: string
}

/** What the state of a request that nothing waits for says. */
export interface RequestState {
  /** How the request goes on. */
  readonly journal: Journal
  /** Questions asked so far, in rounds. */
  readonly round: number
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

interface Sealed {
  /** Format version. */
  readonly v: 1
  readonly principal: string
  readonly method: string
  readonly digest: string
  readonly version: string
  readonly state: RequestState
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

/** Parameters without those that belong to one exchange rather than to the request. */
function ofTheRequest({ _meta, inputResponses, requestState, ...rest }: JsonObject): JsonObject {
  return rest
}

function originalParams({ text }: Origin): JsonObject {
  return (JSON.parse(text) as { readonly params?: JsonObject }).params ?? {}
}

/** Whether the parameters of a retry are those of the request that it retries. */
export function sameRequest(origin: Origin, params: JsonObject): boolean {
  return sameJson(ofTheRequest(originalParams(origin)), ofTheRequest(params))
}

/** Stands for the arguments of a request. Collisions would let a client change them between two rounds: SHA-256. */
function digestOf(replica: Replica, params: JsonObject): MaybePromise<string> {
  const hash = replica.platform.crypto.sha256(encoder.encode(canonicalJson(ofTheRequest(params))))
  return hash instanceof Promise ? hash.then((bytes) => encodeBase64url(bytes)) : encodeBase64url(hash)
}

/** At once where the platform's cryptography is. */
export function sealState(replica: Replica, origin: Origin, state: RequestState): MaybePromise<string> {
  const { principal, method, version } = origin
  const seal = (digest: string): MaybePromise<string> => {
    const sealed: Sealed = { v: 1, principal, method, digest, version, state }
    return replica.ring.seal('request-state', encoder.encode(JSON.stringify(sealed)))
  }
  const digest = digestOf(replica, originalParams(origin))
  return digest instanceof Promise ? digest.then(seal) : seal(digest)
}

/**
 * Opens the state that came with a request.
 *
 * @throws {McpError} `request_state_invalid`, in one sentence for every reason: who tries states out learns nothing.
 */
export async function openState(replica: Replica, origin: Origin, text: unknown): Promise<RequestState> {
  if (typeof text !== 'string' || text.length > MAX_STATE_CHARS) throw invalidState()
  const opened = await replica.ring.open('request-state', text)
  if (typeof opened === 'string') throw invalidState()
  const sealed = JSON.parse(decoder.decode(opened.bytes)) as Sealed
  const fits =
    sealed.v === 1 &&
    sealed.principal === origin.principal &&
    sealed.method === origin.method &&
    sealed.version === origin.version &&
    sealed.digest === (await digestOf(replica, origin.params)) &&
    sealed.state.expiresAt > replica.platform.now()
  if (!fits) throw invalidState()
  return sealed.state
}

/** Whatever else a state is shown with than the request that it was given for. */
export function invalidState(): McpError {
  return new McpError(
    'request_state_invalid',
    'requestState: is not one that this server gave for this request, or it has expired.',
  )
}

/** The state was good, and has been used, or what it led to is gone. */
export function spentState(): McpError {
  return new McpError('request_state_spent', 'requestState: was used already, or the call that waited for it is gone.')
}

/** The answers that a retry carries, by the keys of their questions. What is no object is no answer. */
export function readResponses(params: JsonObject): JsonObject {
  const responses = params['inputResponses']
  return isObject(responses) ? responses : NO_RESPONSES
}

const NO_RESPONSES: JsonObject = {}
