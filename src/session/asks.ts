/**
 * Questions to the client and their answers. An answer is accepted only for the same session, the same principal and
 * an outstanding tag, and once.
 *
 * @see the specification, client/sampling, client/elicitation, client/roots, basic/utilities/ping
 * @module
 */
import type { Timer } from '../engine/platform.ts'
import { McpError } from '../wire/errors.ts'
import { type JsonObject, type JsonRpcResponse, notificationMessage, requestMessage } from '../wire/jsonrpc.ts'
import { addressOf } from './inbox.ts'
import type { Replica } from './replica.ts'
import type { Session } from './session.ts'

/** The way to the client that a question takes, and its withdrawal after it. */
export interface AskRoute {
  /**
   * Sends a question, or with no `id` the withdrawal of the question `withdrawn`. Rejects with `ask_unreachable` where
   * no stream leads to the client.
   */
  sendAsk(text: string, id: string | undefined, withdrawn?: string): void | Promise<void>
}

export interface AskOptions {
  /** Milliseconds without an answer or progress of the client until the question is withdrawn. */
  readonly timeoutMs: number
  /** Milliseconds until it is withdrawn whatever progress there was. */
  readonly maxTimeoutMs: number
  /** Progress that the client reports about its work on the answer. */
  readonly onProgress?: (progress: number, total?: number, message?: string) => void
}

interface Ask {
  readonly id: string
  readonly session: Session
  readonly route: AskRoute
  readonly call: number
  readonly options: AskOptions
  readonly resolve: (result: JsonObject) => void
  readonly reject: (reason: McpError) => void
  readonly deadline: number
  timer: Timer
}

export class Asks {
  readonly #replica: Replica
  readonly #open = new Map<string, Ask>()

  constructor(replica: Replica) {
    this.#replica = replica
  }

  /** Questions waiting for an answer. */
  get size(): number {
    return this.#open.size
  }

  /** Whether somebody may still wait for the answer to this question, here or on the replica that asked it. */
  isOpen(id: string): boolean {
    const elsewhere = this.#elsewhere(id)
    return elsewhere === undefined ? this.#open.has(id) : !this.#replica.peers!.isDead(elsewhere)
  }

  /**
   * Asks and waits.
   *
   * @param call the number of the call that asks; 0 outside calls.
   * @throws {McpError} `ask_timeout`, `ask_unreachable`, `ask_rejected` (the client answered with an error),
   *   `too_many_requests`, or the reason for which the call ended.
   */
  ask(
    session: Session,
    call: number,
    route: AskRoute,
    method: string,
    params: JsonObject,
    options: AskOptions,
  ): Promise<JsonObject> {
    const { counters, limits, usage, wheel, platform, tags, id: replica } = this.#replica
    const { principal } = session.facts
    if (session.openAsks >= limits.asksPerSession) {
      counters.limitsHit++
      const limit = limits.asksPerSession
      return Promise.reject(
        new McpError(
          'too_many_requests',
          `The client already has ${limit} unanswered questions (limits.asksPerSession).`,
        ),
      )
    }
    if (usage.full(principal, 'asks', limits.asksPerPrincipal)) {
      counters.limitsHit++
      const limit = limits.asksPerPrincipal
      return Promise.reject(
        new McpError(
          'too_many_requests',
          `${limit} questions to this identity wait already (limits.asksPerPrincipal).`,
        ),
      )
    }
    // Replica and call route the answer; the tag makes it unguessable; 0: the question is not durable.
    const id = `${replica}.${call.toString(36)}.${tags.next()}.0`
    return new Promise((resolve, reject) => {
      const ask: Ask = {
        id,
        session,
        route,
        call,
        options,
        resolve,
        reject,
        deadline: platform.now() + options.maxTimeoutMs,
        timer: wheel.after(options.timeoutMs, () => this.#expire(ask)),
      }
      this.#open.set(id, ask)
      session.openAsks++
      usage.add(principal, 'asks')
      counters.asksSent++
      const meta = { ...(params['_meta'] as JsonObject | undefined), progressToken: id }
      const send = (): void | Promise<void> => {
        if (this.#open.has(id)) return route.sendAsk(requestMessage(id, method, { ...params, _meta: meta }), id)
      }
      const { entering } = this.#replica
      const sent = entering === undefined ? send() : entering.then(send)
      if (sent !== undefined) sent.catch((thrown: McpError) => this.#settle(ask)?.reject(thrown))
    })
  }

  /**
   * Takes the client's answer, or leads it to the replica that asked: then the promise resolves when the answer can't
   * be lost any more.
   *
   * @throws {McpError} `unavailable`
   */
  answer(session: Session, response: JsonRpcResponse): void | Promise<void> {
    const { uid, principal } = session.facts
    const elsewhere = this.#elsewhere(response.id)
    if (elsewhere === undefined) this.take(uid, principal, response)
    else return this.#replica.peers!.forward(elsewhere, { v: 1, t: 'answer', uid, principal, response })
  }

  /** Takes an answer to a question of this replica. `false`: nobody here asked that of this session. */
  take(uid: string, principal: string, response: JsonRpcResponse): boolean {
    const ask = typeof response.id === 'string' ? this.#find(uid, principal, response.id) : undefined
    if (ask === undefined) {
      this.#replica.counters.answersUnknown++
      return false
    }
    this.#settle(ask)
    this.#replica.counters.asksAnswered++
    if (response.error !== undefined) {
      const { code, message } = response.error
      ask.reject(
        new McpError('ask_rejected', `The client answered with an error: ${message.slice(0, 500)}`, { data: { code } }),
      )
    } else {
      ask.resolve(response.result ?? {})
    }
    return true
  }

  /**
   * The client reports progress on an answer, which may be one to another replica.
   *
   * @throws {McpError} `unavailable`
   */
  progress(session: Session, params: JsonObject): void | Promise<void> {
    const { uid, principal } = session.facts
    const elsewhere = this.#elsewhere(params['progressToken'])
    if (elsewhere === undefined) this.progressed(uid, principal, params)
    else return this.#replica.peers!.forward(elsewhere, { v: 1, t: 'progress', uid, principal, params })
  }

  /** The client is working on an answer to this replica, so the time-out starts anew. */
  progressed(uid: string, principal: string, params: JsonObject): void {
    const token = params['progressToken']
    const ask = typeof token === 'string' ? this.#find(uid, principal, token) : undefined
    const progress = params['progress']
    if (ask === undefined || typeof progress !== 'number') return
    const left = ask.deadline - this.#replica.platform.now()
    ask.timer.cancel()
    ask.timer = this.#replica.wheel.after(Math.max(0, Math.min(ask.options.timeoutMs, left)), () => this.#expire(ask))
    const { total, message } = params
    const failed = (thrown: unknown): void => this.#replica.report(thrown, 'onProgress')
    try {
      const outcome: unknown = ask.options.onProgress?.(
        progress,
        typeof total === 'number' ? total : undefined,
        typeof message === 'string' ? message : undefined,
      )
      if (outcome instanceof Promise) outcome.catch(failed)
    } catch (thrown) {
      failed(thrown)
    }
  }

  /** Ends a question that can't be answered any more. */
  reject(id: string, reason: McpError): void {
    const ask = this.#open.get(id)
    if (ask !== undefined) this.#settle(ask)?.reject(reason)
  }

  /** Withdraws the questions of a call that has ended. */
  withdrawCall(call: number, reason: McpError): void {
    for (const ask of this.#open.values()) if (ask.call === call) this.#withdraw(ask, reason)
  }

  /** Withdraws the questions of a session that was deleted. */
  withdrawSession(session: Session, reason: McpError): void {
    for (const ask of this.#open.values()) if (ask.session === session) this.#settle(ask)?.reject(reason)
  }

  /** The replica that an ask id leads to, if it is another one. */
  #elsewhere(id: unknown): string | undefined {
    if (this.#replica.peers === undefined || typeof id !== 'string') return undefined
    const address = addressOf(id)
    return address === undefined || this.#replica.isOwn(address) ? undefined : address
  }

  #find(uid: string, principal: string, id: string): Ask | undefined {
    const ask = this.#open.get(id)
    const same = ask?.session.facts.uid === uid && ask.session.facts.principal === principal
    return same ? ask : undefined
  }

  #expire(ask: Ask): void {
    this.#replica.counters.asksTimedOut++
    this.#withdraw(ask, new McpError('ask_timeout', 'The client did not answer in time.'))
  }

  #withdraw(ask: Ask, reason: McpError): void {
    if (this.#settle(ask) === undefined) return
    const text = notificationMessage('notifications/cancelled', { requestId: ask.id, reason: reason.message })
    const sent = ask.route.sendAsk(text, undefined, ask.id)
    if (sent !== undefined) sent.catch(() => {})
    ask.reject(reason)
  }

  /** Takes the question off the list; `undefined` when it was settled before. */
  #settle(ask: Ask): Ask | undefined {
    if (!this.#open.delete(ask.id)) return undefined
    ask.timer.cancel()
    ask.session.openAsks--
    this.#replica.usage.remove(ask.session.facts.principal, 'asks')
    return ask
  }
}
