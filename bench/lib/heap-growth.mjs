/** Heap growth per operation: warm up until the bounded caches are full, collect, run a known number, collect again. */
import { LIMIT } from '../targets/index.mjs'
import { MeasuredTarget } from './measured-target.mjs'

/** Caches that fill with operations are full when a batch no longer adds to them. */
const FILL_BATCH = 50_000
const MOST_FILL_BATCHES = 16
/** Targets that are slow or leak get a part of the operations: enough to see what they keep. */
const FAR_PART = 1 / 50

const CACHES = /^(cached|finished|changed|open)/

/** @returns one { target, bytes, operations, before, after, caches } or { target, error } per target */
export async function measureHeapGrowth(row, targets, progress) {
  const entries = []
  for (const target of targets) {
    try {
      entries.push(await measureTarget(row, target, progress))
    } catch (error) {
      entries.push({ target: target.name, error: error.message })
    }
  }
  return entries
}

async function measureTarget(row, target, progress) {
  const part = target.near ? 1 : FAR_PART
  const running = await MeasuredTarget.start(row, target, { exposeGc: true })
  try {
    progress(`${row.name}: warming up ${target.name}`)
    await running.load({ operations: row.warmUp * part })
    if (target.name !== LIMIT) await fillCaches(running)
    const cachesBefore = cachesOf(await running.process.counters())
    const before = await running.process.collectedHeap()
    progress(`${row.name}: ${row.count * part} operations on ${target.name}`)
    const { operations } = await running.load({ operations: row.count * part })
    const after = await running.process.collectedHeap()
    const cachesAfter = cachesOf(await running.process.counters())
    return {
      target: target.name,
      bytes: (after.heapUsed - before.heapUsed) / operations,
      operations,
      before,
      after,
      caches: describe(cachesBefore, cachesAfter),
    }
  } finally {
    await running.stop()
  }
}

/** Runs more operations as long as what the target says of its caches still grows. */
async function fillCaches(running) {
  let held = cachesOf(await running.process.counters())
  if (held.finishedStreams === undefined || held.finishedStreams === 0) return
  for (let batch = 0; batch < MOST_FILL_BATCHES; batch += 1) {
    await running.load({ operations: FILL_BATCH })
    const now = cachesOf(await running.process.counters())
    if (now.finishedStreams - held.finishedStreams < FILL_BATCH / 10) return
    held = now
  }
}

function cachesOf(counters = {}) {
  return Object.fromEntries(Object.entries(counters).filter(([name]) => CACHES.test(name)))
}

function describe(before, after) {
  const held = Object.keys(after).filter((name) => before[name] > 0 || after[name] > 0)
  return held.map((name) => `${name} ${before[name]} -> ${after[name]}`).join(', ') || 'none'
}
