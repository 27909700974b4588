/** Replicas as real processes on a real Redis, each with its own way to it, which can be cut. */
import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { afterAll, beforeAll } from 'vitest'
import { FaultProxy } from '../engines/fault-proxy.ts'
import { RedisServer } from '../engines/redis-server.ts'
import type { Fleet, FleetOptions, StartReplicas } from '../replicas/fleet.ts'
import type { ReplicaSettings, ToParent, ToReplica } from './ipc.ts'
import { buildProgram, type Program } from './program.ts'

const SECRET = 'the secret of the replicas in tests'
const START_LIMIT_MS = 20_000

let redis: RedisServer
let program: Program

/** For one test file: Redis, and the program of the replicas. */
export function processFleets(): StartReplicas {
  beforeAll(async () => {
    redis = await RedisServer.start()
    program = await buildProgram('replica.ts')
  })
  afterAll(async () => {
    await redis?.remove()
    await program?.remove()
  })
  return startProcessFleet
}

export class ReplicaProcess {
  readonly url: string
  readonly #child: ChildProcess

  private constructor(child: ChildProcess, url: string) {
    this.#child = child
    this.url = url
  }

  static async start(file: string, settings: ReplicaSettings): Promise<ReplicaProcess> {
    const child = fork(file, { env: { ...process.env, REPLICA: JSON.stringify(settings) } })
    const signal = AbortSignal.timeout(START_LIMIT_MS)
    const exit = once(child, 'exit', { signal }).then(([code]) => {
      throw new Error(`${settings.name} ended with ${code} before it listened`)
    })
    const [said] = await Promise.race([once(child, 'message', { signal }), exit])
    exit.catch(() => {})
    const message = said as ToParent
    if (message.t !== 'listening') throw new Error(`${settings.name} said ${message.t}`)
    return new ReplicaProcess(child, message.url)
  }

  get pid(): number {
    return this.#child.pid!
  }

  async counters(): Promise<Readonly<Record<string, number>>> {
    const reply = once(this.#child, 'message', { signal: AbortSignal.timeout(5_000) })
    this.#send({ t: 'counters' })
    const [message] = (await reply) as [ToParent]
    if (message.t !== 'counters') throw new Error(`an unexpected ${message.t}`)
    return message.counters as unknown as Readonly<Record<string, number>>
  }

  async kill(): Promise<void> {
    await this.#ended(() => this.#child.kill('SIGKILL'))
  }

  async drain(deadline: number): Promise<void> {
    await this.#ended(() => this.#send({ t: 'leave', deadline }))
  }

  #send(message: ToReplica): void {
    this.#child.send(message)
  }

  async #ended(end: () => void): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exit = once(this.#child, 'exit')
    end()
    await exit
  }
}

async function startProcessFleet(count: number, options: FleetOptions = {}): Promise<Fleet> {
  const prefix = randomBytes(6).toString('hex')
  const members = await Promise.all(
    Array.from({ length: count }, async (_, at) => {
      const proxy = await FaultProxy.start(redis.port)
      const settings = { name: `r${at}`, port: 0, url: proxy.url, prefix, secret: SECRET, options }
      return { proxy, replica: await ReplicaProcess.start(program.file, settings) }
    }),
  )
  const chosen = (at: number | undefined): typeof members => (at === undefined ? members : [members[at]!])
  return {
    urls: members.map(({ replica }) => replica.url),
    kill: (at) => members[at]!.replica.kill(),
    drain: (at, deadline) => members[at]!.replica.drain(deadline),
    async ready(at) {
      const { origin } = new URL(members[at]!.replica.url)
      return (await fetch(`${origin}/readyz`)).ok
    },
    cutEngine(at) {
      for (const { proxy } of chosen(at)) void proxy.cut()
    },
    healEngine(at) {
      for (const { proxy } of chosen(at)) void proxy.mend()
    },
    async emptyEngine() {
      await redis.cli('FLUSHALL')
    },
    counters: (at) => members[at]!.replica.counters(),
    async close() {
      await Promise.all(members.map(({ replica }) => replica.kill()))
      await Promise.all(members.map(({ proxy }) => proxy.close()))
    },
  }
}
