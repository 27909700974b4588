/**
 * The questions of a server, and the handlers that answer them: the same for both eras.
 *
 * @see the specification, client/sampling, client/elicitation, client/roots
 * @module
 */
import type { JsonObject, RequestId } from '../../wire/jsonrpc.ts'
import type { ClientRevision } from './revisions.ts'

/** What a handler gets besides the params of the question. */
export interface AskContext {
  /** The JSON-RPC id of the question; in the modern era the key that the server gave to it. */
  readonly id: RequestId
  /** Aborted when the server cancels the question, or the caller the request that it belongs to. */
  readonly signal: AbortSignal
  /** Reports progress, if the server asked for it. It cannot in the modern era. */
  progress(progress: number, total?: number, message?: string): Promise<void>
}

/** Params of `sampling/createMessage`. */
export interface SamplingParams extends JsonObject {
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: unknown }[]
  readonly maxTokens: number
  readonly systemPrompt?: string
}

/** Result of `sampling/createMessage`. */
export interface SamplingAnswer {
  readonly role: 'assistant'
  readonly content: unknown
  readonly model: string
  readonly stopReason?: string
}

/** Params of `elicitation/create`. `mode` is absent for a form in revisions before 2025-11-25. */
export interface ElicitationParams extends JsonObject {
  readonly message: string
  readonly mode?: 'form' | 'url'
  readonly requestedSchema?: JsonObject
  readonly url?: string
  readonly elicitationId?: string
}

/** Result of `elicitation/create`. */
export type ElicitationAnswer =
  | { readonly action: 'accept'; readonly content?: JsonObject }
  | { readonly action: 'decline' | 'cancel' }

export interface ClientRoot {
  /** A `file://` URI. */
  readonly uri: string
  readonly name?: string
}

/**
 * The handlers of the client, for every revision. What has a handler is declared as a capability. A handler that throws
 * makes a JSON-RPC error of its message; throw an object with a numeric `code` to choose the code. In the modern era,
 * where an answer cannot be an error, the request that needed the answer is rejected with `ask_failed`.
 */
export interface AskHandlers {
  readonly sampling?: (params: SamplingParams, ask: AskContext) => SamplingAnswer | Promise<SamplingAnswer>
  readonly elicitation?: (params: ElicitationParams, ask: AskContext) => ElicitationAnswer | Promise<ElicitationAnswer>
  readonly roots?: readonly ClientRoot[] | (() => readonly ClientRoot[] | Promise<readonly ClientRoot[]>)
}

/** The capabilities that the handlers amount to, in the words of a revision. */
export function capabilitiesOf(handlers: AskHandlers, revision: ClientRevision): JsonObject {
  return {
    ...(handlers.sampling ? { sampling: {} } : {}),
    ...(handlers.elicitation && revision.elicitation === 'form' ? { elicitation: {} } : {}),
    ...(handlers.elicitation && revision.elicitation === 'modes' ? { elicitation: { form: {}, url: {} } } : {}),
    ...(handlers.roots ? { roots: revision.rootsChange ? { listChanged: true } : {} } : {}),
  }
}

/** Runs the handler of a question. `undefined` where the client has none. */
export function answerTo(handlers: AskHandlers, method: string, params: JsonObject, ask: AskContext): unknown {
  const { sampling, elicitation, roots } = handlers
  // The server is trusted to send what the specification says; a test of a wrong server looks at the exchanges.
  if (method === 'sampling/createMessage' && sampling) return sampling(params as SamplingParams, ask)
  if (method === 'elicitation/create' && elicitation) return elicitation(params as ElicitationParams, ask)
  if (method === 'roots/list' && roots) return listRoots(roots)
  return undefined
}

async function listRoots(roots: NonNullable<AskHandlers['roots']>): Promise<JsonObject> {
  return { roots: typeof roots === 'function' ? await roots() : roots }
}
