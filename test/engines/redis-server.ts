/**
 * Redis servers of the tests' own: real processes from the PATH, each on a free port in a temporary folder, ended by
 * process id.
 *
 * @module
 */
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

const START_LIMIT_MS = 20_000

const run = promisify(execFile)

export interface RedisServerOptions {
  /** Default: a free one. */
  readonly port?: number
  /** More settings, as on the command line. */
  readonly settings?: Readonly<Record<string, string>>
  /** Makes it a sentinel, with these lines in its configuration. */
  readonly sentinel?: readonly string[]
}

export class RedisServer {
  readonly port: number
  readonly folder: string
  readonly #settings: Readonly<Record<string, string>>
  readonly #sentinel: readonly string[] | undefined
  #process: ChildProcess | undefined
  #output = ''

  private constructor(
    port: number,
    folder: string,
    settings: Readonly<Record<string, string>>,
    sentinel: readonly string[] | undefined,
  ) {
    this.port = port
    this.folder = folder
    this.#settings = settings
    this.#sentinel = sentinel
  }

  static async start({ port, settings = {}, sentinel }: RedisServerOptions = {}): Promise<RedisServer> {
    const folder = await mkdtemp(join(tmpdir(), 'fairlead-redis-'))
    const server = new RedisServer(port ?? (await freePort()), folder, settings, sentinel)
    await server.begin()
    return server
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts the process on the same port, with whatever its folder holds. */
  async begin(): Promise<void> {
    const child = spawn('redis-server', await this.#arguments(), { stdio: ['ignore', 'pipe', 'pipe'] })
    this.#process = child
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (this.#output += chunk))
    const until = Date.now() + START_LIMIT_MS
    while ((await this.cli('PING').catch(() => '')) !== 'PONG') {
      if (child.exitCode !== null || Date.now() > until) throw new Error(`redis-server did not start.\n${this.#output}`)
      await sleep(20)
    }
  }

  async #arguments(): Promise<string[]> {
    if (this.#sentinel !== undefined) {
      // A sentinel rewrites what it was started with.
      const file = join(this.folder, 'sentinel.conf')
      const lines = [`port ${this.port}`, 'bind 127.0.0.1', `dir ${this.folder}`, ...this.#sentinel, '']
      await writeFile(file, lines.join('\n'))
      return [file, '--sentinel']
    }
    const settings = {
      port: String(this.port),
      bind: '127.0.0.1',
      dir: this.folder,
      save: '',
      appendonly: 'yes',
      // What a killed process has written stays in the page cache; only a machine loses it.
      appendfsync: 'no',
      ...this.#settings,
    }
    return Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  }

  /** Ends the process without a goodbye. */
  async kill(): Promise<void> {
    const child = this.#process
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
  }

  pause(): void {
    this.#process?.kill('SIGSTOP')
  }

  resume(): void {
    this.#process?.kill('SIGCONT')
  }

  /** Kills it and starts it again, with what was on its disk or with nothing. */
  async restart(data: 'kept' | 'lost'): Promise<void> {
    await this.kill()
    if (data === 'lost') await rm(join(this.folder, 'appendonlydir'), { recursive: true, force: true })
    await this.begin()
  }

  /** Restarts it without the last `count` entries of a stream, and without what was written after the first of them. */
  async forgetEntries(stream: string, count: number): Promise<void> {
    await this.kill()
    const folder = join(this.folder, 'appendonlydir')
    const file = (await readdir(folder)).find((name) => name.endsWith('.incr.aof'))
    if (file === undefined) throw new Error('The server keeps no append-only file.')
    const path = join(folder, file)
    const content = await readFile(path, 'latin1')
    const additions: number[] = []
    const addition = `$4\r\nXADD\r\n$${Buffer.byteLength(stream)}\r\n${Buffer.from(stream).toString('latin1')}\r\n`
    for (let at = content.indexOf(addition); at !== -1; at = content.indexOf(addition, at + 1)) additions.push(at)
    const first = additions.at(-count)
    if (first === undefined) throw new Error(`The stream ${stream} has no ${count} entries.`)
    // A script's writes stand between MULTI and EXEC, which go together.
    await truncate(path, content.lastIndexOf('*1\r\n$5\r\nMULTI\r\n', first))
    await this.begin()
  }

  /** Runs a command with redis-cli. */
  async cli(...command: readonly string[]): Promise<string> {
    const { stdout } = await run('redis-cli', ['-p', String(this.port), ...command], { timeout: 5_000 })
    return stdout.trim()
  }

  /** Ends the process and removes its folder. */
  async remove(): Promise<void> {
    this.resume()
    await this.kill()
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server: Server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  server.close()
  await once(server, 'close')
  // The bus of a cluster listens 10,000 higher.
  return port < 55_000 ? port : freePort()
}
