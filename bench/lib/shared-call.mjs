/** A plain call with Redis attached beside the same call without: CPU, and how many commands Redis gets for it. */
import { setTimeout as sleep } from 'node:timers/promises'
import { measureCpuRow } from './cpu-row.mjs'
import { MeasuredTarget } from './measured-target.mjs'
import { startRedis } from './redis-server.mjs'
import { median, spread } from './stats.mjs'

/** Long enough for the three operations a second of a replica to be told from those of calls. */
const COUNTED_SECONDS = 4

/** @returns one { target, microseconds, ratio, ratioSpread, commands } per target; commands: per 1,000 calls */
export async function measureSharedCall(row, target, options, progress) {
  const redis = await startRedis()
  try {
    const alone = { ...target, name: 'memory engine', near: true }
    const shared = { ...target, name: 'redis attached', near: true, args: ['--engine', redis.url] }
    const entries = await measureCpuRow(row, [alone, shared], options, progress)
    progress(`${row.name}: counting commands`)
    const commands = entries.some(({ error }) => error !== undefined) ? undefined : await count(row, shared, redis)
    const [first, second] = entries
    const ratios = second.rounds?.map(({ microseconds }, at) => microseconds / first.rounds[at].microseconds) ?? []
    return [first, { ...second, ratio: median(ratios), ratioSpread: spread(ratios), commands }]
  } finally {
    await redis.stop()
  }
}

async function count(row, target, redis) {
  const running = await MeasuredTarget.start(row, target)
  try {
    await running.load({ seconds: 1 })
    const idle = await during(redis, () => sleep(COUNTED_SECONDS * 1_000))
    let operations = 0
    const busy = await during(redis, async () => {
      operations = (await running.load({ seconds: COUNTED_SECONDS })).operations
    })
    return { perThousand: ((busy - idle) / operations) * 1_000, idlePerSecond: idle }
  } finally {
    await running.stop()
  }
}

/** Commands a second while something goes on. */
async function during(redis, action) {
  const before = await redis.commands()
  const began = performance.now()
  await action()
  return ((await redis.commands()) - before) / ((performance.now() - began) / 1_000)
}
