/**
 * Ordinary calls beside clients that hardly read and hardly send: how long the calls take, and what the process holds,
 * against the same number of clients that read and send as they should.
 */
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { callLane } from '../rows/call.mjs'
import { Connection } from './http-client.mjs'
import { callBody, post, uniqueNumber } from './messages.mjs'
import { openSession } from './session-client.mjs'
import { startTarget } from './target-process.mjs'

const READERS = 200
const SENDERS = 200
/** Longer than a slow reader (30 s) or a slow body (30 s) is borne. */
const SECONDS = 40
const LANES = 8
/** Between two calls of a lane: the server is busy, not overloaded. */
const THINK_MS = 10

/** @returns entries for prompt and for slow neighbours: { target, p50, p99, calls, peakRss } */
export async function measureSlowNeighbours(row, target, progress) {
  const entries = []
  for (const [name, slow] of [
    ['prompt neighbours', false],
    ['slow neighbours', true],
  ]) {
    progress(`${row.name}: ${name}, ${SECONDS} s`)
    entries.push({ target: name, ...(await measure(target, slow)) })
  }
  return entries
}

async function measure(target, slow) {
  const server = startTarget(target.file, [], { exposeGc: true })
  const neighbours = []
  try {
    const port = await server.listening()
    const lanes = await Promise.all(Array.from({ length: LANES }, () => callLane(port, {})))
    const before = await server.collectedHeap()
    for (let at = 0; at < READERS; at += 1) neighbours.push(await reader(port, slow))
    for (let at = 0; at < SENDERS; at += 1) neighbours.push(sender(port, slow))
    const end = performance.now() + SECONDS * 1_000
    const times = []
    let peakRss = 0
    const watching = (async () => {
      while (performance.now() < end) {
        peakRss = Math.max(peakRss, (await server.memory()).rss)
        await sleep(500)
      }
    })()
    await Promise.all([watching, ...lanes.map((lane) => drive(lane, end, times))])
    for (const close of neighbours.splice(0)) close()
    for (const lane of lanes) lane.close()
    // What they held is given back once they are gone.
    await sleep(2_000)
    const after = await server.collectedHeap()
    times.sort((a, b) => a - b)
    const at = (share) => times[Math.floor(share * (times.length - 1))]
    return {
      p50: at(0.5),
      p99: at(0.99),
      calls: times.length,
      peakRss: peakRss - before.rss,
      kept: after.heapUsed - before.heapUsed,
    }
  } finally {
    for (const close of neighbours) close()
    await server.stop()
  }
}

async function drive(lane, end, times) {
  while (performance.now() < end) {
    const began = performance.now()
    await new Promise((resolve, reject) => {
      lane.fail = reject
      lane.run(resolve)
    })
    times.push(performance.now() - began)
    await sleep(THINK_MS)
  }
}

/** A call that is sent a kilobyte ten times a second, and reads it, or one byte a second of it. */
async function reader(port, slow) {
  const connection = new Connection(port)
  await connection.opened()
  const session = await openSession(connection, port)
  connection.close()
  const request = post(port, callBody(uniqueNumber(), 'ticks', { progress: true }), { session })
  return keepGoing((again) => {
    const socket = connect({ port, host: '127.0.0.1', highWaterMark: 1 })
    socket.on('error', () => {})
    socket.on('close', again)
    socket.write(request)
    let timer
    if (slow) {
      socket.pause()
      timer = setInterval(() => socket.read(1), 1_000)
    } else {
      socket.on('data', () => {})
    }
    return () => {
      clearInterval(timer)
      socket.destroy()
    }
  })
}

/** A POST of a kilobyte: all of it each second, or one byte of it. */
function sender(port, slow) {
  const body = 'x'.repeat(1_000)
  const head = `POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nAccept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`
  return keepGoing((again) => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.on('close', again)
    socket.on('data', () => {})
    if (slow) socket.write(head)
    const timer = setInterval(() => socket.write(slow ? 'x' : head + body), 1_000)
    return () => {
      clearInterval(timer)
      socket.destroy()
    }
  })
}

/** Connects again whenever the server has had enough. @returns a function that ends it */
function keepGoing(start) {
  let stop
  let over = false
  const begin = () => {
    stop?.()
    if (!over) stop = start(() => setTimeout(begin, 100))
  }
  begin()
  return () => {
    over = true
    stop?.()
  }
}
