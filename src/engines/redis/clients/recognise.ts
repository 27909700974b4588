/**
 * Which client the user has given, told by its shape: the package itself is the user's, and not imported here.
 *
 * @module
 */
import type { RedisClient } from '../client.ts'
import { type IoRedis, type IoRedisCluster, ioredisCluster, ioredisServer } from './ioredis.ts'
import {
  type NodeRedis,
  type NodeRedisLoner,
  nodeRedisCluster,
  nodeRedisSentinel,
  nodeRedisSentinels,
  nodeRedisServer,
} from './node-redis.ts'

/** A client of `redis` or `ioredis`. It gives the address, credentials and TLS; it need not be connected. */
export type UserClient = NodeRedis | IoRedis | IoRedisCluster

/** A function that makes such a client each time: for clients that have no `duplicate`, as sentinel clients of `redis` 5. */
export type MakeClient = () => UserClient | NodeRedisLoner

/** @throws {TypeError} for anything else */
export function recogniseClient(given: UserClient | MakeClient): RedisClient {
  const client = typeof given === 'function' ? given() : given
  const has = (name: string, type: 'function' | 'object' | 'boolean'): boolean =>
    typeof client === 'object' && client !== null && typeof Reflect.get(client, name) === type
  if (has('duplicate', 'function') && has('call', 'function')) {
    return Reflect.get(client, 'isCluster') === true
      ? ioredisCluster(client as IoRedisCluster)
      : ioredisServer(client as IoRedis)
  }
  if (has('sendCommand', 'function') && has('connect', 'function')) {
    if (has('duplicate', 'function')) {
      if (has('nodeClient', 'function')) return nodeRedisCluster(client as NodeRedis)
      if (has('getMasterNode', 'function')) return nodeRedisSentinel(client as NodeRedis)
      if (has('isReady', 'boolean')) return nodeRedisServer(client as NodeRedis)
    } else if (has('getMasterNode', 'function')) {
      if (typeof given === 'function') return nodeRedisSentinels(given as () => NodeRedisLoner)
      throw new TypeError('Sentinel clients of redis 5 can not be duplicated: give a function that makes one.')
    }
  }
  throw new TypeError(
    'This is no client that is known here: give one of the package redis (createClient, createSentinel, createCluster) ' +
      'or ioredis (new Redis, new Cluster), connected or not.',
  )
}
