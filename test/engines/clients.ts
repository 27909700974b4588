/**
 * The clients that users bring, of every release that is supported.
 *
 * @module
 */
import * as ioredis5 from 'ioredis-5'
import * as ioredis6 from 'ioredis-6'
import * as redis4 from 'redis-4'
import * as redis5 from 'redis-5'
import * as redis6 from 'redis-6'
import type { RedisUserClient } from '../../src/adapters/redis.ts'
import type { Deployment } from './deployment.ts'

export interface ClientKind {
  readonly name: string
  /** A client as a user makes it, not connected. */
  create(deployment: Pick<Deployment, 'kind' | 'urls'>): RedisUserClient
}

function nodeRedis(name: string, library: typeof redis4 | typeof redis5 | typeof redis6): ClientKind {
  const { createClient, createCluster } = library as typeof redis6
  return {
    name,
    create: ({ kind, urls }) =>
      kind === 'single' ? createClient({ url: urls[0]! }) : createCluster({ rootNodes: urls.map((url) => ({ url })) }),
  }
}

function ioredis(name: string, library: typeof ioredis5 | typeof ioredis6): ClientKind {
  const { Redis, Cluster } = library as typeof ioredis6
  return {
    name,
    create: ({ kind, urls }) =>
      kind === 'single' ? new Redis(urls[0]!, { lazyConnect: true }) : new Cluster([...urls], { lazyConnect: true }),
  }
}

/** The newest release of each library: where the engine makes no difference between releases, and time matters. */
export const newestKinds = (): readonly ClientKind[] => [clientKinds[2]!, clientKinds[4]!]

export const clientKinds: readonly ClientKind[] = [
  nodeRedis('redis 4', redis4),
  nodeRedis('redis 5', redis5),
  nodeRedis('redis 6', redis6),
  ioredis('ioredis 5', ioredis5),
  ioredis('ioredis 6', ioredis6),
]
