/**
 * Three replica processes on a real Redis, each with a proxy of its own on the way to it, behind one balancer.
 *
 * @module
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { FaultProxy } from '../engines/fault-proxy.ts'
import { freePort, RedisServer } from '../engines/redis-server.ts'
import { Balancer } from './balancer.ts'

const REPLICAS = 3
const START_LIMIT_MS = 20_000

/** Within this time a replica that is back has tried to renew its lease. */
const LEARNS_MS = 2_000

interface Member {
  readonly at: number
  readonly port: number
  readonly proxy: FaultProxy
  boots: number
  name: string
  child: ChildProcess
}

export class Fleet {
  readonly redis: RedisServer
  readonly balancer: Balancer
  readonly members: Member[] = []
  readonly #folder: string
  readonly #program: string
  readonly #leaseMs: number
  /** Replicas, by name, whose calls may be lost: those that began before this time. */
  readonly mayBeLost = new Map<string, number>()
  /** What replicas said that nobody foresaw. */
  readonly output: string[] = []

  private constructor(redis: RedisServer, balancer: Balancer, folder: string, program: string, leaseMs: number) {
    this.redis = redis
    this.balancer = balancer
    this.#folder = folder
    this.#program = program
    this.#leaseMs = leaseMs
  }

  static async start(program: string, leaseMs: number): Promise<Fleet> {
    const redis = await RedisServer.start()
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-faults-'))
    const fleet = new Fleet(redis, await Balancer.start(), folder, program, leaseMs)
    for (let at = 0; at < REPLICAS; at++) {
      const proxy = await FaultProxy.start(redis.port)
      const port = await freePort()
      const member = { at, port, proxy, boots: 0, name: '', child: undefined as unknown as ChildProcess }
      fleet.members.push(member)
      await fleet.boot(member)
      fleet.balancer.add(port)
    }
    return fleet
  }

  get url(): string {
    return this.balancer.url
  }

  /** Where a replica is reached without the balancer. */
  direct(member: Member): string {
    return `http://127.0.0.1:${member.port}/mcp`
  }

  async boot(member: Member): Promise<void> {
    member.name = `r${member.at}.${++member.boots}`
    const child = spawn(process.execPath, [this.#program], {
      env: {
        PATH: process.env['PATH'],
        NAME: member.name,
        PORT: String(member.port),
        ENGINE: member.proxy.url,
        LEASE: String(this.#leaseMs),
        LEDGER: this.#ledger,
        SECRET: 'the secret of the replicas in the fault tests',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    member.child = child
    const { name } = member
    child.stderr.on('data', (chunk) => this.output.push(`${name}: ${chunk}`))
    const late = AbortSignal.timeout(START_LIMIT_MS)
    const ended = once(child, 'exit', { signal: late }).then(() => {
      throw new Error(`${name} did not start.\n${this.output.join('')}`)
    })
    await Promise.race([once(child.stdout, 'data', { signal: late }), ended])
    ended.catch(() => {})
  }

  /** Ends a replica and says nothing to anybody. */
  async kill(member: Member): Promise<void> {
    this.lose(member)
    const exit = once(member.child, 'exit')
    member.child.kill('SIGKILL')
    await exit
  }

  stop(member: Member): void {
    this.lose(member)
    member.child.kill('SIGSTOP')
  }

  goOn(member: Member): void {
    member.child.kill('SIGCONT')
    this.found(member)
  }

  /** The others have a reason to take it for dead. */
  lose(member: Member): void {
    this.mayBeLost.set(member.name, Number.POSITIVE_INFINITY)
  }

  /** It is as good as any again, as soon as it knows what others have decided. */
  found(member: Member): void {
    this.mayBeLost.set(member.name, Date.now() + LEARNS_MS)
  }

  /** Ends a replica as a deploy does. */
  async end(member: Member): Promise<number | null> {
    const exit = once(member.child, 'exit')
    member.child.kill('SIGTERM')
    const [code] = await exit
    return code as number | null
  }

  /** What replicas did: lines of what, whose, and by whom. */
  async ledger(): Promise<{ readonly what: string; readonly tag: string; readonly by: string }[]> {
    const text = await readFile(this.#ledger, 'utf8').catch(() => '')
    return text
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => {
        const [what, tag, by] = line.split(' ') as [string, string, string]
        return { what, tag, by }
      })
  }

  async close(): Promise<void> {
    for (const { child } of this.members) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const exit = once(child, 'exit')
      child.kill('SIGCONT')
      child.kill('SIGKILL')
      await exit
    }
    this.balancer.close()
    for (const { proxy } of this.members) await proxy.close()
    await this.redis.remove()
    await rm(this.#folder, { recursive: true, force: true })
  }

  get #ledger(): string {
    return join(this.#folder, 'ledger')
  }
}
