/**
 * A session as this process sees it while it handles its messages: the facts that its id carries, and what is in
 * flight. It is made when a message comes in and forgotten afterwards; an idle session has no object.
 *
 * @module
 */
import type { McpError } from '../wire/errors.ts'
import type { RequestId } from '../wire/jsonrpc.ts'
import type { SessionState } from './session-entry.ts'
import type { SessionFeed } from './session-feed.ts'
import type { SessionFacts } from './session-id.ts'
import { type SipKey, sipBegin } from './siphash.ts'

/** A request of the client that is being handled. */
export interface InFlight {
  readonly requestId: RequestId
  readonly session: Session
  /** Ends the work; `answer` says whether the client still gets an error for it. */
  abort(reason: McpError, answer: boolean): void
}

const NOTHING: readonly InFlight[] = []

/** The tag of a session id, 16 bytes in base64url, up to the next multiple of eight characters. */
const SIGNED_CHARS = 24

export class Session {
  readonly facts: SessionFacts
  /** The session id as the client sends it. */
  readonly token: string
  readonly #ringKey: SipKey
  #eventKey: SipKey | undefined
  #requestEventKey: SipKey | undefined
  #requestEventBegin: string | undefined
  /** Set as soon as this process knows that the session was deleted. */
  deleted = false
  /** What the session has set, where this process knows it. */
  state: SessionState | undefined
  /** The open GET stream of this session in this process. */
  stream: SessionFeed | undefined
  /** Open SSE connections. */
  openStreams = 0
  /** Questions waiting for an answer. */
  openAsks = 0
  #inFlight: InFlight[] | undefined

  constructor(facts: SessionFacts, token: string, ringKey: SipKey) {
    this.facts = facts
    this.token = token
    this.#ringKey = ringKey
  }

  /**
   * Signs the ids of this session's events: everything signed begins with the end of the session id, which is its
   * authentication tag and so stands for all that is sealed in it, the principal included.
   */
  get eventKey(): SipKey {
    this.#eventKey ??= sipBegin(this.#ringKey, this.#signed())
    return this.#eventKey
  }

  /** The key after the beginning that the events of all request streams of one replica share. */
  requestEventKey(begin: string): SipKey {
    if (this.#requestEventKey === undefined || this.#requestEventBegin !== begin) {
      this.#requestEventKey = sipBegin(this.#ringKey, this.#signed() + begin)
      this.#requestEventBegin = begin
    }
    return this.#requestEventKey
  }

  #signed(): string {
    return this.token.slice(-SIGNED_CHARS).padStart(SIGNED_CHARS, '.')
  }

  /** Whether this stands for requests without a session (`stateless: true`). */
  get stateless(): boolean {
    return this.token === ''
  }

  get inFlight(): readonly InFlight[] {
    return this.#inFlight ?? NOTHING
  }

  /** Whether something holds on to this object, so that it must stay the only one of its session. */
  get busy(): boolean {
    return (this.#inFlight !== undefined && this.#inFlight.length > 0) || this.openStreams > 0 || this.openAsks > 0
  }

  find(requestId: RequestId): InFlight | undefined {
    const calls = this.#inFlight
    if (calls === undefined) return undefined
    for (let at = 0; at < calls.length; at++) if (calls[at]!.requestId === requestId) return calls[at]
    return undefined
  }

  add(call: InFlight): void {
    if (this.#inFlight === undefined) this.#inFlight = [call]
    else this.#inFlight.push(call)
  }

  remove(call: InFlight): void {
    const calls = this.#inFlight
    if (calls === undefined) return
    const at = calls.indexOf(call)
    if (at === -1) return
    const last = calls.pop()!
    if (at < calls.length) calls[at] = last
  }
}
