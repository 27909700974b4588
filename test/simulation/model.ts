/**
 * What a simulation consists of: replicas, sessions, calls, and the connections between them.
 *
 * @module
 */
import type { Endpoint } from '../../src/http/endpoint.ts'
import type { HttpReply } from '../../src/http/http-message.ts'
import type { Server } from '../../src/index.ts'
import { FakeSink, type Message } from '../unit/fake-sink.ts'
import type { SimulatedEngine } from '../unit/simulated-engine.ts'
import type { SimulatedProcess } from './clock.ts'

/** A connection to a client: what is written becomes known at once, and arrives after a while. */
export class Sink extends FakeSink {
  readonly #written: (sink: Sink) => void
  readonly #over: () => void
  /** Something was written that has not arrived. */
  waiting = false

  constructor(written: (sink: Sink) => void, over: () => void) {
    super()
    this.#written = written
    this.#over = over
  }

  override write(text: string): boolean {
    const kept = super.write(text)
    if (!this.waiting) {
      this.waiting = true
      this.#written(this)
    }
    return kept
  }

  override end(text?: string): void {
    super.end(text)
    this.#over()
  }

  override destroy(): void {
    super.destroy()
    this.#over()
  }
}

export interface SimReplica {
  readonly name: string
  readonly endpoint: Endpoint
  readonly server: Server
  readonly engine: SimulatedEngine
  readonly program: SimulatedProcess
  /** Ends it as `kill -9` does. */
  readonly kill: () => void
  /** What a request gets that is under way then. */
  readonly death: Promise<HttpReply>
  readonly bootedAt: number
  killedAt: number
  dead: boolean
  /** Whether the others had a reason to take it for dead. */
  mayBeLost: boolean
  /** When it stood still last. */
  stoppedSince: number
  stoppedUntil: number
  /** When it was cut off from the engine last, for how long at a stretch. */
  cutSince: number
  cutUntil: number
  readonly sinks: Set<Sink>
}

export interface SimSession {
  readonly token: string
  nextId: number
  /** Its deletion was asked for; whether it happened may be unknown. */
  deleting: boolean
  /** When its deletion was acknowledged. */
  deletedAt: number | undefined
  /** Its session stream, and what it was told: when the one resource last changed, and when it was subscribed to. */
  listener: Sink | undefined
  lastId: string | undefined
  subscribedAt: number | undefined
  /** When the connection began, and the first one that brought a place to come back to. */
  openedAt: number
  listeningSince: number | undefined
  toldAt: number
}

export interface SimCall {
  readonly session: SimSession
  readonly id: number
  readonly tag: string
  readonly tool: 'count' | 'ask' | 'hold'
  readonly to: number
  readonly owner: SimReplica
  sink: Sink | undefined
  lastId: string | undefined
  readonly messages: Message[]
  readonly answered: Set<string>
  /** When its latest connection began, and when its answer arrived. */
  attachedAt: number
  endedAt: number
  /** Its answer was acknowledged. */
  answerTaken: boolean
  cancelled: boolean
  /** How it ended, once it has. */
  outcome: string | undefined
}

/** A change of the resource, by whom it was announced. */
export interface SimUpdate {
  readonly at: number
  readonly by: SimReplica
}
