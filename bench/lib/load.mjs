/** Keeps one operation in flight per lane until the time or the count is reached, then waits for the last ones. */

/** A round in which nothing is answered for this long is lost. */
const STALL_MS = 20_000

/**
 * @param lanes each { run(done) } starts one operation and calls done() when every answer of it was checked
 * @param until { seconds } or { operations }
 * @returns { operations, seconds } after all started operations have ended
 */
export function runLoad(lanes, until) {
  return new Promise((resolve, reject) => {
    let started = 0
    let finished = 0
    let active = 0
    let stopping = false
    let finishedBefore = 0
    const limit = until.operations ?? Number.POSITIVE_INFINITY
    const startedAt = performance.now()
    const timer = until.seconds === undefined ? undefined : setTimeout(() => (stopping = true), until.seconds * 1000)
    const watchdog = setInterval(() => {
      if (finished === finishedBefore) fail(new Error(`no operation ended within ${STALL_MS / 1000} s`))
      finishedBefore = finished
    }, STALL_MS)

    // The load never sleeps: a server that has to wake its client pays several microseconds more for every write, and the
    // faster the server, the more rarely the client sleeps.
    const spin = () => {
      if (!stopping) setImmediate(spin)
    }
    spin()
    const stop = () => {
      stopping = true
      clearTimeout(timer)
      clearInterval(watchdog)
    }
    const fail = (error) => {
      stop()
      reject(error)
    }
    const startNext = (lane) => {
      if (stopping || started >= limit) {
        active -= 1
        if (active > 0) return
        stop()
        resolve({ operations: finished, seconds: (performance.now() - startedAt) / 1000 })
        return
      }
      started += 1
      lane.run(lane.done)
    }

    for (const lane of lanes) {
      lane.fail = fail
      lane.done = () => {
        finished += 1
        startNext(lane)
      }
    }
    active = lanes.length
    for (const lane of lanes) startNext(lane)
  })
}
