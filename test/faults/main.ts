/**
 * Breaks one thing after the other while clients are at work, and counts. Started by `run.mjs`.
 *
 * @module
 */
import { writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { seededRandom } from '../unit/manual-platform.ts'
import { cutSome, FAULTS, USUAL_CUTS } from './faults.ts'
import { Fleet } from './fleet.ts'
import { Load } from './load.ts'
import { type Done, page } from './page.ts'
import { Tally } from './tally.ts'

const CLIENTS = 40
const PROGRESS_MS = 5_000

/** A stream of a dead replica ends within its lease and this. */
const SLACK_MS = 1_000

/** @param program the replica. */
export async function main(program: string): Promise<number> {
  const { values } = parseArgs({
    options: {
      only: { type: 'string' },
      share: { type: 'string', default: '1' },
      lease: { type: 'string', default: '5000' },
      seed: { type: 'string' },
      page: { type: 'string' },
    },
  })
  const only = values.only?.split(',')
  const unknown = only?.filter((name) => !FAULTS.some((fault) => fault.name === name)) ?? []
  if (unknown.length > 0) {
    console.error(`Unknown fault: ${unknown.join(', ')}. There are ${FAULTS.map(({ name }) => name).join(', ')}.`)
    return 2
  }
  const seed = Number(values.seed ?? Date.now() % 1_000_000)
  const leaseMs = Number(values.lease)
  const random = seededRandom(seed)
  console.log(`seed ${seed}, a lease of ${leaseMs} ms, ${CLIENTS} clients, a share of ${values.share}`)

  const tally = new Tally()
  const done: Done[] = []
  const deaths = new Map<string, number>()
  const begin = performance.now()
  const seconds = (): number => Math.round((performance.now() - begin) / 1_000)
  let doing = 'starting'
  const said = (): string =>
    `${seconds()} s: ${doing}; ${tally.calls} calls, ${tally.resumed} resumes, ${tally.replicaLost} ended by the loss of ` +
    `a replica, ${tally.violations.length} violations`
  const progress = setInterval(() => console.log(said()), PROGRESS_MS)
  const fleet = await Fleet.start(program, leaseMs)
  // What was started ends with this program.
  const leave = (): void => void fleet.close().finally(() => process.exit(1))
  process.once('SIGINT', leave)
  process.once('SIGTERM', leave)
  try {
    const load = new Load(fleet, tally, random)
    load.start(CLIENTS)
    cutSome(fleet, random, USUAL_CUTS)
    await sleep(2_000)
    for (const fault of FAULTS.filter(({ name }) => only?.includes(name) ?? true)) {
      const times = Math.max(1, Math.round(fault.count * Number(values.share)))
      const before = { calls: tally.calls, violations: tally.violations.length }
      for (let time = 1; time <= times; time++) {
        doing = `${fault.name} ${time} of ${times}`
        await fault.once({ fleet, load, tally, random, leaseMs, deaths })
        if (time % fault.checkEvery !== 0 && time !== times) continue
        await sleep(1_000)
        await load.check()
      }
      const violations = tally.violations.length - before.violations
      done.push({ fault, times, calls: tally.calls - before.calls, violations })
      console.log(`${violations === 0 ? 'pass' : 'FAIL'}  ${fault.name}: ${times} times, ${violations} violations`)
    }
    doing = 'the end'
    cutSome(fleet, random, 0)
    await load.finish(deaths, leaseMs + SLACK_MS)
  } finally {
    clearInterval(progress)
    await fleet.close()
  }
  for (const text of fleet.output) console.log(text.slice(0, 500))
  if (fleet.output.length > 0) tally.violate('replicas wrote to their standard error')
  console.log(said())
  const { results, streamLost, refused, unresumable, deleted, recoveries } = tally
  console.log(
    `${results} results, ${streamLost} ended by the loss of the data, ${refused} refused, ${unresumable} broken before ` +
      `their first event, ${deleted} deleted; the slowest recovery took ${Math.max(0, ...recoveries)} ms`,
  )
  if (values.page !== undefined)
    await writeFile(values.page, page({ tally, done, seed, leaseMs, clients: CLIENTS, cuts: fleet.balancer.cuts }))
  const failed = done.filter(({ violations }) => violations > 0).length
  // What is found only at the end belongs to no fault.
  const late = failed === 0 && tally.violations.length > 0 ? 1 : 0
  console.log(`${done.length - failed} passed, ${failed + late} failed`)
  return failed + late === 0 ? 0 : 1
}
