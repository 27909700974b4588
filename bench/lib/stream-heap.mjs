/** Heap per session whose GET stream stays open. The session and the stream share one connection, as with a real client. */
import { LIMIT } from '../targets/index.mjs'
import { Connection } from './http-client.mjs'
import { get } from './messages.mjs'
import { openSession } from './session-client.mjs'
import { startTarget } from './target-process.mjs'

const STREAMS = 2_000
/** Opened first and kept open, so that what is made once is there before the heap is read. */
const WARM_UP = 200
/** Opened at a time: a listen backlog has its own bounds. */
const BATCH = 50

/** @returns one { target, bytes, ratio, streams } or { target, error } per target; ratio: against the limit */
export async function measureStreamHeap(targets, progress) {
  const entries = []
  for (const target of targets) {
    progress(`heap-stream: ${STREAMS} streams on ${target.name}`)
    try {
      entries.push({ target: target.name, bytes: await bytesPerStream(target), streams: STREAMS })
    } catch (error) {
      entries.push({ target: target.name, error: error.message })
    }
  }
  const bare = entries.find(({ target }) => target === LIMIT)?.bytes
  return entries.map((entry) => ({ ...entry, ratio: bare === undefined ? undefined : entry.bytes / bare }))
}

async function bytesPerStream(target) {
  const server = startTarget(target.file, [], { exposeGc: true })
  const connections = []
  try {
    const port = await server.listening()
    await openStreams(connections, port, WARM_UP)
    const before = await server.collectedHeap()
    await openStreams(connections, port, STREAMS)
    const after = await server.collectedHeap()
    return (after.heapUsed - before.heapUsed) / STREAMS
  } finally {
    for (const connection of connections) connection.close()
    await server.stop()
  }
}

async function openStreams(connections, port, count) {
  for (let opened = 0; opened < count; opened += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - opened) }, () => new Connection(port))
    connections.push(...batch)
    await Promise.all(batch.map((connection) => openStream(connection, port)))
  }
}

async function openStream(connection, port) {
  await connection.opened()
  const session = await openSession(connection, port)
  await connection.openStream(get(port, session), () => {})
}
