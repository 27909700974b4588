/**
 * A TCP proxy that breaks connections to a Redis server in the ways that networks do.
 *
 * @module
 */
import { once } from 'node:events'
import { createConnection, createServer, type Server, type Socket } from 'node:net'

export class FaultProxy {
  readonly port: number
  readonly #target: number
  readonly #sockets = new Set<Socket>()
  #server: Server
  #onChunk: ((chunk: Buffer) => void) | undefined
  #black = false

  private constructor(server: Server, port: number, target: number) {
    this.#server = server
    this.port = port
    this.#target = target
  }

  static async start(target: number, port = 0): Promise<FaultProxy> {
    const server = createServer().listen(port, '127.0.0.1')
    await once(server, 'listening')
    const address = server.address()
    const proxy = new FaultProxy(server, typeof address === 'object' && address !== null ? address.port : 0, target)
    server.on('connection', (socket) => proxy.#lead(socket))
    return proxy
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Calls back when this text is sent, before it is passed on; for the first proxy of several at which that happens. */
  static whenSent(proxies: readonly FaultProxy[], text: string, act: (proxy: FaultProxy) => void): void {
    for (const proxy of proxies) {
      proxy.#onChunk = (chunk) => {
        if (!chunk.includes(text)) return
        for (const each of proxies) each.#onChunk = undefined
        act(proxy)
      }
    }
  }

  /** Closes every connection; whoever connects again may. */
  reset(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  /** Nobody gets through, and everybody hears so, until {@link mend}. */
  async cut(): Promise<void> {
    const closed = once(this.#server, 'close')
    this.#server.close()
    this.reset()
    await closed
  }

  /** Nothing gets through in either direction, and nobody hears of it, until {@link mend}. */
  blackhole(): void {
    this.#black = true
  }

  async mend(): Promise<void> {
    if (this.#black) {
      this.#black = false
      // What was held back is lost for good, as packets are.
      this.reset()
      return
    }
    this.#server = createServer().listen(this.port, '127.0.0.1')
    this.#server.on('connection', (socket) => this.#lead(socket))
    await once(this.#server, 'listening')
  }

  async close(): Promise<void> {
    if (this.#server.listening) await this.cut()
  }

  #lead(near: Socket): void {
    const far = createConnection({ port: this.#target, host: '127.0.0.1' })
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        this.#sockets.delete(socket)
        other.destroy()
      })
    }
    near.on('data', (chunk) => {
      if (this.#black) return
      this.#onChunk?.(chunk)
      far.write(chunk)
    })
    far.on('data', (chunk) => {
      if (!this.#black) near.write(chunk)
    })
  }
}
