/**
 * A load balancer that knows nothing about MCP: every connection goes to the next replica that says it is ready. It also
 * breaks connections to clients, at any byte.
 *
 * @module
 */
import { once } from 'node:events'
import { get } from 'node:http'
import { type AddressInfo, createConnection, createServer, type Server, type Socket } from 'node:net'

const LOOK_MS = 250
const LOOK_LIMIT_MS = 1_000

interface Target {
  readonly port: number
  up: boolean
  looking: boolean
}

export class Balancer {
  readonly #server: Server
  readonly #targets: Target[] = []
  readonly #sockets = new Set<Socket>()
  readonly #timer: NodeJS.Timeout
  #next = 0
  /** How many bytes the next connection lets through before it breaks; `undefined`: all of them. */
  budget: () => number | undefined = () => undefined
  /** Connections broken on purpose. */
  cuts = 0

  private constructor(server: Server) {
    this.#server = server
    server.on('connection', (socket) => this.#lead(socket))
    this.#timer = setInterval(() => {
      for (const target of this.#targets) this.#look(target)
    }, LOOK_MS)
  }

  static async start(): Promise<Balancer> {
    const server = createServer({ allowHalfOpen: false }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    return new Balancer(server)
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`
  }

  add(port: number): void {
    this.#targets.push({ port, up: true, looking: false })
  }

  close(): void {
    clearInterval(this.#timer)
    this.#server.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #look(target: Target): void {
    if (target.looking) return
    target.looking = true
    const over = (up: boolean): void => {
      target.up = up
      target.looking = false
    }
    const asked = get({ port: target.port, host: '127.0.0.1', path: '/readyz', agent: false, timeout: LOOK_LIMIT_MS })
    asked.once('timeout', () => asked.destroy())
    asked.once('error', () => over(false))
    asked.once('response', (response) => {
      response.resume()
      over(response.statusCode === 200)
    })
  }

  /** The replicas that may be tried, in turn. */
  #order(): Target[] {
    const at = this.#next++
    const all = this.#targets.map((_, step) => this.#targets[(at + step) % this.#targets.length]!)
    return [...all.filter(({ up }) => up), ...all.filter(({ up }) => !up)]
  }

  #lead(near: Socket): void {
    this.#sockets.add(near)
    near.on('error', () => {})
    near.on('close', () => this.#sockets.delete(near))
    near.pause()
    const targets = this.#order()
    const attempt = (): void => {
      const target = targets.shift()
      if (target === undefined) {
        near.resetAndDestroy()
        return
      }
      const far = createConnection({ port: target.port, host: '127.0.0.1' })
      // Only whoever could not be connected to has certainly not got the request.
      far.once('error', attempt)
      far.once('connect', () => {
        far.off('error', attempt)
        this.#join(near, far)
      })
    }
    attempt()
  }

  #join(near: Socket, far: Socket): void {
    let left = this.budget()
    this.#sockets.add(far)
    far.on('error', () => {})
    far.on('close', () => {
      this.#sockets.delete(far)
      near.destroySoon()
    })
    near.on('close', () => far.destroy())
    near.setNoDelay(true)
    far.setNoDelay(true)
    near.on('data', (chunk) => void far.write(chunk))
    far.on('data', (chunk) => {
      if (left === undefined || chunk.length < left) {
        if (left !== undefined) left -= chunk.length
        near.write(chunk)
        return
      }
      this.cuts++
      near.write(chunk.subarray(0, left))
      near.destroySoon()
      far.destroy()
    })
    near.resume()
  }
}
