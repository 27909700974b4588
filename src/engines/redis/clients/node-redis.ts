/**
 * Clients of the package `redis` (node-redis), 4 and later: `createClient`, `createSentinel`, `createCluster`.
 *
 * @module
 */
import { type Connection, type ConnectionOptions, type RedisClient, reconnectDelay } from '../client.ts'

/** What the three kinds have in common, as far as it is needed here. */
export interface NodeRedis extends NodeRedisLoner {
  readonly options?: { readonly socket?: object }
  duplicate(overrides?: object): NodeRedisLoner
}

/** One that can't make others like itself, as sentinel clients in 5. */
export interface NodeRedisLoner {
  connect(): Promise<unknown>
  sendCommand(...args: never): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  /** From 5 on. */
  destroy?(): unknown
  /** In 4. */
  disconnect?(): unknown
}

interface Kind {
  /** What the connections of the engine have otherwise than the user's. */
  overrides(client: NodeRedis, options: ConnectionOptions): object
  /** Whether commands have to wait for the first connection, and are not just refused before it. */
  readonly waits: boolean
  send(client: Untyped, command: readonly string[], key: string, options: object): Promise<unknown>
}

type Untyped = { sendCommand(...args: readonly unknown[]): Promise<unknown> }

const SERVER: Kind = {
  overrides: ({ options }, { connectTimeoutMs }) => ({
    disableOfflineQueue: true,
    socket: { ...options?.socket, connectTimeout: connectTimeoutMs, reconnectStrategy: reconnectDelay },
  }),
  waits: false,
  send: (client, command, _, options) => client.sendCommand(command, options),
}

// The settings of their nodes hold credentials and can't be read, so that they stay as they are.
const SENTINEL: Kind = {
  overrides: () => ({}),
  waits: true,
  send: (client, command, _, options) => client.sendCommand(false, command, options),
}

const CLUSTER: Kind = {
  overrides: () => ({}),
  waits: true,
  send: (client, command, key, options) => client.sendCommand(key, false, command, options),
}

export function nodeRedisServer(client: NodeRedis): RedisClient {
  return like(client, SERVER)
}

export function nodeRedisSentinel(client: NodeRedis): RedisClient {
  return like(client, SENTINEL)
}

export function nodeRedisCluster(client: NodeRedis): RedisClient {
  return like(client, CLUSTER)
}

/** For clients that can't be duplicated: every connection is one that the user makes. */
export function nodeRedisSentinels(make: () => NodeRedisLoner): RedisClient {
  return { connect: () => new NodeRedisConnection(make, SENTINEL) }
}

function like(client: NodeRedis, kind: Kind): RedisClient {
  return {
    connect: (options) => new NodeRedisConnection(() => client.duplicate(kind.overrides(client, options)), kind),
  }
}

class NodeRedisConnection implements Connection {
  readonly #create: () => NodeRedisLoner
  readonly #kind: Kind
  #own: NodeRedisLoner
  #ready: Promise<unknown>
  #trouble: Error | undefined
  #closed = false

  constructor(create: () => NodeRedisLoner, kind: Kind) {
    this.#create = create
    this.#kind = kind
    this.#own = this.#make()
    this.#ready = this.#connect()
  }

  trouble(): Error | undefined {
    return this.#trouble
  }

  async send(command: readonly string[], key: string, signal: AbortSignal): Promise<unknown> {
    const own = this.#own
    if (this.#kind.waits) await this.#ready
    signal.throwIfAborted()
    // 4 would take the signal as `signal`, and lose count of its commands when it aborts after one was sent; there a
    // silent connection is closed, and what was not sent yet goes with it.
    // Time is kept by the caller, and replies are text, whatever the user maps.
    const options = { abortSignal: signal, timeout: undefined, typeMapping: {} }
    const reply = await this.#kind.send(own as Untyped, command, key, options)
    this.#trouble = undefined
    return reply
  }

  close(): void {
    this.#closed = true
    end(this.#own)
  }

  #make(): NodeRedisLoner {
    const made = this.#create()
    // Without a listener an error event would end the process.
    made.on('error', (error) => {
      this.#trouble = error
    })
    return made
  }

  /** Connects. Where the client gives up for good, as a user's settings may tell it to, another one takes its place. */
  #connect(): Promise<unknown> {
    const own = this.#own
    const ready = own.connect()
    ready.catch(() => {
      end(own)
      if (this.#closed) return
      this.#own = this.#make()
      this.#ready = this.#connect()
    })
    return ready
  }
}

function end(client: NodeRedisLoner): void {
  // What is closed already says so, by throwing or rejecting.
  const destroy = async (): Promise<unknown> => (client.destroy ? client.destroy() : client.disconnect?.())
  destroy().catch(() => {})
}
