/**
 * Answers the requests of a legacy server: ping, sampling, elicitation, roots.
 *
 * @see the specification, client/sampling, client/elicitation, client/roots, basic/utilities/ping
 * @module
 */
import type { JsonObject, RequestId } from '../../../wire/jsonrpc.ts'
import { isObject } from '../../../wire/jsonrpc.ts'
import { type AskContext, type AskHandlers, answerTo } from '../asks.ts'

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
    if (method === 'ping') return {}
    const answer = answerTo(handlers, method, params, ask)
    if (answer !== undefined) return answer
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
