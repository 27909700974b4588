/**
 * Preloaded into a target (`node --import`): answers the benchmark's questions about the process over IPC.
 *
 * A target that counts things itself, or has something that can change, puts a function under a symbol below.
 */

import { Server } from 'node:http'

/** Garbage collection ends when a round frees less than this. */
const SETTLED_BYTES = 1_024
const MOST_COLLECTIONS = 20

async function collectedHeap() {
  let heapUsed = process.memoryUsage().heapUsed
  for (let round = 0; round < MOST_COLLECTIONS; round += 1) {
    globalThis.gc()
    // Finalizers and weak callbacks run between collections.
    await new Promise((resolve) => setTimeout(resolve, 20))
    globalThis.gc()
    const now = process.memoryUsage().heapUsed
    const settled = Math.abs(heapUsed - now) < SETTLED_BYTES
    heapUsed = now
    if (settled) break
  }
  const { external, rss } = process.memoryUsage()
  return { heapUsed, external, rss }
}

/** Targets take turns, so a connection may idle for longer than the 5 s after which node:http closes it. */
const KEEP_ALIVE_MS = 300_000

function keepConnections() {
  const servers = process._getActiveHandles().filter((handle) => handle instanceof Server)
  for (const server of servers) server.keepAliveTimeout = KEEP_ALIVE_MS
  return { servers: servers.length }
}

/** A row's own question: the target changes the resource that its clients listen to. */
function update() {
  globalThis[Symbol.for('bench.update')]()
  return {}
}

const answers = {
  keepConnections,
  cpu: () => process.cpuUsage(),
  update,
  heap: collectedHeap,
  startProfile: async () => (await import('./profiler.mjs')).startProfile(),
  stopProfile: async () => (await import('./profiler.mjs')).stopProfile(),
  memory: () => process.memoryUsage(),
  exit: () => process.exit(),
  counters: () => ({ counters: globalThis[Symbol.for('bench.counters')]?.() }),
}

process.on('disconnect', () => process.exit())
process.on('message', async (question) => process.send(await answers[question]()))
