/** A server under measurement: a fresh process, pinned, that says `listening <port>` and answers on a control channel. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { pinnedCommand } from './pinning.mjs'

const TARGETS = new URL('../targets/', import.meta.url)
const CONTROL = new URL('./control.mjs', TARGETS).href
const START_LIMIT_MS = 20_000
const EXIT_LIMIT_MS = 5_000
const REPLY_LIMIT_MS = 60_000
/** How much of a target's stderr is kept for the message when it fails. */
const STDERR_CHARACTERS = 4_000

/** Servers that still run; none outlives the benchmark, however that ends. */
const alive = new Set()
process.on('exit', () => {
  for (const child of alive) child.kill('SIGKILL')
})

/**
 * @param file a file in targets/
 * @param args its arguments
 * @param options { control: false } leaves the control channel out (start-up), { exposeGc: true } allows collect()
 */
export function startTarget(file, args = [], { control = true, exposeGc = false, nodeArgs = [] } = {}) {
  const flags = [...nodeArgs]
  if (exposeGc) flags.push('--expose-gc')
  if (control) flags.push('--import', CONTROL)
  const [command, commandArgs] = pinnedCommand(process.execPath, [
    ...flags,
    fileURLToPath(new URL(file, TARGETS)),
    ...args,
  ])
  const child = spawn(command, commandArgs, {
    stdio: ['ignore', 'pipe', 'pipe', ...(control ? ['ipc'] : [])],
    env: { ...process.env, NODE_ENV: 'production', NODE_OPTIONS: '' },
    serialization: 'json',
  })
  return new TargetProcess(child, file)
}

class TargetProcess {
  #child
  #file
  #stderr = ''
  #exited
  #replies = []

  constructor(child, file) {
    this.#child = child
    this.#file = file
    child.stderr.setEncoding('utf8')
    child.stderr.on('data', (text) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_CHARACTERS)
    })
    child.on('message', (message) => this.#replies.shift()?.(message))
    alive.add(child)
    this.#exited = new Promise((resolve) => child.once('exit', resolve))
    this.#exited.then(() => alive.delete(child))
  }

  /** Resolves with the port once the target listens. */
  listening() {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure('did not listen in time')), START_LIMIT_MS)
      let output = ''
      this.#child.stdout.setEncoding('latin1')
      this.#child.stdout.on('data', (text) => {
        if (output.length > STDERR_CHARACTERS) return
        output += text
        const port = /^listening (\d+)$/m.exec(output)?.[1]
        if (port === undefined) return
        clearTimeout(timer)
        resolve(Number(port))
      })
      this.#child.once('exit', () => {
        clearTimeout(timer)
        reject(this.#failure('ended before it listened'))
      })
    })
  }

  /** Lets idle connections live while other targets have their turn. */
  async keepConnections() {
    await this.#ask('keepConnections')
  }

  /** User and system time of the process so far, in microseconds. */
  async cpu() {
    const { user, system } = await this.#ask('cpu')
    return user + system
  }

  /**
   * Collects garbage until the heap no longer shrinks. Needs exposeGc.
   *
   * @returns { heapUsed, external, rss } in bytes; external: buffers outside the heap, rss: all of the process
   */
  collectedHeap() {
    return this.#ask('heap')
  }

  /** What `process.memoryUsage()` says there, without collecting anything. */
  memory() {
    return this.#ask('memory')
  }

  /** Changes the resource that the row `listen` subscribes to. */
  async update() {
    await this.#ask('update')
  }

  /** What the target counts of itself, or undefined. */
  async counters() {
    return (await this.#ask('counters')).counters
  }

  async startProfile() {
    await this.#ask('startProfile')
  }

  /** @returns functions with their self time in microseconds since startProfile, the most expensive first */
  async stopProfile() {
    return (await this.#ask('stopProfile')).functions
  }

  /** Lets the process exit by itself where it can (it may have a profile to write), and ends it otherwise. */
  async stop() {
    if (this.#child.connected) {
      this.#child.send('exit', () => {})
      await Promise.race([this.#exited, sleep(EXIT_LIMIT_MS, undefined, { ref: false })])
    }
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  /** The last words of the target, for a message. */
  get lastWords() {
    return this.#stderr.trim()
  }

  #ask(question) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(this.#failure(`did not answer "${question}"`)), REPLY_LIMIT_MS)
      this.#replies.push((reply) => {
        clearTimeout(timer)
        resolve(reply)
      })
      this.#child.send(question, (error) => {
        if (error) reject(this.#failure(`is gone: ${error.message}`))
      })
    })
  }

  #failure(what) {
    return new Error(`${this.#file} ${what}${this.lastWords === '' ? '' : `:\n${this.lastWords}`}`)
  }
}
