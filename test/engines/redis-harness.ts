/**
 * The Redis engine as the contract suite wants it: a deployment for real, and every disturbance done to it for real.
 *
 * @module
 */
import { randomBytes } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { redis } from '../../src/adapters/redis.ts'
import type { EngineHarness, OpenedEngine } from '../../src/engine/contract.ts'
import { Keys } from '../../src/engines/redis/keys.ts'
import type { ClientKind } from './clients.ts'
import type { Deployment } from './deployment.ts'
import { FaultProxy } from './fault-proxy.ts'

/** So much later than an operation's time-out it has certainly settled. */
const MARGIN_MS = 200

export interface HarnessOptions {
  /** How long an operation may take. */
  readonly timeoutMs: number
}

export function redisHarness(client: ClientKind, deployment: Deployment, options: HarnessOptions): EngineHarness {
  const keys = new WeakMap<OpenedEngine, Keys>()
  const each = <Result>(act: (at: number) => Promise<Result>): Promise<Result[]> =>
    Promise.all(deployment.servers.map((_, at) => act(at)))
  return {
    async open() {
      // Data of its own on a server that others use as well.
      const prefix = `test-${randomBytes(6).toString('hex')}`
      const engine = redis(client.create(deployment), { prefix, ...options })
      let losses = 0
      const open = () => engine.open(() => losses++)
      const opened: OpenedEngine = { engine, store: await open(), losses: () => losses, reopen: open }
      keys.set(opened, new Keys(prefix))
      return opened
    },
    pass: (ms) => sleep(ms),
    faults: {
      loseAnswer() {
        FaultProxy.whenSent(deployment.proxies, 'EVALSHA', (proxy) => {
          proxy.blackhole()
          // Until the first attempt has given up: it would recognise itself otherwise.
          setTimeout(() => void proxy.mend(), options.timeoutMs + MARGIN_MS)
        })
      },
      async replaceData() {
        await each((at) => deployment.servers[at]!.restart('lost'))
        await deployment.whole()
      },
      async emptyPartition(opened, log) {
        const names = keys.get(opened)!
        if (deployment.kind === 'cluster') {
          await (await deployment.serverOf(names.entries(log))).restart('lost')
          await deployment.whole()
        } else {
          // One server has one fate; what looks like this there is somebody who deletes keys.
          const [server] = deployment.servers
          const pattern = names.entries(log).replace(/\}.*/, '}*')
          for (const key of (await server!.cli('KEYS', pattern)).split('\n')) await server!.cli('DEL', key)
        }
      },
      async dropTail(opened, log, count) {
        const stream = keys.get(opened)!.entries(log)
        await (await deployment.serverOf(stream)).forgetEntries(stream, count)
        await deployment.whole()
      },
      async cutOff() {
        await each((at) => deployment.proxies[at]!.cut())
        return async () => void (await each((at) => deployment.proxies[at]!.mend()))
      },
    },
    patienceMs: 15_000,
  }
}
