/**
 * Replicas on one simulated engine and a manual clock, as `serve` puts them together, without HTTP.
 *
 * @module
 */
import { createServer, definitionOf } from '../../src/server/server.ts'
import { Serving } from '../../src/server/serving.ts'
import { DEFAULT_LIMITS } from '../../src/session/limits.ts'
import { type ManualPlatform, manualPlatform, seededRandom } from './manual-platform.ts'
import { SECRET } from './replica.ts'
import { SimulatedData, SimulatedEngine } from './simulated-engine.ts'

export interface SharedServing {
  readonly serving: Serving
  readonly engine: SimulatedEngine
  readonly reported: unknown[]
}

export interface SharedWorld {
  readonly platform: ManualPlatform
  readonly data: SimulatedData
  start(): Promise<SharedServing>
  /** Waits, with time passing, for what needs it. */
  settled<T>(promise: Promise<T>): Promise<T>
  close(): Promise<void>
}

export const LEASE_MS = 5_000

export async function sharedWorld(seed = 1): Promise<SharedWorld> {
  const platform = manualPlatform(seed)
  const data = await SimulatedData.make(platform)
  const random = seededRandom(seed)
  const started: Serving[] = []
  const world: SharedWorld = {
    platform,
    data,
    async start() {
      const engine = new SimulatedEngine(data, random)
      const reported: unknown[] = []
      const serving = await world.settled(
        Serving.start(definitionOf(createServer({ name: 'test', version: '1.0.0' })), {
          platform,
          engine,
          secrets: [SECRET],
          limits: DEFAULT_LIMITS,
          report: (thrown) => reported.push(thrown),
          state: undefined,
          stateful: true,
          sharing: { leaseMs: LEASE_MS, refusesUnknown: false },
        }),
      )
      started.push(serving)
      return { serving, engine, reported }
    },
    async settled(promise) {
      let over = false
      const watched = promise.finally(() => {
        over = true
      })
      watched.catch(() => {})
      while (!over) await platform.pass(20)
      return watched
    },
    async close() {
      for (const serving of started) await serving.close()
    },
  }
  return world
}
