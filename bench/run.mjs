/**
 * The benchmark: Fairlead beside bare `node:http` and beside other servers, in one run. See README.md in this folder.
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { runAlone } from './lib/alone.mjs'
import { prepare } from './lib/install.mjs'
import { readOptions } from './lib/options.mjs'
import { pinLoad } from './lib/pinning.mjs'
import { makeProgress } from './lib/progress.mjs'
import { rowText } from './lib/table.mjs'
import { rows } from './rows/index.mjs'
import { FAIRLEAD, targets } from './targets/index.mjs'

const progress = makeProgress()

/** Bounds are for Fairlead: without it among the targets there is nothing to judge. */
function judged(options) {
  return options.targets === undefined || options.targets.includes(FAIRLEAD)
}

async function measure(row, options, results) {
  const entries = await row.measure(options, (text) => progress.show(text))
  progress.clear()
  results.set(row.name, entries)
  const bounds = judged(options) ? row.bounds(entries, results) : []
  process.stdout.write(`${rowText(row, entries, bounds)}\n`)
  return { name: row.name, title: row.title, entries, bounds }
}

/** Measures rows with a missed bound once more: noise seldom strikes twice, a regression always does. */
async function measureAgain(first, options, results) {
  const repeated = []
  for (const { name, bounds } of first) {
    const missed = bounds.filter(({ met }) => !met).map((bound) => bound.name)
    if (missed.length === 0) continue
    process.stdout.write(`once more, because a bound was missed:\n`)
    const again = await measure(
      rows.find((row) => row.name === name),
      options,
      results,
    )
    repeated.push({ ...again, missedTwice: again.bounds.filter((bound) => !bound.met && missed.includes(bound.name)) })
  }
  return repeated
}

function closing(first, repeated) {
  const all = first.flatMap(({ bounds }) => bounds)
  const missed = first.flatMap(({ name, bounds }) =>
    bounds.filter(({ met }) => !met).map(({ text }) => `${name}: ${text}`),
  )
  const twice = repeated.flatMap(({ name, missedTwice }) => missedTwice.map(({ text }) => `${name}: ${text}`))
  const lines = [`${all.length - missed.length} of ${all.length} bounds met`]
  if (missed.length > 0) lines.push('missed:', ...missed.map((text) => `  ${text}`))
  if (twice.length > 0) lines.push('missed twice:', ...twice.map((text) => `  ${text}`))
  return { text: `${lines.join('\n')}\n`, twice: twice.length }
}

async function main() {
  const options = readOptions(
    rows.map(({ name }) => name),
    targets.map(({ name }) => name),
  )
  if (options.help !== undefined) return process.stdout.write(options.help)
  if (options.list) {
    for (const { name, title } of rows) process.stdout.write(`${name.padEnd(18)} ${title}\n`)
    return process.stdout.write(`targets: ${targets.map(({ name }) => name).join(', ')}\n`)
  }
  prepare()
  await runAlone((text) => progress.show(text))
  const startedAt = performance.now()
  process.stdout.write(`Node ${process.version}, ${cpus()[0].model.trim()}, ${pinLoad()}\n\n`)

  const results = new Map()
  const measured = []
  for (const row of rows) {
    if (options.only === undefined || options.only.includes(row.name))
      measured.push(await measure(row, options, results))
  }
  const repeated = options.check ? await measureAgain(measured, options, results) : []

  const end = closing(measured, repeated)
  if (judged(options)) process.stdout.write(end.text)
  process.stdout.write(`took ${Math.round((performance.now() - startedAt) / 1000)} s\n`)
  if (options.json !== undefined) {
    const report = { date: new Date().toISOString(), node: process.version, options, rows: measured, repeated }
    writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`)
  }
  if (options.check && end.twice > 0) process.exitCode = 1
}

try {
  await main()
} catch (error) {
  progress.clear()
  process.stderr.write(`${error.message}\n`)
  process.exitCode = 2
}
