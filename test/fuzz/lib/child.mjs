/** The server process: started, watched, asked. */
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Longer than the server's own deadline. */
const CLOSE_MS = 10_000

export class ServerProcess {
  /** Everything that it reported of itself, by kind: `error`, `crash`. */
  faults = []
  exited = false
  /** @type {(ms: number) => void} */
  onStall = () => {}
  #child
  #closing = false
  #waiting = []

  static async start() {
    const server = new ServerProcess()
    const file = fileURLToPath(new URL('../server.mjs', import.meta.url))
    const child = fork(file, { execArgv: ['--expose-gc'], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
    server.#child = child
    child.on('exit', (code, signal) => {
      server.exited = true
      if (!server.#closing || code !== 0) server.faults.push(`the process ended with ${code ?? signal}`)
      for (const { reject } of server.#waiting.splice(0)) reject(new Error('the server process is gone'))
    })
    child.on('message', (message) => {
      if (message.kind === 'stall') server.onStall(message.ms)
      else if (message.kind === 'snapshot') server.#waiting.shift()?.resolve(message)
      else if (message.kind !== 'listening') server.faults.push(`${message.kind}: ${message.text}`)
    })
    const [{ ports }] = await once(child, 'message')
    server.ports = ports
    return server
  }

  /** Counters of all endpoints added up, and memory after a collection of garbage. */
  async snapshot() {
    const message = await new Promise((resolve, reject) => {
      if (this.exited) return reject(new Error('the server process is gone'))
      this.#waiting.push({ resolve, reject })
      this.#child.send('snapshot')
    })
    const counters = {}
    for (const one of message.counters) for (const name in one) counters[name] = (counters[name] ?? 0) + one[name]
    return { counters, memory: message.memory, longestMs: message.longestMs }
  }

  send(message) {
    if (!this.exited) this.#child.send(message)
  }

  /** Shuts down in an orderly way. One that does not is a fault. */
  async close() {
    if (this.exited) return
    this.#closing = true
    const exit = once(this.#child, 'exit')
    this.send('close')
    const timer = setTimeout(() => {
      this.faults.push(`the process does not end within ${CLOSE_MS / 1000} s`)
      this.kill()
    }, CLOSE_MS)
    await exit
    clearTimeout(timer)
  }

  kill() {
    if (!this.exited) this.#child.kill('SIGKILL')
  }
}
