/**
 * One serving of a definition: the services of this process put together, and how they end.
 *
 * @module
 */
import { Elicitations } from '../call/elicitations.ts'
import { Parking } from '../call/parking.ts'
import type { CallServices } from '../call/services.ts'
import type { Engine } from '../engine/engine.ts'
import type { Platform } from '../engine/platform.ts'
import { Asks } from '../session/asks.ts'
import { Cluster } from '../session/cluster.ts'
import { KeyRing } from '../session/key-ring.ts'
import type { Limits } from '../session/limits.ts'
import { ListenStreams } from '../session/listen-streams.ts'
import { Replica, type ReportError } from '../session/replica.ts'
import type { Session } from '../session/session.ts'
import { SessionStreams } from '../session/session-streams.ts'
import { Sessions } from '../session/sessions.ts'
import { McpError } from '../wire/errors.ts'
import type { Definition } from './definition.ts'

export interface ServingOptions {
  readonly platform: Platform
  readonly engine: Engine
  readonly secrets: readonly string[]
  readonly limits: Limits
  readonly report: ReportError
  readonly state: unknown
  /** See {@link CallServices.stateful}. */
  readonly stateful: boolean
}

export class Serving {
  readonly definition: Definition
  readonly services: CallServices
  readonly replica: Replica
  readonly #cluster: Cluster
  readonly #engine: Engine
  readonly #unlisten: () => void

  private constructor(
    definition: Definition,
    engine: Engine,
    replica: Replica,
    cluster: Cluster,
    services: CallServices,
  ) {
    this.definition = definition
    this.replica = replica
    this.services = services
    this.#cluster = cluster
    this.#engine = engine
    this.#unlisten = definition.listen({
      listChanged: (list) => cluster.announce({ v: 1, t: 'list', list }),
      resourceUpdated: (uri) => cluster.announce({ v: 1, t: 'updated', uri }),
      elicitationComplete: (id) => {
        services.elicitations.complete(id).catch((thrown) => replica.report(thrown, 'elicitation'))
      },
    })
  }

  static async start(definition: Definition, options: ServingOptions): Promise<Serving> {
    const { platform, engine, limits, report } = options
    const [store, ring] = await Promise.all([
      engine.open(() => report(new Error('The engine lost its data.'), 'engine')),
      KeyRing.create(platform, definition.identity.name, options.secrets),
    ])
    const replica = new Replica({ platform, store, ring, limits, report })
    const cluster: Cluster = new Cluster({
      store,
      wheel: replica.wheel,
      tags: replica.tags,
      apply: (entry) => {
        sessions.apply(entry)
        streams.apply(entry)
        listens.apply(entry)
      },
      onGap: () => {
        streams.gap()
        listens.gap()
      },
      onError: (thrown) => report(thrown, 'cluster log'),
    })
    const sessions = new Sessions(replica, cluster)
    const asks = new Asks(replica)
    const listens = new ListenStreams()
    const streams = new SessionStreams(replica, sessions, cluster, asks, definition)
    await cluster.join(replica.id)
    const services: CallServices = {
      replica,
      asks,
      sessions,
      sessionStreams: streams,
      elicitations: new Elicitations(streams),
      parking: new Parking(replica),
      listens,
      stateful: options.stateful,
      state: options.state,
    }
    return new Serving(definition, engine, replica, cluster, services)
  }

  /**
   * Lets go: session streams end, calls go on until they are done or `deadlineMs` has passed, and then end with an
   * error that their clients get.
   */
  async drain(deadlineMs: number): Promise<void> {
    const { replica, services } = this
    replica.draining = true
    services.sessionStreams.letGo()
    if (services.listens.closeAll()) await new Promise<void>((resolve) => replica.platform.afterTurn(resolve))
    const end = replica.platform.now() + deadlineMs
    while (replica.calls.size > 0 && replica.platform.now() < end) await this.#wait(Math.min(50, deadlineMs))
    const reason = new McpError('replica_lost', 'The server shut down before the request was done.')
    for (const call of [...replica.calls]) call.abort(reason, true)
    for (const hook of this.definition.closeHooks) {
      try {
        await hook()
      } catch (thrown) {
        replica.counters.hookErrors++
        replica.report(thrown, 'onClose')
      }
    }
  }

  async close(): Promise<void> {
    this.#unlisten()
    this.#cluster.stop()
    this.replica.wheel.stop()
    await this.#engine.close()
  }

  /** Runs the session hooks without holding up the request that caused them. */
  runSessionHooks(session: Session, event: 'open' | 'close'): void {
    if (this.definition.sessionHooks.length === 0) return
    void this.definition.runSessionHooks(session.facts, event, (thrown) => {
      this.replica.counters.hookErrors++
      this.replica.report(thrown, 'onSession')
    })
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => void this.replica.wheel.after(ms, resolve))
  }
}
