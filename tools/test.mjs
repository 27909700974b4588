/**
 * `npm test`: every part in order, with its output as it comes. Ends with what failed, the time that each part took and
 * the line `N passed, N failed`, the sum over all parts: one per test, conformance scenario, check, example,
 * deliberate defect, kind of fault, fuzz run and simulation.
 *
 * Usage: `node tools/test.mjs [--only part,part]`.
 *
 * @module
 */
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { requirePrograms } from '../test/programs.mjs'
import { run } from './run.mjs'

/** @typedef {{ passed: number, failed: number, reasons?: readonly string[] }} Count */

/** What is enough for a fuzz run to count: the figure that the README gives. */
const FUZZ_REQUESTS = 200_000

/** How many mixtures of faults the simulation plays: the figure of docs/replicas.md. */
const SIMULATED_SEEDS = 20_000

/** The share of the faults that is tried, with a lease that is shorter than the default one. */
const FAULTS_SHARE = ['--share', '0.05', '--lease', '2000']

/** How much of one reason for a failure the summary shows; the whole of it stands in the output of its part. */
const REASON_CHARACTERS = 1_500

/** @type {Record<string, (quiet: boolean) => Promise<Count>>} */
const PARTS = {
  programs: () => requirePrograms().then(() => ({ passed: 1, failed: 0 })),
  build: () => one('npm', ['run', 'build', '--silent']),
  check: () => counting('tools/check.mjs'),
  unit: () => vitest('unit'),
  types: () => vitest('types'),
  integration: () => vitest('integration'),
  clients: () => vitest('clients'),
  spread: (quiet) => vitest('spread', ['--maxWorkers=2'], quiet),
  engines: (quiet) => vitest('engines', ['--maxWorkers=4'], quiet),
  cluster: () => vitest('cluster', ['--maxWorkers=4']),
  conformance: () => conformance(),
  fuzz: () => one(process.execPath, ['test/fuzz/run.mjs', '--requests', String(FUZZ_REQUESTS)]),
  simulation: () => one(process.execPath, ['test/simulation/run.mjs', '--seeds', String(SIMULATED_SEEDS)]),
  sabotage: () => counting('test/sabotage/run.mjs'),
  faults: () => counting('test/faults/run.mjs', FAULTS_SHARE),
  examples: () => counting('tools/examples.mjs'),
}

const { values } = parseArgs({ options: { only: { type: 'string' } } })
const names = values.only?.split(',') ?? Object.keys(PARTS)
const unknown = names.filter((name) => !Object.hasOwn(PARTS, name))
if (unknown.length > 0) {
  console.error(`Unknown part: ${unknown.join(', ')}. There are ${Object.keys(PARTS).join(', ')}.`)
  process.exit(2)
}

/** Parts that run at once: they spend most of their time waiting, for times to live, time-outs and processes that start. */
const TOGETHER = [
  ['integration', 'engines'],
  ['clients', 'spread'],
]

const rows = []
for (const group of groupsOf(names)) {
  const [first, ...others] = group
  const beside = others.map((name) => part(name, true))
  rows.push(await part(first, false), ...(await Promise.all(beside)))
}

for (const { name, reasons = [] } of rows) {
  for (const reason of reasons) console.log(`\n== failed in ${name}: ${reason.slice(0, REASON_CHARACTERS)}`)
}
console.log()
for (const { name, seconds, passed, failed } of rows) {
  console.log(`${name.padEnd(12)} ${seconds.toFixed(1).padStart(6)} s  ${passed} passed, ${failed} failed`)
}
const sum = (key) => rows.reduce((total, row) => total + row[key], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed`)
process.exitCode = sum('failed') === 0 ? 0 : 1

/** The parts that were asked for, in their order, those that run at once together. */
function groupsOf(asked) {
  const groups = []
  const taken = new Set()
  for (const name of asked) {
    if (taken.has(name)) continue
    const together = TOGETHER.find((group) => group.includes(name)) ?? [name]
    const group = together.filter((other) => asked.includes(other))
    for (const other of group) taken.add(other)
    groups.push(group)
  }
  return groups
}

/** @param {boolean} quiet its output comes when it has ended, because another one's is on the terminal meanwhile */
async function part(name, quiet) {
  if (!quiet) console.log(`\n== ${name}`)
  const begin = performance.now()
  const count = await PARTS[name](quiet).catch((thrown) => {
    console.error(thrown)
    return { passed: 0, failed: 1, reasons: [String(thrown)] }
  })
  return { name, seconds: (performance.now() - begin) / 1000, ...count }
}

/** A program that counts as one. */
async function one(command, args) {
  const { code, output } = await run(command, args)
  if (code === 0) return { passed: 1, failed: 0 }
  return { passed: 0, failed: 1, reasons: [output.slice(-REASON_CHARACTERS)] }
}

/** A tool that ends with the line `N passed, N failed` itself. */
async function counting(file, args = []) {
  const { code, output } = await run(process.execPath, [file, ...args])
  const [, passed, failed] = /^(\d+) passed, (\d+) failed$/m.exec(output) ?? []
  const reasons = output.split(/^(?=FAIL|ok |pass )/m).filter((text) => text.startsWith('FAIL'))
  return atLeast(code, output, { passed: Number(passed ?? 0), failed: Number(failed ?? 0), reasons })
}

async function conformance() {
  const { code, output } = await run(process.execPath, ['test/conformance/run.mjs'])
  const scenarios = output.split(/^ {2}(?=(?:pass|FAIL|open) {2})/m)
  const passed = scenarios.filter((text) => text.startsWith('pass')).length
  const reasons = scenarios.filter((text) => text.startsWith('FAIL'))
  return atLeast(code, output, { passed, failed: reasons.length, reasons })
}

/** One project of vitest.config.ts. A test that did not run counts as failed: there are none to skip. */
async function vitest(project, more = [], quiet = false) {
  const folder = await mkdtemp(join(tmpdir(), 'fairlead-test-'))
  try {
    const file = join(folder, 'report.json')
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const { code, output } = await run('vitest', ['run', '--project', project, ...more, ...reporters], { quiet })
    if (quiet) console.log(`\n== ${project}\n${output}`)
    const report = await readFile(file, 'utf8').then(JSON.parse, () => undefined)
    if (report === undefined) return atLeast(1, output, { passed: 0, failed: 1, reasons: [] })
    const { numPassedTests: passed, numTotalTests: all, testResults } = report
    // A file that could not be loaded has no tests to count.
    const broken = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
    )
    const reasons = [
      ...broken.map(({ name, message }) => `${name}\n${message}`),
      ...testResults.flatMap(({ name, assertionResults }) =>
        assertionResults
          .filter(({ status }) => status !== 'passed')
          .map(({ fullName, failureMessages }) => `${name}\n${fullName}\n${failureMessages?.join('\n') ?? ''}`),
      ),
    ]
    const count = { passed, failed: all - passed + broken.length + (all === 0 ? 1 : 0), reasons }
    return atLeast(code, output, count)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** An exit code says that something failed even where no line did. */
function atLeast(code, output, { passed, failed, reasons }) {
  if (code === 0 || failed > 0) return { passed, failed, reasons }
  return { passed, failed: 1, reasons: [output.slice(-REASON_CHARACTERS)] }
}
