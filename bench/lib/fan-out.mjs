/** One change on the server, and many open streams that hear of it: how long until the last one did, and at what cost. */
import { setTimeout as sleep } from 'node:timers/promises'
import { LIMIT } from '../targets/index.mjs'
import { entryOf } from './bounds.mjs'
import { Connection } from './http-client.mjs'
import { uniqueNumber } from './messages.mjs'
import { listenRequest } from './modern-messages.mjs'
import { expect } from './session-client.mjs'
import { median, spread } from './stats.mjs'
import { startTarget } from './target-process.mjs'

/** Opened at a time: a listen backlog has its own bounds. */
const BATCH = 50
/** Updates before the measurement, so that the path is compiled. */
const WARM_UP = 20
const UPDATES = 30
/** Between two updates. A server may gather those that follow each other more quickly; Fairlead does, for 100 ms. */
const PAUSE_MS = 200
/** An update that has not reached all streams by then is lost. */
const REACH_LIMIT_MS = 20_000

/**
 * @param targets each { name, modern }
 * @returns one { target, milliseconds, millisecondsSpread, microseconds, share, streams } or { target, error } per target
 */
export async function measureFanOut({ streams, uri }, targets, progress) {
  const entries = []
  for (const target of targets) {
    progress(`listen: ${streams} streams on ${target.name}`)
    try {
      entries.push({ target: target.name, streams, ...(await measureTarget(target, streams, uri)) })
    } catch (error) {
      entries.push({ target: target.name, error: error.message })
    }
  }
  const bare = entryOf(entries, LIMIT)?.microseconds
  return entries.map((entry) => ({ ...entry, share: bare === undefined ? undefined : bare / entry.microseconds }))
}

async function measureTarget(target, streams, uri) {
  const server = startTarget(target.modern, ['--modern'])
  const audience = new Audience(uri)
  try {
    const port = await server.listening()
    await server.keepConnections()
    for (let opened = 0; opened < streams; opened += BATCH) {
      await Promise.all(Array.from({ length: Math.min(BATCH, streams - opened) }, () => audience.join(port)))
    }
    const update = async () => {
      await sleep(PAUSE_MS)
      return audience.hears(() => server.update())
    }
    for (let count = 0; count < WARM_UP; count += 1) await update()
    const times = []
    const before = await server.cpu()
    for (let count = 0; count < UPDATES; count += 1) times.push(await update())
    const microseconds = ((await server.cpu()) - before) / (UPDATES * streams)
    return { milliseconds: median(times), millisecondsSpread: spread(times), microseconds }
  } finally {
    audience.leave()
    await server.stop()
  }
}

/** The clients of one server. Every one of them must hear of every update once, on its own subscription. */
class Audience {
  #uri
  #connections = []
  #updates = 0
  #missing = 0
  #reached = undefined
  #failed = undefined

  constructor(uri) {
    this.#uri = uri
  }

  /** Opens one stream, and waits until the server has acknowledged the subscription. */
  join(port) {
    const connection = new Connection(port)
    this.#connections.push(connection)
    const id = uniqueNumber()
    return new Promise((resolve, reject) => {
      let acknowledged = false
      let heard = 0
      const fail = (error) => {
        reject(error)
        this.#failed?.(error)
      }
      const onMessage = ({ method, params }) => {
        expect(params?._meta?.['io.modelcontextprotocol/subscriptionId'] === id, `the subscription id ${id}`, params)
        if (!acknowledged) {
          const right = method === 'notifications/subscriptions/acknowledged'
          expect(right && params.notifications.resourceSubscriptions?.[0] === this.#uri, 'the acknowledgement', params)
          acknowledged = true
          resolve()
          return
        }
        expect(method === 'notifications/resources/updated' && params.uri === this.#uri, 'an update', params)
        heard += 1
        this.#arrived(heard)
      }
      const open = () => {
        connection.openStream(listenRequest(port, id, this.#uri), onMessage).catch(fail)
        connection.onError = fail
      }
      connection.opened().then(open, fail)
    })
  }

  /** @returns the milliseconds from asking for an update until the last stream had it */
  async hears(update) {
    this.#missing = this.#connections.length
    this.#updates += 1
    const startedAt = performance.now()
    let timer
    const all = new Promise((resolve, reject) => {
      this.#reached = () => resolve(performance.now() - startedAt)
      this.#failed = reject
      const late = () => reject(new Error(`${this.#missing} streams did not hear within ${REACH_LIMIT_MS / 1000} s`))
      timer = setTimeout(late, REACH_LIMIT_MS)
    })
    try {
      const [milliseconds] = await Promise.all([all, update()])
      return milliseconds
    } finally {
      clearTimeout(timer)
    }
  }

  leave() {
    for (const connection of this.#connections) connection.close()
  }

  #arrived(heard) {
    expect(heard === this.#updates, `update ${this.#updates}`, heard)
    this.#missing -= 1
    if (this.#missing === 0) this.#reached()
  }
}
