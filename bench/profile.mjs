/**
 * Which functions of a target the time of a row goes to: `node bench/profile.mjs call-json [target] [seconds]`.
 *
 * The profiler runs inside the server and only while it is measured, after the warm-up. It makes an operation somewhat dearer,
 * so compare functions with each other, and targets by run.mjs.
 */
import { runAlone } from './lib/alone.mjs'
import { prepare } from './lib/install.mjs'
import { MeasuredTarget } from './lib/measured-target.mjs'
import { pinLoad } from './lib/pinning.mjs'
import { makeProgress } from './lib/progress.mjs'
import { table } from './lib/table.mjs'
import { cpuRows } from './rows/cpu-rows.mjs'
import { FAIRLEAD, targets } from './targets/index.mjs'

const WARM_UP_SECONDS = 3
const SHOWN = 40

const [rowName, targetName = FAIRLEAD, seconds = '4'] = process.argv.slice(2)
const row = cpuRows.find(({ name }) => name === rowName)
const target = targets.find(({ name }) => name === targetName)

if (row === undefined || target === undefined) {
  process.stderr.write(
    'Usage: node bench/profile.mjs <row> [target] [seconds]\n' +
      `  rows: ${cpuRows.map(({ name }) => name).join(', ')}\n  targets: ${targets.map(({ name }) => name).join(', ')}\n`,
  )
  process.exitCode = 2
} else {
  prepare()
  const progress = makeProgress()
  await runAlone((text) => progress.show(text))
  progress.clear()
  pinLoad()
  const running = await MeasuredTarget.start(row.definition, target)
  try {
    await running.load({ seconds: WARM_UP_SECONDS })
    await running.process.startProfile()
    const { operations } = await running.load({ seconds: Number(seconds) })
    const functions = await running.process.stopProfile()
    const lines = functions
      .slice(0, SHOWN)
      .map(({ name, place, microseconds }) => [name, (microseconds / operations).toFixed(2), place])
    process.stdout.write(`${row.name} on ${target.name}, ${operations} operations, self time in µs per operation\n`)
    process.stdout.write(`${table(['function', 'µs/op', 'place'], lines)}\n`)
  } finally {
    await running.stop()
  }
}
