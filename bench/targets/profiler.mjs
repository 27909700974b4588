/** Takes a CPU profile of this process between two questions, and sums it up by function: self time in microseconds. */
import { Session } from 'node:inspector/promises'
import { fileURLToPath } from 'node:url'

/** Microseconds between samples: a call takes some 20 to 40, so it is seen often enough over a few seconds. */
const INTERVAL = 200

let session

export async function startProfile() {
  session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.setSamplingInterval', { interval: INTERVAL })
  await session.post('Profiler.start')
  return {}
}

/** @returns { functions: [{ name, place, microseconds }] } the most expensive first */
export async function stopProfile() {
  const { profile } = await session.post('Profiler.stop')
  session.disconnect()
  const byId = new Map(profile.nodes.map((node) => [node.id, node]))
  const sums = new Map()
  for (const [index, id] of profile.samples.entries()) {
    const { functionName, url, lineNumber } = byId.get(id).callFrame
    const place = url === '' ? '' : `${shortPath(url)}:${lineNumber + 1}`
    const name = functionName || '(anonymous)'
    const sum = sums.get(`${name} ${place}`) ?? { name, place, microseconds: 0 }
    sum.microseconds += profile.timeDeltas[index]
    sums.set(`${name} ${place}`, sum)
  }
  return { functions: [...sums.values()].sort((a, b) => b.microseconds - a.microseconds) }
}

function shortPath(url) {
  const root = fileURLToPath(new URL('../../', import.meta.url))
  return (url.startsWith('file:') ? fileURLToPath(url) : url).replace(root, '')
}
