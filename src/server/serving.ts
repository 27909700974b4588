/**
 * One serving of a definition: the services of this process put together, and how they end.
 *
 * @module
 */
import { Elicitations } from '../call/elicitations.ts'
import { Parking } from '../call/parking.ts'
import type { CallServices } from '../call/services.ts'
import type { Engine, Store } from '../engine/engine.ts'
import type { Platform } from '../engine/platform.ts'
import { Asks } from '../session/asks.ts'
import { Cluster } from '../session/cluster.ts'
import { KeyRing } from '../session/key-ring.ts'
import type { Limits } from '../session/limits.ts'
import { ListenStreams } from '../session/listen-streams.ts'
import { Peers } from '../session/peers.ts'
import { RandomPool } from '../session/random-pool.ts'
import { RandomTags } from '../session/random-tags.ts'
import { Replica, type ReportError } from '../session/replica.ts'
import { checkSecrets } from '../session/secret-check.ts'
import type { Session } from '../session/session.ts'
import { SessionStreams } from '../session/session-streams.ts'
import { Sessions } from '../session/sessions.ts'
import { SharedStore } from '../session/shared-store.ts'
import { TimerWheel } from '../session/timer-wheel.ts'
import { McpError } from '../wire/errors.ts'
import type { Definition } from './definition.ts'
import { takeRetry } from './retried-call.ts'

/** How a process shares its engine with others. */
export interface Sharing {
  /** Milliseconds without a sign of life until a replica counts as dead. */
  readonly leaseMs: number
  /** Whether a session that may have been deleted is refused while the engine is away. */
  readonly refusesUnknown: boolean
}

export interface ServingOptions {
  readonly platform: Platform
  readonly engine: Engine
  readonly secrets: readonly string[]
  readonly limits: Limits
  readonly report: ReportError
  readonly state: unknown
  /** See {@link CallServices.stateful}. */
  readonly stateful: boolean
  /** Left out: the engine is for this process alone. */
  readonly sharing?: Sharing | undefined
}

/** How long readiness has turned before anything is cut, at most: load balancers look every few seconds. */
const LEAVING_MS = 5_000

/** How long what only this process has may take to be written where the others find it. */
const SPILL_MS = 5_000

export class Serving {
  readonly definition: Definition
  readonly services: CallServices
  readonly replica: Replica
  readonly #cluster: Cluster
  readonly #engine: Pick<Engine, 'close'>
  readonly #unlisten: () => void

  private constructor(
    definition: Definition,
    engine: Pick<Engine, 'close'>,
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
        if (replica.peers !== undefined && !services.elicitations.has(id)) {
          cluster.announce({ v: 1, t: 'completed', elicitation: id })
        } else {
          services.elicitations.complete(id).catch((thrown) => replica.report(thrown, 'elicitation'))
        }
      },
    })
  }

  /**
   * @throws {TypeError} for an engine to share without secrets.
   * @throws {Error} when the other replicas on the engine have other secrets.
   */
  static async start(definition: Definition, options: ServingOptions): Promise<Serving> {
    const { platform, engine, sharing, report } = options
    if (sharing === undefined) {
      const store = await engine.open(() => report(new Error('The engine lost its data.'), 'engine'))
      return Serving.#assemble(definition, options, store, undefined, engine)
    }
    if (options.secrets.length === 0) {
      throw new TypeError(
        'Replicas that share an engine need the same `secrets`: without them none could open the sessions of another.',
      )
    }
    let serving: Serving | undefined
    const store = await openShared(engine, platform, report, () => serving?.restore())
    try {
      serving = await Serving.#assemble(definition, options, store, store, store)
      return serving
    } catch (thrown) {
      await store.close()
      throw thrown
    }
  }

  static async #assemble(
    definition: Definition,
    options: ServingOptions,
    store: Store,
    shared: SharedStore | undefined,
    engine: Pick<Engine, 'close'>,
  ): Promise<Serving> {
    const { platform, limits, report } = options
    const ring = await KeyRing.create(platform, definition.identity.name, options.secrets)
    if (shared !== undefined) await checkSecrets(shared, ring)
    const replica = new Replica({ platform, store, ring, limits, report })
    let { epoch } = store
    const cluster: Cluster = new Cluster({
      store,
      wheel: replica.wheel,
      tags: replica.tags,
      apply: (entry) => {
        const { record } = entry
        replica.peers?.apply(record)
        sessions.apply(entry)
        streams.apply(entry)
        listens.apply(entry)
        if (record.t === 'completed' && elicitations.has(record.elicitation)) {
          elicitations.complete(record.elicitation).catch((thrown) => report(thrown, 'elicitation'))
        }
      },
      onGap: () => {
        // After a change of the data everybody puts back what they know, so what is known here stays true.
        if (epoch === store.epoch) sessions.gap()
        epoch = store.epoch
        streams.gap()
        listens.gap()
      },
      onError: (thrown) => report(thrown, 'cluster log'),
      keepsRecent: shared !== undefined,
    })
    const sessions = new Sessions(replica, cluster)
    const asks = new Asks(replica)
    const listens = new ListenStreams()
    const streams = new SessionStreams(replica, sessions, cluster, asks, definition)
    const elicitations = new Elicitations(streams)
    if (shared !== undefined && options.sharing !== undefined) {
      const tailStale = (stale: boolean): void => sessions.suspect(stale)
      const parts = { cluster, asks, sessionStreams: streams, tailStale, ...options.sharing }
      replica.peers = new Peers(replica, shared, parts)
      await replica.peers.enter()
    }
    await cluster.join(replica.id)
    replica.peers?.start()
    const services: CallServices = {
      replica,
      asks,
      sessions,
      sessionStreams: streams,
      elicitations,
      parking: new Parking(replica),
      listens,
      stateful: options.stateful,
      state: options.state,
    }
    if (replica.peers !== undefined) replica.peers.onRetried = (retry, late) => takeRetry(services, retry, late)
    return new Serving(definition, engine, replica, cluster, services)
  }

  /** The data behind a shared store was replaced: puts back what this process holds. */
  restore(): void {
    const { peers, report } = this.replica
    const { sessions, sessionStreams } = this.services
    const putBack = async (): Promise<void> => {
      // What was deleted comes first: nobody may find it alive.
      await sessions.restore()
      await peers?.restore()
      sessionStreams.restore()
    }
    putBack().catch((thrown) => report(thrown, 'engine'))
  }

  /**
   * Lets go: session streams end, calls go on until they are done or `deadlineMs` has passed, and then end with an
   * error that their clients get.
   */
  async drain(deadlineMs: number): Promise<void> {
    const { replica, services } = this
    const { peers } = replica
    replica.leaving = true
    // Other replicas can take the work, as soon as the load balancer has noticed.
    if (peers !== undefined) await this.#wait(Math.min(LEAVING_MS, deadlineMs / 5))
    replica.draining = true
    services.sessionStreams.letGo()
    if (services.listens.closeAll()) await new Promise<void>((resolve) => replica.platform.afterTurn(resolve))
    peers?.closeRelays()
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
    if (peers === undefined) return
    await peers.spillAll(Math.max(1_000, Math.min(SPILL_MS, deadlineMs)))
    peers.closeRelays()
    await peers.leave()
  }

  async close(): Promise<void> {
    this.#unlisten()
    this.#cluster.stop()
    this.replica.peers?.stop()
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

/** Opens an engine that others use, too. */
function openShared(
  engine: Engine,
  platform: Platform,
  report: ReportError,
  onReplaced: () => void,
): Promise<SharedStore> {
  const wheel = new TimerWheel(platform)
  const tags = new RandomTags(new RandomPool(platform))
  return SharedStore.open(engine, { platform, wheel, tags, onReplaced, onError: (thrown) => report(thrown, 'engine') })
}
