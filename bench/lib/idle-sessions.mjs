/** Sessions that were opened and left alone: what they keep in the process and in Redis. */
import { setTimeout as sleep } from 'node:timers/promises'
import { MeasuredTarget } from './measured-target.mjs'
import { startRedis } from './redis-server.mjs'

/** More sessions than the cache of opened ids has room for. */
const WARM_UP = 15_000
const SESSIONS = 1_000_000
/** Redis remembers the ids of a replica's own records for a minute: then there are as many as there will ever be. */
const STEADY_MS = 65_000

/** @returns one { target, sessions, bytes, before, after, keys, memory } */
export async function measureIdleSessions(row, target, { operations = SESSIONS }, progress) {
  const redis = await startRedis()
  try {
    const running = await MeasuredTarget.start(row, { ...target, args: ['--engine', redis.url] }, { exposeGc: true })
    try {
      progress(`${row.name}: warming up`)
      await running.load({ operations: WARM_UP })
      progress(`${row.name}: waiting a minute for a steady state`)
      await sleep(STEADY_MS)
      const before = await look(running, redis)
      progress(`${row.name}: opening ${operations} sessions`)
      const { operations: sessions } = await running.load({ operations })
      const after = await look(running, redis)
      return [{ target: target.name, sessions, bytes: (after.heapUsed - before.heapUsed) / sessions, before, after }]
    } finally {
      await running.stop()
    }
  } finally {
    await redis.stop()
  }
}

async function look(running, redis) {
  return { ...(await running.process.collectedHeap()), keys: await redis.size(), redisBytes: await redis.memory() }
}
