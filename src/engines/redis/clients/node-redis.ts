/**
 * Clients of the package `redis` (node-redis), 4 and later: `createClient`, `createSentinel`, `createCluster`.
 *
 * @module
 */
import { type Connection, type ConnectionOptions, type RedisClient, reconnectDelay } from '../client.ts'

/** What the three kinds have in common, as far as it is needed here. */
export interface NodeRedis {
  readonly options?: { readonly socket?: object }
  duplicate(overrides?: object): NodeRedis
  connect(): Promise<unknown>
  sendCommand(...args: never): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  /** From 5 on. */
  destroy?(): unknown
  /** In 4. */
  disconnect?(): unknown
}

/** How the kinds take a command. */
type Send = (client: NodeRedis, command: readonly string[], key: string, options: object) => Promise<unknown>

type Untyped = { sendCommand(...args: readonly unknown[]): Promise<unknown> }

const sendToServer: Send = (client, command, _, options) => (client as Untyped).sendCommand(command, options)
const sendToMaster: Send = (client, command, _, options) => (client as Untyped).sendCommand(false, command, options)
const sendToNode: Send = (client, command, key, options) =>
  (client as Untyped).sendCommand(key, false, command, options)

/** The options of connections go where each kind takes them. */
type Overrides = (client: NodeRedis, options: ConnectionOptions) => object

const ofServer: Overrides = ({ options }, { connectTimeoutMs }) => ({
  disableOfflineQueue: true,
  socket: {
    ...options?.socket,
    connectTimeout: connectTimeoutMs,
    reconnectStrategy: reconnectDelay,
  },
})

/** Their options for nodes hold credentials and can't be read, so that they stay as they are. */
const ofMany: Overrides = () => ({})

export function nodeRedisServer(client: NodeRedis): RedisClient {
  return { connect: (options) => connect(client, ofServer(client, options), sendToServer) }
}

export function nodeRedisSentinel(client: NodeRedis): RedisClient {
  return { connect: (options) => connect(client, ofMany(client, options), sendToMaster) }
}

export function nodeRedisCluster(client: NodeRedis): RedisClient {
  return { connect: (options) => connect(client, ofMany(client, options), sendToNode) }
}

function connect(client: NodeRedis, overrides: object, send: Send): Connection {
  let own = start()
  let closed = false

  function start(): { readonly client: NodeRedis; readonly ready: Promise<unknown> } {
    const duplicate = client.duplicate(overrides)
    // Without a listener an error event would end the process; what it tells, commands tell as well.
    duplicate.on('error', () => {})
    const ready = duplicate.connect()
    const made = { client: duplicate, ready }
    ready.catch(() => end(duplicate))
    return made
  }

  return {
    async send(command, key, signal) {
      const { client: used, ready } = own
      try {
        await ready
      } catch (thrown) {
        // It has given up for good, as a user's reconnect strategy may tell it to.
        if (own.client === used && !closed) own = start()
        throw thrown
      }
      signal.throwIfAborted()
      // 4 would take the signal as `signal`, and lose count of its commands when it aborts after one was sent; there a
      // silent connection is closed, and what was not sent yet goes with it.
      // Time is kept by the caller, and replies are text, whatever the user maps.
      return send(used, command, key, { abortSignal: signal, timeout: undefined, typeMapping: {} })
    },
    close() {
      closed = true
      end(own.client)
    },
  }
}

function end(client: NodeRedis): void {
  // What is closed already says so, by throwing or rejecting.
  const destroy = async (): Promise<unknown> => (client.destroy ? client.destroy() : client.disconnect?.())
  destroy().catch(() => {})
}
