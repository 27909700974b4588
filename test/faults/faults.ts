/**
 * What is broken, how often, and how. Times follow the lease.
 *
 * @module
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { Fleet } from './fleet.ts'
import type { Load } from './load.ts'
import type { Tally } from './tally.ts'

/** What a fault has to work with. */
export interface Scene {
  readonly fleet: Fleet
  readonly load: Load
  readonly tally: Tally
  readonly random: () => number
  readonly leaseMs: number
  /** When replicas were killed, by their name. */
  readonly deaths: Map<string, number>
}

export interface Fault {
  readonly name: string
  /** What is done, for the page. */
  readonly what: string
  /** How often in a full run. */
  readonly count: number
  /** Breaks something once, and waits until it is whole again. */
  once(scene: Scene): Promise<void>
  /** At rest everything is looked at after so many of them. */
  readonly checkEvery: number
}

/** How long after a fault everything has to be as before. */
const REST_MS = 2_000

function any<T>({ random }: Scene, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)]!
}

/** An engine that is away for less, and for more, than what is tried again. */
const away = ({ random, leaseMs }: Scene): number => 500 + random() * 2 * leaseMs

/** Breaks this part of the connections, at a byte that comes early in most of them. */
export function cutSome({ balancer }: Fleet, random: () => number, part: number): void {
  balancer.budget = () => (random() < part ? 1 + Math.floor(random() ** 2 * 4_000) : undefined)
}

/** Connections break all the time, so that streams are on their way between replicas when something else does. */
export const USUAL_CUTS = 0.1

export const FAULTS: readonly Fault[] = [
  {
    name: 'kill',
    what: '`kill -9` of a replica, which is started again a second later',
    count: 40,
    checkEvery: 8,
    async once(scene) {
      const { fleet, deaths, leaseMs, random } = scene
      const member = any(scene, fleet.members)
      deaths.set(member.name, Date.now())
      await fleet.kill(member)
      await sleep(1_000)
      await fleet.boot(member)
      // Of two others one lives until the lease of this one is over.
      await sleep((0.4 + 0.6 * random()) * leaseMs)
    },
  },
  {
    name: 'pause',
    what: 'a replica stopped (`SIGSTOP`) for its lease and one to four seconds more, then continued',
    count: 20,
    checkEvery: 4,
    async once(scene) {
      const { fleet, leaseMs, random } = scene
      const member = any(scene, fleet.members)
      fleet.stop(member)
      await sleep(leaseMs + 1_000 + random() * 3_000)
      fleet.goOn(member)
      await sleep(REST_MS)
    },
  },
  {
    name: 'redis-restart',
    what: 'Redis killed, and started again with its data',
    count: 3,
    checkEvery: 1,
    async once(scene) {
      await scene.fleet.redis.kill()
      await sleep(away(scene))
      await scene.fleet.redis.begin()
      await sleep(REST_MS)
    },
  },
  {
    name: 'redis-empty',
    what: 'Redis killed, and started again with nothing',
    count: 3,
    checkEvery: 1,
    async once({ fleet, load }) {
      load.emptied()
      await fleet.redis.restart('lost')
      await sleep(REST_MS * 2)
    },
  },
  {
    name: 'redis-pause',
    what: 'Redis stopped for up to two leases',
    count: 3,
    checkEvery: 1,
    async once(scene) {
      scene.fleet.redis.pause()
      await sleep(away(scene))
      scene.fleet.redis.resume()
      await sleep(REST_MS)
    },
  },
  {
    name: 'redis-cut',
    what: 'all replicas cut off from Redis for up to two leases, half of the times without being told',
    count: 4,
    checkEvery: 1,
    async once(scene) {
      const proxies = scene.fleet.members.map(({ proxy }) => proxy)
      const silent = scene.random() < 0.5
      if (silent) for (const proxy of proxies) proxy.blackhole()
      else await Promise.all(proxies.map((proxy) => proxy.cut()))
      await sleep(away(scene))
      await Promise.all(proxies.map((proxy) => proxy.mend()))
      await sleep(REST_MS)
    },
  },
  {
    name: 'cut-off',
    what: 'one replica cut off from Redis for its lease and one to four seconds more',
    count: 4,
    checkEvery: 1,
    async once(scene) {
      const { fleet, leaseMs, random } = scene
      const member = any(scene, fleet.members)
      fleet.lose(member)
      await member.proxy.cut()
      await sleep(leaseMs + 1_000 + random() * 3_000)
      await member.proxy.mend()
      fleet.found(member)
      await sleep(REST_MS)
    },
  },
  {
    name: 'connections',
    what: 'connections of clients cut at a random byte of the response',
    count: 2_000,
    checkEvery: 500,
    async once({ fleet, random }) {
      const { balancer } = fleet
      const wanted = balancer.cuts + 1
      cutSome(fleet, random, 0.7)
      while (balancer.cuts < wanted) await sleep(1)
      cutSome(fleet, random, USUAL_CUTS)
    },
  },
  {
    name: 'rolling',
    what: 'all replicas restarted, one after the other, as a deploy does it',
    count: 5,
    checkEvery: 1,
    async once({ fleet, tally }) {
      for (const member of fleet.members) {
        const code = await fleet.end(member)
        if (code !== 0) tally.violate(`${member.name} ended with ${code}`)
        await fleet.boot(member)
        await sleep(1_000)
      }
    },
  },
]
