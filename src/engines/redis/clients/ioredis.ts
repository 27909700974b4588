/**
 * Clients of the package `ioredis`, 5 and later, and of `iovalkey`: single servers, sentinels and clusters.
 *
 * @module
 */
import { type Connection, type RedisClient, reconnectDelay } from '../client.ts'

export interface IoRedis {
  duplicate(overrides?: object): IoRedis
  call(command: string, ...args: readonly string[]): Promise<unknown>
  on(event: 'error', listener: (error: Error) => void): unknown
  disconnect(): void
}

export interface IoRedisCluster extends Omit<IoRedis, 'duplicate'> {
  readonly isCluster: true
  readonly options: { readonly redisOptions?: object }
  duplicate(startupNodes?: readonly never[], overrides?: object): IoRedisCluster
}

/** A command is sent once, now or not at all, and fails with its connection: whoever called decides about another attempt. */
const PLAIN = {
  lazyConnect: false,
  enableOfflineQueue: false,
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableAutoPipelining: false,
  commandTimeout: undefined,
  socketTimeout: undefined,
  blockingTimeout: undefined,
}

export function ioredisServer(client: IoRedis): RedisClient {
  return {
    connect: ({ connectTimeoutMs }) =>
      connection(client.duplicate({ ...PLAIN, connectTimeout: connectTimeoutMs, retryStrategy: reconnectDelay })),
  }
}

export function ioredisCluster(client: IoRedisCluster): RedisClient {
  return {
    connect({ connectTimeoutMs }) {
      const redisOptions = {
        ...client.options.redisOptions,
        connectTimeout: connectTimeoutMs,
        commandTimeout: undefined,
      }
      return connection(
        client.duplicate([], {
          lazyConnect: false,
          enableOfflineQueue: false,
          enableAutoPipelining: false,
          // Otherwise a command whose connection broke would be sent again.
          retryDelayOnFailover: 0,
          clusterRetryStrategy: reconnectDelay,
          redisOptions,
        }),
      )
    },
  }
}

function connection(client: Omit<IoRedis, 'duplicate'>): Connection {
  let trouble: Error | undefined
  // Without a listener errors are printed.
  client.on('error', (error) => {
    trouble = error
  })
  return {
    async send([name, ...args]) {
      const reply = await client.call(name!, ...args)
      trouble = undefined
      return reply
    },
    trouble: () => trouble,
    close: () => client.disconnect(),
  }
}
