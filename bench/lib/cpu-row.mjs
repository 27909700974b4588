/**
 * Measures one row: in every round a fresh process per target, each warmed up, then short slices of load on one target after
 * the other. Taking turns this quickly spreads whatever else the machine does over all targets alike, so the share of the
 * limit is steadier than the figures it is made of.
 */
import { LIMIT } from '../targets/index.mjs'
import { MeasuredTarget } from './measured-target.mjs'
import { median, spread } from './stats.mjs'

/** Long enough for the optimizing compiler; the slower servers are still getting faster after one second. */
export const WARM_UP_SECONDS = 2
const SLICES = 10
/** Targets far from the limit take part in two rounds and every fourth slice: no check depends on their second digit. */
const FAR_ROUNDS = 2
const FAR_SLICES = 4
/** Rounds for a row that only shows that another row's figure does not change. */
const COMPARED_ROUNDS = 3

/**
 * @param options { rounds, seconds, operations, everyRound } per target and round; everyRound: far targets too
 * @param progress called with a short text for the progress line
 * @returns one { target, microseconds, share, shareSpread, throughput, rounds } or { target, error } per target
 */
export async function measureCpuRow(row, targets, options, progress) {
  const results = new Map(targets.map(({ name }) => [name, { target: name, rounds: [], error: undefined }]))
  const rounds = row.sameAs === undefined ? options.rounds : Math.min(options.rounds, COMPARED_ROUNDS)
  for (let round = 0; round < rounds; round += 1) {
    const takesPart = ({ name, near }) => !results.get(name).error && (near || options.everyRound || round < FAR_ROUNDS)
    const figures = await measureRound(row, targets.filter(takesPart), options, (text) =>
      progress(`${row.name}, round ${round + 1} of ${rounds}: ${text}`),
    )
    const limit = figures.get(LIMIT)?.microseconds
    for (const [name, figure] of figures) {
      const result = results.get(name)
      if (figure.error !== undefined) result.error = figure.error
      else result.rounds.push({ ...figure, share: limit === undefined ? undefined : limit / figure.microseconds })
    }
  }
  return [...results.values()].map(summary)
}

/** @returns a map from target name to { microseconds, throughput, operations } or { error } */
async function measureRound(row, targets, options, progress) {
  const figures = new Map()
  const running = []
  const guarded = async (target, action) => {
    try {
      await action()
    } catch (error) {
      figures.set(target.name, { error: error.message })
    }
  }
  try {
    for (const target of targets) {
      progress(`warming up ${target.name}`)
      await guarded(target, async () => {
        const each = await MeasuredTarget.start(row, target, { nodeArgs: options.nodeArgs })
        running.push(each)
        await each.load({ seconds: WARM_UP_SECONDS })
        each.cpuBefore = await each.cpu()
        each.operations = 0
        each.seconds = 0
      })
    }
    progress('measuring')
    for (let slice = 0; slice < SLICES; slice += 1) await measureSlice(slice, running, figures, options, guarded)
    for (const each of running) {
      if (figures.has(each.target.name)) continue
      // What the process did between its slices (collecting garbage, compiling) belongs to the work of the slices.
      await guarded(each.target, async () => figures.set(each.target.name, figureOf(each, await each.cpu())))
    }
  } finally {
    await Promise.all(running.map((each) => each.stop()))
  }
  return figures
}

async function measureSlice(slice, running, figures, { seconds, operations }, guarded) {
  const until =
    operations === undefined ? { seconds: seconds / SLICES } : { operations: Math.ceil(operations / SLICES) }
  for (const each of running) {
    const skipped = !each.target.near && slice % FAR_SLICES !== 0
    if (skipped || figures.has(each.target.name)) continue
    await guarded(each.target, async () => {
      const load = await each.load(until)
      each.operations += load.operations
      each.seconds += load.seconds
    })
  }
}

function figureOf({ cpuBefore, operations, seconds }, cpuAfter) {
  return { microseconds: (cpuAfter - cpuBefore) / operations, throughput: operations / seconds, operations }
}

function summary({ target, rounds, error }) {
  if (error !== undefined) return { target, error }
  const shares = rounds.map(({ share }) => share).filter((share) => share !== undefined)
  return {
    target,
    microseconds: median(rounds.map(({ microseconds }) => microseconds)),
    throughput: median(rounds.map(({ throughput }) => throughput)),
    share: median(shares),
    shareSpread: spread(shares),
    rounds,
  }
}
