/**
 * Which client the user has given, told by its shape: the package itself is the user's, and not imported here.
 *
 * @module
 */
import type { RedisClient } from '../client.ts'
import { type IoRedis, type IoRedisCluster, ioredisCluster, ioredisServer } from './ioredis.ts'
import { type NodeRedis, nodeRedisCluster, nodeRedisSentinel, nodeRedisServer } from './node-redis.ts'

/** A client of `redis` or `ioredis`. It gives the address, credentials and TLS; it need not be connected. */
export type UserClient = NodeRedis | IoRedis | IoRedisCluster

/** @throws {TypeError} for anything else */
export function recogniseClient(client: UserClient): RedisClient {
  const has = (name: string, type: 'function' | 'object' | 'boolean'): boolean =>
    typeof client === 'object' && client !== null && typeof Reflect.get(client, name) === type
  if (has('duplicate', 'function')) {
    if (has('call', 'function')) {
      return Reflect.get(client, 'isCluster') === true
        ? ioredisCluster(client as IoRedisCluster)
        : ioredisServer(client as IoRedis)
    }
    if (has('sendCommand', 'function') && has('connect', 'function')) {
      if (has('nodeClient', 'function')) return nodeRedisCluster(client as NodeRedis)
      if (has('getMasterNode', 'function')) return nodeRedisSentinel(client as NodeRedis)
      if (has('isReady', 'boolean')) return nodeRedisServer(client as NodeRedis)
    }
  }
  throw new TypeError(
    'This is no client that is known here: give one of the package redis (createClient, createSentinel, createCluster) ' +
      'or ioredis (new Redis, new Cluster), not connected or connected.',
  )
}
