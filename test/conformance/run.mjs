/**
 * Runs the official conformance suite against the everything server, on each adapter and on three replicas of which every
 * request reaches another one than the request before, and prints what passed.
 *
 * Usage: `node test/conformance/run.mjs [node] [fetch] [replicas] [--url URL]`. With `--url` a server that already runs is tested
 * instead. Exits with 1 when a scored scenario failed, or when a run gave fewer scenarios than it must have.
 *
 * @module
 */
import { startEverything } from '../everything/start.mjs'
import { startReplicas } from './replicas.mjs'
import { prepareSuite, runSuite } from './suite.mjs'

/**
 * The runs that the suite offers for the revisions served. `scored` is how many scored scenarios the pinned suite has
 * in each: a run that silently tests less is a failure too. The harness of the runs by `--spec-version` still
 * negotiates 2025-11-25; they validate against the older schemas. `test/clients` speaks the older revisions.
 */
const RUNS = [
  { title: 'requirements 2026-07-28', args: ['--requirements', '2026-07-28'], scored: 37, notScored: 13 },
  { title: 'requirements 2025-11-25', args: ['--requirements', '2025-11-25'], scored: 30, notScored: 3 },
  { title: 'spec version 2025-06-18', args: ['--spec-version', '2025-06-18'], scored: 27, notScored: 0 },
  { title: 'spec version 2025-03-26', args: ['--spec-version', '2025-03-26'], scored: 1, notScored: 0 },
]

const ADAPTERS = ['node', 'fetch', 'replicas']

/** What the two requirement sets have is in the older runs as well. */
const runsOf = (adapter) => (adapter === 'replicas' ? RUNS.filter(({ args }) => args[0] === '--requirements') : RUNS)

const { adapters, url } = readArguments(process.argv.slice(2))
const entry = await prepareSuite()
let broken = 0
const rows = []

for (const adapter of url ? ['url'] : adapters) {
  const server = await start(adapter)
  try {
    for (const run of runsOf(adapter)) {
      const outcome = await runSuite(entry, server.url, run.args)
      broken += report(adapter, run, outcome)
      rows.push(row(adapter, run, outcome))
    }
  } finally {
    await server.close()
  }
}

table(rows)
process.exitCode = broken === 0 ? 0 : 1

function start(adapter) {
  if (url) return { url, close: async () => {} }
  return adapter === 'replicas' ? startReplicas() : startEverything(adapter)
}

/** Prints every scenario of one run; returns how many reasons there are to fail. */
function report(adapter, run, { scenarios, exitCode, output }) {
  console.log(`\n${adapter}: ${run.title}`)
  for (const { name, passed, scored, failures, warnings } of scenarios) {
    const outcome = passed ? 'pass' : scored ? 'FAIL' : 'open'
    console.log(`  ${outcome}  ${name}${scored ? '' : ' (not scored)'}`)
    for (const sentence of failures) console.log(`          ${sentence}`)
    for (const sentence of warnings) console.log(`          warning: ${sentence}`)
  }
  const failed = scenarios.filter(({ scored, passed }) => scored && !passed).length
  const found = scenarios.filter(({ scored }) => scored).length
  const complete = found === run.scored && scenarios.length - found === run.notScored
  if (!complete)
    console.log(
      `  FAIL  expected ${run.scored} + ${run.notScored} scenarios, the suite ran ${found} + ${scenarios.length - found}`,
    )
  if (exitCode !== 0 && failed === 0) console.log(`  FAIL  the suite ended with ${exitCode}\n${output.slice(-2000)}`)
  return failed + (complete ? 0 : 1) + (exitCode === 0 ? 0 : 1)
}

function row(adapter, run, { scenarios, seconds }) {
  const count = (scored) => {
    const chosen = scenarios.filter((scenario) => scenario.scored === scored)
    return `${chosen.filter(({ passed }) => passed).length}/${chosen.length}`
  }
  return [adapter, run.title, count(true), count(false), seconds.toFixed(1)]
}

function table(lines) {
  const head = ['adapter', 'run', 'scored', 'not scored', 'seconds']
  const all = [head, ...lines]
  const widths = head.map((_, column) => Math.max(...all.map((line) => line[column].length)))
  console.log()
  for (const line of all) console.log(line.map((cell, column) => cell.padEnd(widths[column])).join('  '))
}

function readArguments(args) {
  const at = args.indexOf('--url')
  if (at >= 0) return { adapters: [], url: args[at + 1] }
  const unknown = args.filter((name) => !ADAPTERS.includes(name))
  if (unknown.length > 0) {
    console.error(`Unknown adapter: ${unknown.join(', ')}. There are ${ADAPTERS.join(' and ')}.`)
    process.exit(2)
  }
  return { adapters: args.length > 0 ? args : ADAPTERS }
}
