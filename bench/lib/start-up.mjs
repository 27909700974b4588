/** Time from the start of a process to its answer to the first initialize, in milliseconds. */
import { Connection } from './http-client.mjs'
import { initializeBody, post, uniqueNumber } from './messages.mjs'
import { sessionOf } from './session-client.mjs'
import { median, spread } from './stats.mjs'
import { startTarget } from './target-process.mjs'

const ROUNDS = 15
/** For those that no bound depends on. */
const FAR_ROUNDS = 3

/**
 * @param starts each { name, file, args, near }; the first is what the others are compared with
 * @returns one { target, milliseconds, ratio, ratioSpread, rounds } or { target, error } each
 */
export async function measureStartUp(rowName, starts, progress) {
  const results = new Map(starts.map(({ name }) => [name, { times: [], ratios: [], error: undefined }]))
  for (let round = 0; round < ROUNDS; round += 1) {
    progress(`${rowName}, round ${round + 1} of ${ROUNDS}`)
    let bare
    for (const start of starts) {
      const result = results.get(start.name)
      if (result.error !== undefined || (!start.near && round >= FAR_ROUNDS)) continue
      try {
        const time = await startOnce(start)
        bare ??= time
        result.times.push(time)
        result.ratios.push(time / bare)
      } catch (error) {
        result.error = error.message
      }
    }
  }
  return [...results].map(([target, { times, ratios, error }]) =>
    error !== undefined
      ? { target, error }
      : {
          target,
          milliseconds: median(times),
          ratio: median(ratios),
          ratioSpread: spread(ratios),
          rounds: times.length,
        },
  )
}

async function startOnce({ file, args = [] }) {
  const startedAt = performance.now()
  const server = startTarget(file, args, { control: false })
  let connection
  try {
    const port = await server.listening()
    connection = new Connection(port)
    await connection.opened()
    const id = uniqueNumber()
    const { head, messages } = await connection.exchange(post(port, initializeBody(id)))
    sessionOf(head, messages[0], id)
    return performance.now() - startedAt
  } finally {
    connection?.close()
    await server.stop()
  }
}
