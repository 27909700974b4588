/** One thing that changes, told to every session stream of three replicas. */
import { Connection } from './http-client.mjs'
import { callBody, get, post, uniqueNumber } from './messages.mjs'
import { startRedis } from './redis-server.mjs'
import { expect, openSession } from './session-client.mjs'
import { median } from './stats.mjs'
import { startTarget } from './target-process.mjs'

const REPLICAS = 3
const STREAMS = 5_000
const ROUNDS = 5
/** Opened at a time: a listen backlog has its own bounds. */
const BATCH = 50
const LIMIT_MS = 20_000

/** @returns one { target, streams, milliseconds, rounds } */
export async function measureBroadcast(row, target, progress) {
  const redis = await startRedis()
  const servers = []
  const connections = []
  try {
    const ports = []
    for (let at = 0; at < REPLICAS; at += 1) {
      const server = startTarget(target.file, ['--engine', redis.url])
      servers.push(server)
      ports.push(await server.listening())
    }
    const heard = new Counter()
    for (let opened = 0; opened < STREAMS; opened += BATCH) {
      progress(`${row.name}: ${opened} streams open`)
      const count = Math.min(BATCH, STREAMS - opened)
      const batch = Array.from({ length: count }, (_, at) => openStream(ports[(opened + at) % REPLICAS], heard))
      connections.push(...(await Promise.all(batch)))
    }
    const caller = new Connection(ports[0])
    connections.push(caller)
    await caller.opened()
    const session = await openSession(caller, ports[0])
    const rounds = []
    for (let round = 0; round < ROUNDS; round += 1) {
      progress(`${row.name}: round ${round + 1}`)
      const all = heard.next(STREAMS)
      const began = performance.now()
      const { head } = await caller.exchange(post(ports[0], callBody(uniqueNumber(), 'add'), { session }))
      expect(head.status === 200, 'status 200', head)
      await all
      rounds.push(performance.now() - began)
    }
    return [{ target: target.name, streams: STREAMS, milliseconds: median(rounds), slowest: Math.max(...rounds) }]
  } finally {
    for (const connection of connections) connection.close()
    await Promise.all(servers.map((server) => server.stop()))
    await redis.stop()
  }
}

/** Counts what was heard since the last time that somebody asked. */
class Counter {
  #left = 0
  #resolve = () => {}

  next(count) {
    this.#left = count
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.#left} streams were not told`)), LIMIT_MS)
      this.#resolve = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  add() {
    this.#left -= 1
    if (this.#left === 0) this.#resolve()
  }
}

async function openStream(port, heard) {
  const connection = new Connection(port)
  await connection.opened()
  const session = await openSession(connection, port)
  await connection.openStream(get(port, session), ({ method }) => {
    if (method === 'notifications/tools/list_changed') heard.add()
  })
  return connection
}
