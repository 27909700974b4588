/**
 * Answers the requests of the server: ping, sampling, elicitation, roots.
 *
 * @see the specification, client/sampling, client/elicitation, client/roots, basic/utilities/ping
 * @module
 */
import type { JsonObject, RequestId } from '../../wire/jsonrpc.ts'
import { isObject } from '../../wire/jsonrpc.ts'
import type { ClientRevision } from './revisions.ts'

/** What a handler gets besides the params of the question. */
export interface AskContext {
  /** The JSON-RPC id of the question. */
  readonly id: RequestId
  /** Aborted when the server cancels the question; its answer is then not sent. */
  readonly signal: AbortSignal
  /** Reports progress, if the server asked for it. */
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
 * The handlers of the client. What has a handler is declared as a capability at `initialize`. A handler that throws
 * makes a JSON-RPC error of its message; throw an object with a numeric `code` to choose the code.
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
    ...(handlers.roots ? { roots: { listChanged: true } } : {}),
  }
}

/** How answers and notifications get back to the server. */
export interface AskOutlet {
  answer(method: string, id: RequestId, response: JsonObject): Promise<void>
  notify(method: string, params: JsonObject): Promise<void>
  /** Called when a question starts; the returned function when it is answered. */
  begin(): () => void
}

/** The questions that are being answered. */
export interface Asks {
  /** Takes a request of the server. Resolves when the answer was delivered. */
  take(method: string, id: RequestId, params: JsonObject): Promise<void>
  /** Takes the params of `notifications/cancelled`. */
  cancel(params: JsonObject): void
  cancelAll(): void
}

const METHOD_NOT_FOUND = -32601
const INTERNAL_ERROR = -32603

export function createAsks(handlers: AskHandlers, outlet: AskOutlet): Asks {
  const open = new Map<RequestId, AbortController>()

  function run(method: string, params: JsonObject, ask: AskContext): unknown {
    const { sampling, elicitation, roots } = handlers
    if (method === 'ping') return {}
    // The server is trusted to send what the specification says; a test of a wrong server looks at the exchanges.
    if (method === 'sampling/createMessage' && sampling) return sampling(params as SamplingParams, ask)
    if (method === 'elicitation/create' && elicitation) return elicitation(params as ElicitationParams, ask)
    if (method === 'roots/list' && roots) return listRoots(roots)
    throw Object.assign(new Error(`This client does not answer ${method}.`), { code: METHOD_NOT_FOUND })
  }

  return {
    async take(method, id, params) {
      const controller = new AbortController()
      open.set(id, controller)
      const end = outlet.begin()
      const response = await respond(() => run(method, params, contextOf(id, params, controller.signal, outlet)))
      end()
      // A cancelled request must not be answered.
      if (open.get(id) !== controller) return
      open.delete(id)
      await outlet.answer(method, id, { jsonrpc: '2.0', id, ...response })
    },
    cancel(params) {
      const id = params['requestId'] as RequestId
      const controller = open.get(id)
      open.delete(id)
      controller?.abort(new Error('the server cancelled the question'))
    },
    cancelAll() {
      for (const controller of open.values()) controller.abort(new Error('the client was closed'))
      open.clear()
    },
  }
}

async function respond(run: () => unknown): Promise<JsonObject> {
  try {
    return { result: await run() }
  } catch (thrown) {
    const code = isObject(thrown) && Number.isInteger(thrown['code']) ? thrown['code'] : INTERNAL_ERROR
    return { error: { code, message: thrown instanceof Error ? thrown.message : String(thrown) } }
  }
}

async function listRoots(roots: NonNullable<AskHandlers['roots']>): Promise<JsonObject> {
  return { roots: typeof roots === 'function' ? await roots() : roots }
}

function contextOf(id: RequestId, params: JsonObject, signal: AbortSignal, outlet: AskOutlet): AskContext {
  const meta = params['_meta']
  const token = isObject(meta) ? meta['progressToken'] : undefined
  return {
    id,
    signal,
    async progress(progress, total, message) {
      if (token === undefined || signal.aborted) return
      await outlet.notify('notifications/progress', {
        progressToken: token,
        progress,
        ...(total === undefined ? {} : { total }),
        ...(message === undefined ? {} : { message }),
      })
    },
  }
}
